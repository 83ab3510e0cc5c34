// docs/attestations.md: validators that attest what they have not executed, or what is not so.
import type { Abi } from 'viem';
import { startValidator, type Validator } from '../../../challenger/main.ts';
import { DEVNET_CONFIG } from '../../../contracts/config.ts';
import { createOracles, type Oracles } from '../../../dispute/oracles.ts';
import { createOneStepVerifier } from '../../../dispute/osp.ts';
import type { TraceOracle } from '../../../dispute/play.ts';
import { takeSampleSeat } from '../../../dispute/sample-seat.ts';
import { commitmentOf, sampleMachines } from '../../../dispute/samples.ts';
import { createTraces, type ThreadTrace } from '../../../dispute/trace/traces.ts';
import type { AssertionRecord } from '../../../node/l1/mirror.ts';
import { attestationsAbi, samplesAbi } from '../../../protocol/generated/abi.ts';
import type { Hex } from '../../../protocol/hex.ts';
import type { Message } from '../../../protocol/messages.ts';
import { keccakHex } from '../../../protocol/tree.ts';
import { createDomain, TYPES } from '../../../protocol/typed-data.ts';
import { type Executor, startExecutor } from '../../../prover/main.ts';
import { createLogger } from '../../../service/process/log.ts';
import { createRunMessages } from '../../network/chain.fixture.ts';
import {
  EXECUTOR,
  keyOf,
  LIAR,
  startTestNetwork,
  type TestNetwork,
  until,
  VALIDATOR,
} from '../../network/network.fixture.ts';
import { type Actor, type Call, createActor, MIZU } from './actors.ts';
import { type AttackRow, playAttack } from './attack.ts';
import { party } from './parts.ts';

/** Everybody is drawn, and an assertion can be attested for a minute. */
const TIMES = { sampleOdds: 1n, windowSeconds: 60, unbondingSeconds: 3_000 };
const STAKE = 1_000n * MIZU;
/** From here on the liar's machine is another one; every sample lies behind it. */
const LIE_POSITION = 1_000n;
const UNKNOWN: Hex = `0x${'c0'.repeat(32)}`;
const NO_OP: Message = { kind: 'Expire', run: UNKNOWN };
const POLICY = { intervalSeconds: 0 };
const log = () => createLogger('lies', process.env.MIZU_LOG ?? 'silent');

type World = {
  readonly network: TestNetwork;
  readonly validator: Validator;
  executor: Executor;
  readonly attestations: Call;
  readonly samples: Call;
  /** A validator with this stake, and no process. */
  attester(): Promise<Actor>;
  /** An assertion about a new batch, that two thirds of the stake have attested. */
  attested(): Promise<AssertionRecord>;
};

export async function* playAttestations(): AsyncGenerator<AttackRow, undefined> {
  const network = await startTestNetwork(TIMES);
  let world: World | undefined;
  try {
    world = await openWorld(network);
    yield await cannotOpen(world);
    yield await opensOthers(world);
    yield await attestsLie(world);
    return undefined;
  } finally {
    await world?.validator.close();
    await world?.executor.close();
    await network.close();
  }
}

const startHonest = (network: TestNetwork) =>
  startExecutor({ ...network.config('executor'), key: keyOf(2), policy: POLICY, log: log() });

async function openWorld(network: TestNetwork): Promise<World> {
  const { addresses } = network.deployment;
  const executor = await startHonest(network);
  const validator = await startValidator({ ...network.config('validator'), key: keyOf(4), relays: [], log: log() });
  const { mirror } = validator.node;
  await network.deposit(MIZU);
  const { messages } = await createRunMessages(network.author, 2, 0n, network.author);
  // One batch for each assertion.
  const rest = [...messages];
  return {
    ...{ network, validator, executor },
    attestations: { address: addresses.attestations, abi: attestationsAbi as Abi },
    samples: { address: addresses.samples, abi: samplesAbi as Abi },
    async attester() {
      const actor = await createActor(network, 0n, []);
      await network.stake(actor.address, 'validator', STAKE);
      return actor;
    },
    async attested() {
      const { assertions } = await mirror.head();
      await network.postBatch(rest.splice(0, 2));
      return until('an attested assertion', async () => {
        for await (const assertion of mirror.assertions(assertions)) {
          const isAttested = (await mirror.attestations(assertion.id))?.attested !== undefined;
          if (isAttested && assertion.post.batch >= validator.node.execution.batches()) return assertion;
        }
        return undefined;
      });
    },
  };
}

/** The attester's signature under what it has committed to, on L1. */
async function record({ network, attestations }: World, by: Actor, assertion: Hex, commitment: Hex): Promise<void> {
  const domain = createDomain(network.deployment.chainId, attestations.address);
  const message = { assertion, commitment };
  const signature = await by.account.signTypedData({ domain, types: TYPES, primaryType: 'Attestation', message });
  await by.send(attestations, 'record', [assertion, [{ commitment, signature }]]);
}

async function askedOf({ validator }: World, attester: Actor): Promise<void> {
  const isAsked = async () =>
    (await validator.node.mirror.askedQuestions()).some((question) => question.attester === attester.address);
  await until('a question', async () => (await isAsked()) || undefined);
}

