// docs/attestations.md#asking: a validator that is killed after each of its steps asks, answers, refutes and defends.
import { type Abi, decodeFunctionData } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DEVNET_CONFIG } from '../../contracts/config.ts';
import type { Oracles } from '../../dispute/oracles.ts';
import { createOracles } from '../../dispute/oracles.ts';
import { createOneStepVerifier } from '../../dispute/osp.ts';
import type { TraceOracle } from '../../dispute/play.ts';
import { takeSampleSeat } from '../../dispute/sample-seat.ts';
import { commitmentOf, drawSamples, sampleMachines } from '../../dispute/samples.ts';
import { createTraces, type ThreadTrace } from '../../dispute/trace/traces.ts';
import { attestationsAbi, mizuTokenAbi, samplesAbi, stakeManagerAbi } from '../../protocol/generated/abi.ts';
import { QUESTION_STATUS } from '../../protocol/generated/enums.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import { ROLE } from '../../protocol/roles.ts';
import { keccakHex } from '../../protocol/tree.ts';
import { createDomain, TYPES } from '../../protocol/typed-data.ts';
import { type Executor, startExecutor } from '../../prover/main.ts';
import { withAccount } from '../../service/l1/l1.ts';
import { createSender } from '../../service/l1/send.ts';
import { createLogger } from '../../service/process/log.ts';
import { createRunMessages } from '../../test/network/chain.fixture.ts';
import { keyOf, startTestNetwork, type TestNetwork, until, VALIDATOR } from '../../test/network/network.fixture.ts';
import { createProcess, type TestProcess } from '../../test/network/process.fixture.ts';
import { createCaller } from '../caller.ts';
import { createRefuter } from './refuter.ts';

const SCRIPT = new URL('../../test/network/validator-process.fixture.ts', import.meta.url);
const MIZU = 10n ** 18n;
const STAKE = 1_000n * MIZU;
const [LIAR_KEY, SILENT_KEY] = [keyOf(10), keyOf(11)];
const log = createLogger('test', process.env.MIZU_LOG ?? 'silent');
const addressOf = (key: Hex) => privateKeyToAccount(key).address.toLowerCase() as Address;
const [LIAR, SILENT] = [addressOf(LIAR_KEY), addressOf(SILENT_KEY)];
const SELF = VALIDATOR.address.toLowerCase() as Address;

let network: TestNetwork;
let executor: Executor;
let child: TestProcess | undefined;
const traces = createTraces(1);

beforeAll(async () => {
  network = await startTestNetwork({ sampleOdds: 1n });
  for (const account of [LIAR, SILENT]) await network.stake(account, 'validator', STAKE);
});

afterAll(async () => {
  await child?.kill('SIGTERM');
  await traces.close();
  await executor?.close();
  await network?.close();
});

/** True before a position of each trace, another machine from there on. */
function lyingFrom(position: bigint, own: TraceOracle): TraceOracle {
  return {
    prove: own.prove,
    hashesAt: async (positions) =>
      (await own.hashesAt(positions)).map((hash, i) =>
        positions[i]! < position ? hash : keccakHex(new TextEncoder().encode(`not ${hash}`)),
      ),
  };
}

