// docs/contracts.md#turns: several sequencers beside each other, each in its turns.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inboxAbi, mizuTokenAbi, stakeManagerAbi } from '../../protocol/generated/abi.ts';
import { bytesToHex, type Hex } from '../../protocol/hex.ts';
import { encodeMessage } from '../../protocol/messages.ts';
import { ROLE } from '../../protocol/roles.ts';
import { createRpcClient } from '../../service/http/client.ts';
import { withAccount } from '../../service/l1/l1.ts';
import { createSender } from '../../service/l1/send.ts';
import { createLogger } from '../../service/process/log.ts';
import {
  keyOf,
  OWNER,
  SEQUENCER,
  startTestNetwork,
  type TestNetwork,
  USER,
  until,
} from '../../test/network/network.fixture.ts';
import { type Sequencer, startSequencer } from '../main.ts';

const STAKE = 1_000n * 10n ** 18n;
const SLOT = 12;
const ROUND = 64 * SLOT;
const OTHER = keyOf(0);

let network: TestNetwork;
let sequencers: Sequencer[] = [];
const log = createLogger('sequencer', process.env.MIZU_LOG ?? 'silent');
const rpc = <T>(by: number, method: string, ...params: unknown[]) =>
  createRpcClient(sequencers[by]!.url)(method, params) as Promise<T>;

beforeAll(async () => {
  network = await startTestNetwork();
  const { token, stakeManager, inbox } = network.deployment.addresses;
  const owner = createSender(withAccount(network.l1, OTHER));
  await owner.sendAndWait({ address: token, abi: mizuTokenAbi, functionName: 'mint', args: [OWNER.address, STAKE] });
  await owner.sendAndWait({ address: token, abi: mizuTokenAbi, functionName: 'approve', args: [stakeManager, STAKE] });
  const staked = [OWNER.address, ROLE.sequencer, STAKE] as const;
  await owner.sendAndWait({ address: stakeManager, abi: stakeManagerAbi, functionName: 'stake', args: staked });
  const start = (key: Hex, name: string) =>
    startSequencer({ ...network.config(name), key, http: { port: 0 }, batch: { ageSeconds: 0.3 }, log });
  // Each enters itself into the list.
  sequencers = [await start(keyOf(1), 'first'), await start(OTHER, 'second')];
  const listed = await network.l1.client.readContract({ address: inbox, abi: inboxAbi, functionName: 'places' });
  expect(listed.map(({ account }) => account)).toEqual([SEQUENCER.address, OWNER.address]);
});

afterAll(async () => {
  await Promise.all(sequencers.map((one) => one.close()));
  await network?.close();
});

const inbox = () => ({ address: network.deployment.addresses.inbox, abi: inboxAbi }) as const;
const batchCount = () => network.l1.client.readContract({ ...inbox(), functionName: 'batchCount' });
const posterOf = (batch: bigint) =>
  network.l1.client.readContract({ ...inbox(), functionName: 'posterOf', args: [batch] });
const nonceAt = async (by: number) => (await rpc<{ nonce: number }>(by, 'mizu_getAccount', USER.address)).nonce;

async function send(by: number): Promise<void> {
  const nonce = await nonceAt(by);
  const message = await network.author.sign({ kind: 'Cancel', nonce: BigInt(nonce), run: `0x${'11'.repeat(32)}` });
  await rpc(by, 'mizu_sendMessage', bytesToHex(encodeMessage(message)));
}

/** Lets time pass up to the beginning of a time slot of this account, at least one slot away. */
async function toSlotOf(account: Hex): Promise<void> {
  const now = Number(await network.clock.now());
  for (let slot = Math.ceil(now / SLOT) + 1; ; slot++) {
    const args = [BigInt(slot)] as const;
    const holder = await network.l1.client.readContract({ ...inbox(), functionName: 'holderOf', args });
    if (holder === account) return network.clock.advance(slot * SLOT - now);
  }
}

async function agree(nonce: number): Promise<void> {
  await until('both at one state', async () => {
    const heads = await Promise.all([0, 1].map((by) => rpc<{ head: { stateRoot: Hex } }>(by, 'mizu_chain')));
    const [first, second] = heads.map(({ head }) => head.stateRoot);
    return first === second && (await nonceAt(0)) === nonce && (await nonceAt(1)) === nonce;
  });
}

test('each posts in its slot what it has been sent, and the others take it over', async () => {
  await network.deposit(10n ** 15n);
  await until(
    'deposit',
    async () => (await rpc<{ balance: string }>(1, 'mizu_getAccount', USER.address)).balance !== '0',
  );
  // The sequencer whose turn it is posts it. From here on a batch holds nothing but what is sent in its slot.
  await until('posting of the deposit', async () => (await batchCount()) > 0n);
  await agree(0);
  await network.clock.advance(2 * ROUND);
  for (const [by, account] of [SEQUENCER.address, OWNER.address, SEQUENCER.address].entries()) {
    const before = await batchCount();
    await toSlotOf(account);
    await send(by % 2);
    await until('posting', async () => (await batchCount()) > before);
    expect(await posterOf((await batchCount()) - 1n)).toBe(account);
    await agree(by + 1);
  }
});

test('while it is the turn of another, a sequencer waits, and takes the open half if that one is silent', async () => {
  await sequencers[0]!.close();
  await toSlotOf(SEQUENCER.address);
  const [before, nonce] = await Promise.all([batchCount(), nonceAt(1)]);
  await send(1);
  await until('execution', async () => (await nonceAt(1)) === nonce + 1);
  await network.clock.advance(SLOT / 2 - 2);
  expect(await batchCount()).toBe(before);
  await network.clock.advance(2);
  await until('posting', async () => (await batchCount()) > before);
  expect(await posterOf(before)).toBe(OWNER.address);
});