/** It signs what others have, with a commitment to nothing. */
async function cannotOpen(world: World): Promise<AttackRow> {
  const attester = await world.attester();
  const { id } = await world.attested();
  const { questions } = world.validator.fight!.sampling!;
  return playAttack(world.network, {
    name: 'a validator attests without running anything, and cannot open its samples',
    attackers: [party('attester', 'loses', [attester])],
    others: [party('validator', 'gains', [VALIDATOR])],
    outcome: 'expired',
    play: async () => {
      await record(world, attester, id, UNKNOWN);
      await askedOf(world, attester);
      await world.network.clock.advance(DEVNET_CONFIG.sampleOpenSeconds);
      await until('the penalty', () => questions.expired > 0 || undefined);
      return 'expired';
    },
  });
}

function lyingFrom(position: bigint, own: TraceOracle): TraceOracle {
  return {
    prove: own.prove,
    hashesAt: async (positions) =>
      (await own.hashesAt(positions)).map((hash, i) =>
        (positions[i] as bigint) < position ? hash : keccakHex(new TextEncoder().encode(`not ${hash}`)),
      ),
  };
}

/** It opens other machines than the true ones, and plays for them until it would have to prove an instruction. */
async function opensOthers(world: World): Promise<AttackRow> {
  const { network, samples, validator, executor } = world;
  const { node } = executor;
  const attester = await world.attester();
  const assertion = await world.attested();
  const traces = createTraces(1);
  const oracles = createOracles(node, traces);
  const lying: Oracles = {
    async of(about, step) {
      const own = await oracles.of(about, step);
      return own === undefined ? undefined : ({ ...own, ...lyingFrom(LIE_POSITION, own) } as ThreadTrace);
    },
  };
  const player = takeSampleSeat({
    ...{ node, contracts: network.deployment.addresses, sender: attester.sender, side: 'asserter', log: log() },
    seat: { oracles, verifier: await createOneStepVerifier() },
    told: (own) => lyingFrom(LIE_POSITION, own),
  });
  const { attack } = validator.fight!.sampling!;
  const isLost = () => player.counts.lost > 0 || undefined;
  try {
    return await playAttack(network, {
      name: 'a validator attests without running anything, and opens other machines',
      attackers: [party('attester', 'loses', [attester])],
      others: [party('validator', 'gains', [VALIDATOR])],
      outcome: 'refuted',
      play: async () => {
        const machines = (await sampleMachines(lying, assertion, attester.address))!;
        await record(world, attester, assertion.id, commitmentOf(assertion.id, attester.address, machines));
        await askedOf(world, attester);
        await attester.send(samples, 'open', [assertion.id, attester.address, machines]);
        await until('the end of what it can say', async () => {
          await player.playNext(await network.clock.now());
          return isLost();
        });
        await network.clock.advance(DEVNET_CONFIG.clockSeconds);
        await until('the verdict', () => attack.timeouts > 0 || undefined);
        await until('no game', async () => (await node.mirror.openSampleGames()).length === 0 || undefined);
        return 'refuted';
      },
    });
  } finally {
    await player.idle();
    await traces.close();
  }
}

/** An executor asserts a wrong state, and a validator says that it agrees. The honest ones are a second later. */
async function attestsLie(world: World): Promise<AttackRow> {
  const { network, validator } = world;
  const attester = await world.attester();
  const { mirror } = validator.node;
  const { prosecution } = validator.fight!.attesting!;
  await world.executor.close();
  const stepList = (steps: Uint8Array) => steps.map((byte, i) => (i === 128 ? byte ^ 1 : byte));
  const lies = async () => (await mirror.head()).assertions;
  const before = await lies();
  const assertionAt = async (place: bigint) => {
    for await (const assertion of mirror.assertions(place)) return assertion;
    return undefined;
  };
  return playAttack(network, {
    name: 'a validator attests a lie of an executor',
    attackers: [party('executor that lies', 'loses', [LIAR]), party('attester', 'loses', [attester])],
    others: [party('validator', 'gains', [VALIDATOR]), party('honest executor', 'keeps', [EXECUTOR])],
    outcome: 'rejected; proven',
    play: async () => {
      await network.postBatch([NO_OP]);
      const liar = await startExecutor(
        { ...network.config('liar'), key: keyOf(5), policy: POLICY, log: log() },
        { stepList },
      );
      await network.clock.passUntil('the lie', async () => (await lies()) > before);
      const { id } = (await assertionAt(before))!;
      await liar.close();
      await record(world, attester, id, UNKNOWN);
      await until('the evidence', () => prosecution.found > 0 || undefined);
      await until('a game', () => validator.fight!.attack.opened > 0 || undefined);
      world.executor = await startHonest(network);
      await until('the truth', async () => (await lies()) > before + 1n || undefined);
      await network.clock.advance(DEVNET_CONFIG.clockSeconds + 1);
      const { status } = await until('the end of the lie', async () => {
        const assertion = await assertionAt(before);
        return assertion?.status === 'pending' ? undefined : assertion;
      });
      await network.clock.advance(TIMES.windowSeconds);
      await until('the proof', () => prosecution.proven > 0 || undefined);
      return `${status}; proven`;
    },
  });
}