test('killed after each of its steps it goes on, and sends nothing twice', async () => {
  const { addresses, chainId } = network.deployment;
  executor = await startExecutor({ ...network.config('executor'), key: keyOf(2), policy: { intervalSeconds: 0 }, log });
  const { node } = executor;
  const { mirror } = node;
  const attestations = { address: addresses.attestations, abi: attestationsAbi as Abi };
  const samples = { address: addresses.samples, abi: samplesAbi } as const;
  const sender = createSender(withAccount(network.l1, LIAR_KEY));
  const stakeOf = (account: Address) =>
    network.l1.client.readContract({
      address: addresses.stakeManager,
      abi: stakeManagerAbi,
      functionName: 'activeOf',
      args: [account, ROLE.validator],
    });
  child = createProcess(SCRIPT, network.config('validator'), { key: keyOf(4) });
  child.start();
  const restart = async () => {
    await child?.kill('SIGKILL');
    child?.start();
  };

  await network.deposit(MIZU);
  const { messages } = await createRunMessages(network.author, 1, 0n, network.author);
  await network.postBatch(messages);
  const assertion = await until('an assertion', async () => (await mirror.pending()).at(-1));
  await until('two thirds', async () => (await mirror.attestations(assertion.id))?.attested);

  // Two more attest: one lies about its machines, and nobody will ever know those of the other.
  const oracles = createOracles(node, traces);
  const honest: Oracles = oracles;
  const false_: Oracles = {
    async of(about, step) {
      const own = await oracles.of(about, step);
      return own === undefined ? undefined : ({ ...own, ...lyingFrom(1_000n, own) } as ThreadTrace);
    },
  };
  const machines = (await sampleMachines(false_, assertion, LIAR))!;
  const sign = async (key: Hex, commitment: Hex) => {
    const domain = createDomain(chainId, addresses.attestations);
    const typed = {
      domain,
      types: TYPES,
      primaryType: 'Attestation',
      message: { assertion: assertion.id, commitment },
    } as const;
    return { commitment, signature: await privateKeyToAccount(key).signTypedData(typed) };
  };
  const unknown = keccakHex(Uint8Array.of(1));
  const more = [
    { by: LIAR, signed: await sign(LIAR_KEY, commitmentOf(assertion.id, LIAR, machines)) },
    { by: SILENT, signed: await sign(SILENT_KEY, unknown) },
  ].sort((a, b) => (a.by < b.by ? -1 : 1));
  const list = more.map(({ signed }) => signed);
  await sender.sendAndWait({ ...attestations, functionName: 'record', args: [assertion.id, list] });
  const isAsked = async (attester: Address) =>
    (await mirror.askedQuestions()).find((question) => question.attester === attester);
  await until('a question to each', async () => (await isAsked(LIAR)) && (await isAsked(SILENT)));
  await restart();

  // The liar opens what it has signed, and plays on; so it does against the validator's true machines.
  const call = { address: addresses.samples, abi: samplesAbi as Abi };
  await sender.sendAndWait({ ...call, functionName: 'open', args: [assertion.id, LIAR, machines] });
  const seat = { oracles: honest, verifier: await createOneStepVerifier() };
  const liarsSeat = (side: 'challenger' | 'asserter') =>
    takeSampleSeat({
      node,
      contracts: addresses,
      sender,
      side,
      seat,
      log,
      told: (own) => lyingFrom(1_000n, own),
    });
  const players = [liarsSeat('asserter'), liarsSeat('challenger')];
  const caller = createCaller({ l1: network.l1, token: addresses.token, sender, log });
  const bondWei = DEVNET_CONFIG.sampleBondWei;
  const refuter = createRefuter({ node, samples: addresses.samples, caller, oracles: false_, log, bondWei });
  const mint = { address: addresses.token, abi: mizuTokenAbi as Abi, functionName: 'mint', args: [LIAR, bondWei] };
  await createSender(withAccount(network.l1, keyOf(0))).sendAndWait(mint);

  const { transactions } = (await mirror.attestations(assertion.id))!;
  const { input } = await network.l1.client.getTransaction({ hash: transactions[0]! });
  const { args } = decodeFunctionData({ abi: attestationsAbi, data: input });
  const own = (args as readonly [Hex, readonly { commitment: Hex; signature: Hex }[]])[1][0]!;
  const asked = [assertion.id, SELF, own.commitment, own.signature];
  await sender.sendAndWait({ ...call, functionName: 'ask', args: asked });
  const now = () => network.clock.now();
  await until('an answer', async () =>
    (await mirror.challengeable(await now())).find(({ attester }) => attester === SELF),
  );
  await restart();
  await until('a game about each', async () => {
    await refuter.refuteNext(await now());
    return (await mirror.openSampleGames()).length === 2;
  });

  const gameOf = async (attester: Address) =>
    (await mirror.openSampleGames()).find((game) => game.attester === attester);
  for (const lists of [3, 5]) {
    await until(`list ${lists} of the validator's game`, async () => {
      for (const player of players) await player.playNext(await now());
      return ((await gameOf(LIAR))?.lists ?? 0) >= lists;
    });
    await restart();
  }
  await until('the end of the game against it', async () => {
    for (const player of players) await player.playNext(await now());
    return (await gameOf(SELF)) === undefined;
  });
  // Against a true list there is nothing to prove, and nothing to say for who has signed what it does not know.
  await network.clock.advance(Math.max(DEVNET_CONFIG.clockSeconds, DEVNET_CONFIG.sampleOpenSeconds));
  await until('both penalties', async () => (await stakeOf(LIAR)) < STAKE && (await stakeOf(SILENT)) < STAKE);

  expect(await stakeOf(LIAR)).toBe(STAKE - DEVNET_CONFIG.samplePenaltyWei);
  expect(await stakeOf(SILENT)).toBe(STAKE - DEVNET_CONFIG.silentPenaltyWei);
  expect(await stakeOf(SELF)).toBe(10n * STAKE);
  const forfeited = await network.l1.client.getContractEvents({
    ...samples,
    eventName: 'BondForfeited',
    fromBlock: 0n,
  });
  expect(forfeited.map(({ args: { winner } }) => winner?.toLowerCase())).toEqual([SELF]);
  const standings = await Promise.all(
    (await network.l1.client.getContractEvents({ ...samples, eventName: 'SamplesAsked', fromBlock: 0n })).map(
      async ({ args: { question, attester } }) => {
        const read = { ...samples, functionName: 'standingOf', args: [question!] } as const;
        return [attester?.toLowerCase(), (await network.l1.client.readContract(read)).status] as const;
      },
    ),
  );
  expect(Object.fromEntries(standings)).toEqual({
    [LIAR]: QUESTION_STATUS.refuted,
    [SILENT]: QUESTION_STATUS.expired,
    [SELF]: QUESTION_STATUS.opened,
  });
  // Its record, two questions, an answer, allowance, challenge, lists 3 and 5; lists 2 and 4 and the proof against the
  // fake; timeout, expiry. Withdrawals and rewards come after, and perhaps between.
  const sent = await network.l1.client.getTransactionCount({ address: VALIDATOR.address });
  expect(sent).toBeGreaterThanOrEqual(13);
  expect(sent).toBeLessThanOrEqual(18);
  expect(drawSamples(assertion.id, LIAR, assertion.stepCount).every(({ position }) => position >= 1_000n)).toBe(true);
});
