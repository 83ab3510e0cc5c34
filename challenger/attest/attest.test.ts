// docs/attestations.md
import { privateKeyToAccount } from 'viem/accounts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AssertionRecord } from '../../node/l1/mirror.ts';
import { attestationsAbi, stakeManagerAbi } from '../../protocol/generated/abi.ts';
import { type Address, bytesToHex, type Hex } from '../../protocol/hex.ts';
import { encodeMessage } from '../../protocol/messages.ts';
import { ROLE } from '../../protocol/roles.ts';
import { createDomain, TYPES } from '../../protocol/typed-data.ts';
import { type Executor, startExecutor } from '../../prover/main.ts';
import type { Sequencer } from '../../sequencer/main.ts';
import { createRpcClient } from '../../service/http/client.ts';
import { withAccount } from '../../service/l1/l1.ts';
import { createSender } from '../../service/l1/send.ts';
import { createLogger } from '../../service/process/log.ts';
import { createRunMessages } from '../../test/network/chain.fixture.ts';
import { keyOf, startTestNetwork, type TestNetwork, until } from '../../test/network/network.fixture.ts';
import { startTestSequencer } from '../../test/network/sequencer.fixture.ts';
import { startValidator, type Validator } from '../main.ts';

const STAKE = 10_000n * 10n ** 18n;
const WINDOW = 60;
/** The network's own validator, and two more. */
const KEYS = [keyOf(4), keyOf(10), keyOf(11)];
const ATTESTERS = KEYS.map((key) => privateKeyToAccount(key).address.toLowerCase() as Address);
const log = createLogger('test', process.env.MIZU_LOG ?? 'silent');
const POLICY = { intervalSeconds: 0 };

let network: TestNetwork;
let sequencer: Sequencer;
let executor: Executor;
let validators: Validator[];

beforeAll(async () => {
  network = await startTestNetwork({ windowSeconds: WINDOW, unbondingSeconds: 3_000 });
  for (const attester of ATTESTERS.slice(1)) await network.stake(attester, 'validator', STAKE);
  sequencer = await startTestSequencer(network);
  validators = await Promise.all(KEYS.map((key, i) => startOne(`validator-${i}`, key)));
  executor = await startExecutor({ ...network.config('executor'), key: keyOf(2), policy: POLICY, payoutWei: 0n, log });
});

afterAll(async () => {
  await Promise.all((validators ?? []).map((validator) => validator.close()));
  await executor?.close();
  await sequencer?.close();
  await network?.close();
});

const startOne = (name: string, key: Hex) =>
  startValidator({ ...network.config(name), key, relays: [sequencer.url], payoutWei: 1n, log });
const countsOf = ({ fight }: Validator) => fight!.attesting!.attest;
const contract = () => ({ address: network.deployment.addresses.attestations, abi: attestationsAbi }) as const;
const recordOf = (id: Hex) => network.l1.client.readContract({ ...contract(), functionName: 'recordOf', args: [id] });
const isAttested = (id: Hex) =>
  network.l1.client.readContract({ ...contract(), functionName: 'isAttested', args: [id] });
const rpc = (method: string, params: unknown[] = []) => createRpcClient(sequencer.url)(method, params);

async function attest(key: Hex, assertion: Hex) {
  const domain = createDomain(network.deployment.chainId, network.deployment.addresses.attestations);
  const message = { assertion, commitment: `0x${'c0'.repeat(32)}` } as const;
  const typed = { domain, types: TYPES, primaryType: 'Attestation', message } as const;
  return { ...message, signature: await privateKeyToAccount(key).signTypedData(typed) };
}

const assertionAt = (place: bigint): Promise<AssertionRecord> =>
  until(`assertion ${place}`, async () => {
    for await (const assertion of validators[0]!.node.mirror.assertions(place)) return assertion;
    return undefined;
  });

test('two thirds of the stake attest before anything is confirmed, and the RPC says so', async () => {
  await network.deposit(10n ** 18n);
  const { id, post } = await assertionAt(1n);
  await until('two thirds on L1', () => isAttested(id));
  type View = { id: Hex; status: string; attested: { totalWeight: string; attesters: number } | null };
  const view = await until('the RPC knows', async () => {
    const views = (await rpc('mizu_getAssertions', [{}])) as View[];
    return views.find((one) => one.id === id && one.attested !== null);
  });
  expect(view.status).toBe('pending');
  expect(view.attested).toMatchObject({ totalWeight: String(3n * STAKE) });
  expect(view.attested?.attesters).toBeGreaterThanOrEqual(2);
  expect(await rpc('mizu_chain')).toMatchObject({
    attested: { batch: Number(post.batch), assertion: id },
    confirmed: { batch: 0 },
  });
  await until('all have signed', () => validators.every((one) => countsOf(one).signed >= 1));
  // Signed is what lies in the store: whoever is started again signs nothing else.
  await validators[2]?.close();
  validators[2] = await startOne('validator-2', KEYS[2]!);
  await network.clock.advance(WINDOW / 2);
  await until('who was late is recorded', async () => (await recordOf(id)).weight === 3n * STAKE);
  expect(countsOf(validators[2]!).signed).toBe(0);
});

test('a relay takes an attestation of a pending assertion by a validator, and nothing else', async () => {
  await expect(rpc('mizu_sendAttestation', [await attest(keyOf(12), `0x${'ab'.repeat(32)}`)])).rejects.toMatchObject({
    code: 'attestation/not-pending',
  });
  const { id } = await assertionAt(1n);
  await expect(rpc('mizu_sendAttestation', [await attest(keyOf(12), id)])).rejects.toMatchObject({
    code: 'attestation/not-validator',
  });
  const good = await attest(KEYS[0]!, id);
  await expect(rpc('mizu_sendAttestation', [{ ...good, signature: '0x12' }])).rejects.toThrow();
  // The first that came stays: no list grows by one signer.
  await rpc('mizu_sendAttestation', [good]);
  expect(await rpc('mizu_getAttestations', [id])).toHaveLength(3);
});

test('those who have attested share the fees by stake', async () => {
  const { messages } = await createRunMessages(network.author, 2, 0n, network.author);
  for (const message of messages.slice(0, 2)) await rpc('mizu_sendMessage', [bytesToHex(encodeMessage(message))]);
  const collected = () => validators.map((one) => countsOf(one).collectedWei);
  // Several assertions may be pending: half of a window passes only when each is attested, and by all who were late if half
  // of its own is over.
  const isRecorded = async ({ id }: AssertionRecord) => {
    if (!(await isAttested(id))) return false;
    const { weight, time } = await recordOf(id);
    return weight === 3n * STAKE || (await network.clock.now()) <= BigInt(time) + BigInt(WINDOW / 2);
  };
  while (collected().some((wei) => wei === 0n)) {
    await until('what is pending is recorded', async () => {
      if (collected().every((wei) => wei > 0n)) return true;
      const pending = await validators[0]!.node.mirror.pending();
      return pending.length > 0 && (await Promise.all(pending.map(isRecorded))).every(Boolean);
    });
    await network.clock.advance(WINDOW / 2);
  }
  const [first, ...others] = collected();
  expect(others).toEqual([first, first]);
  expect(first).toBeGreaterThan(0n);
});

test('who attests a lie is slashed as soon as the truth is confirmed', async () => {
  await Promise.all([executor.close(), ...validators.slice(1).map((one) => one.close())]);
  validators.splice(1);
  const lie = (steps: Uint8Array) => {
    const changed = steps.slice();
    changed[128] = (steps[128] as number) ^ 1;
    return changed;
  };
  const head = () => validators[0]!.node.mirror.head();
  const place = (await head()).assertions;
  await network.deposit(1n);
  const liar = await startExecutor(
    { ...network.config('liar'), key: keyOf(5), policy: POLICY, log },
    { stepList: lie },
  );
  // It is the honest one's turn, who is gone.
  await network.clock.passUntil("the liar's assertion", async () => (await head()).assertions > place);
  const { id } = await assertionAt(place);
  await liar.close();
  // Two of three say that they agree, so it is attested.
  await rpc('mizu_sendAttestation', [await attest(KEYS[1]!, id)]);
  const sender = createSender(withAccount(network.l1, keyOf(12)));
  const [commitment, signatures] = [`0x${'c0'.repeat(32)}`, [await attest(KEYS[1]!, id), await attest(KEYS[2]!, id)]];
  const ascending = signatures
    .map(({ signature }, i) => ({ signature, signer: ATTESTERS[i + 1]! }))
    .sort((a, b) => (a.signer < b.signer ? -1 : 1));
  await sender.sendAndWait({
    ...contract(),
    functionName: 'record',
    args: [id, ascending.map(({ signature }) => ({ commitment, signature }))],
  } as never);
  expect(await isAttested(id)).toBe(true);
  const prosecution = validators[0]!.fight!.attesting!.prosecution;
  await until('both are known', () => prosecution.found === 2);
  await until('a game about the lie', () => validators[0]!.fight!.attack.opened === 1);
  executor = await startExecutor({ ...network.config('executor'), key: keyOf(2), policy: POLICY, log });
  await until('the truth is asserted', async () => (await head()).assertions > place + 1n);
  await network.clock.advance(800);
  await until('the lie is rejected', async () => (await assertionAt(place)).status === 'rejected');
  await network.clock.advance(WINDOW);
  await until('both are slashed', () => prosecution.proven === 2);
  const activeOf = (account: Address) =>
    network.l1.client.readContract({
      address: network.deployment.addresses.stakeManager,
      abi: stakeManagerAbi,
      functionName: 'activeOf',
      args: [account, ROLE.validator],
    });
  expect(await Promise.all(ATTESTERS.map(activeOf))).toEqual([STAKE, STAKE / 2n, STAKE / 2n]);
});
