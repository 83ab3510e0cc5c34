// docs/operations.md#sequencer-reorgs: what L1 takes back is posted again; what L1 says otherwise wins.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { inboxAbi } from '../protocol/generated/abi.ts';
import { bytesToHex, type Hex } from '../protocol/hex.ts';
import { encodeMessage, type Message } from '../protocol/messages.ts';
import { createRpcClient } from '../service/http/client.ts';
import { startTestNetwork, type TestNetwork, USER, until } from '../test/network/network.fixture.ts';
import { startTestSequencer } from '../test/network/sequencer.fixture.ts';
import type { Sequencer } from './main.ts';

let network: TestNetwork;
let sequencer: Sequencer | undefined;
let count = 0;
const rpc = <T>(method: string, ...params: unknown[]) => createRpcClient(sequencer!.url)(method, params) as Promise<T>;
const cancel = (nonce: bigint) => network.author.sign({ kind: 'Cancel', nonce, run: `0x${'11'.repeat(32)}` });
const send = (message: Message) => rpc<{ hash: Hex }>('mizu_sendMessage', bytesToHex(encodeMessage(message)));
const account = () => rpc<{ nonce: number; balance: string }>('mizu_getAccount', USER.address);

beforeAll(async () => {
  network = await startTestNetwork();
});

afterAll(async () => {
  await network?.close();
});

beforeEach(async () => {
  count += 1;
  sequencer = await startTestSequencer(network, `sequencer-${count}`);
});

afterEach(async () => {
  await sequencer?.close();
});

test('a batch that a reorg drops is posted again as it was, and the soft state stays', async () => {
  await ready();
  const before = await batchCount();
  const snapshot = await network.chain.snapshot();
  const { hash } = await send(await cancel(0n));
  const { batch } = await until('posting', async () => {
    const receipt = await rpc<{ batch: number } | null>('mizu_getReceipt', hash);
    return receipt !== null && (await allPosted()) ? receipt : undefined;
  });
  const first = await rpc<{ objectRoot: Hex; l1Transaction: Hex }>('mizu_getBatch', batch);
  const { head } = await rpc<{ head: unknown }>('mizu_chain');
  await network.chain.revert({ id: snapshot });
  expect(await batchCount()).toBe(before);
  // L1 has another history, which is longer.
  await network.chain.mine({ blocks: 2 });
  await until('posting again', async () => (await batchCount()) > before && (await allPosted()));
  const second = await rpc<{ objectRoot: Hex; status: string }>('mizu_getBatch', batch);
  expect(second).toMatchObject({ objectRoot: first.objectRoot, status: 'posted' });
  expect((await rpc<{ head: unknown }>('mizu_chain')).head).toEqual(head);
});

test('a delayed message that a reorg replaces changes the soft state, and the messages behind it stay', async () => {
  await ready();
  const start = await account();
  const snapshot = await network.chain.snapshot();
  await network.deposit(1_000n);
  await until('deposit', async () => BigInt((await account()).balance) === BigInt(start.balance) + 1_000n);
  const { hash } = await send(await cancel(BigInt(start.nonce)));
  const executed = await until(
    'execution',
    async () => (await rpc<{ step: number; feeWei: string } | null>('mizu_getReceipt', hash)) ?? undefined,
  );
  const events = await openEvents(executed.step);
  await network.chain.revert({ id: snapshot });
  await network.deposit(2_000n);
  await network.chain.mine({ blocks: 3 });
  await until(
    'the other deposit',
    async () => BigInt((await account()).balance) === BigInt(start.balance) + 2_000n - BigInt(executed.feeWei),
  );
  expect((await account()).nonce).toBe(start.nonce + 1);
  await until('posting', allPosted);
  // A listener is told that the steps were taken back, and then of those that came in their place. Where the sequencer
  // sees the shorter chain before the new deposit, the message behind it goes first.
  const heard = await events.until(/event: rollback(?=[\s\S]*"kind":"Deposit")[\s\S]*"kind":"Cancel"/);
  expect(heard).toContain(hash);
});

test('a batch that somebody else has posted is taken over, and the own messages follow it', async () => {
  await ready();
  const { nonce } = await account();
  const foreign = await cancel(BigInt(nonce));
  const own = await cancel(BigInt(nonce) + 1n);
  await sequencer!.close();
  await network.clock.advance(3);
  await network.chain.mine({ blocks: 1 });
  await network.postBatch([foreign]);
  sequencer = await startTestSequencer(network, `sequencer-${count}`);
  await until('taking over', async () => (await account()).nonce === nonce + 1);
  const { hash } = await send(own);
  await until('execution', async () => (await rpc<unknown>('mizu_getReceipt', hash)) ?? undefined);
  await until('posting', allPosted);
  expect((await account()).nonce).toBe(nonce + 2);
});

test('a batch whose time has passed is built again with a new one', async () => {
  await ready();
  const { nonce } = await account();
  // L1's clock leaps ahead while the batch is being filled: its timestamp is now too old.
  const { hash } = await send(await cancel(BigInt(nonce)));
  await network.clock.advance(2 * 3_600);
  // It is asked in this order: while the message is queued again, everything that is built is posted, too.
  await until('posting', async () => (await allPosted()) && (await rpc<unknown>('mizu_getReceipt', hash)) !== null);
  expect((await account()).nonce).toBe(nonce + 1);
});

// The account can pay, and L1 has all that is executed.
async function ready(): Promise<void> {
  await network.deposit(10n ** 15n);
  const inbox = { address: network.deployment.addresses.inbox, abi: inboxAbi } as const;
  await until('the deposit on L1', async () => {
    const included = await network.l1.client.readContract({ ...inbox, functionName: 'delayedIncluded' });
    return included === (await network.l1.client.readContract({ ...inbox, functionName: 'delayedCount' }));
  });
  await until('derivation', async () => (await account()).balance !== '0' && (await allPosted()));
}

test('L1 does not answer for a while, and one DA member is lost: messages are still taken, and posted later', async () => {
  await ready();
  const { nonce } = await account();
  const before = await batchCount();
  await network.daNodes[0]!.close();
  process.kill(network.anvil.pid, 'SIGSTOP');
  try {
    const { hash } = await send(await cancel(BigInt(nonce)));
    await until('execution without L1', async () => (await rpc<unknown>('mizu_getReceipt', hash)) ?? undefined);
  } finally {
    process.kill(network.anvil.pid, 'SIGCONT');
  }
  await until('posting', async () => (await batchCount()) > before && (await allPosted()));
  expect((await account()).nonce).toBe(nonce + 1);
});

async function batchCount(): Promise<bigint> {
  return network.l1.client.readContract({
    address: network.deployment.addresses.inbox,
    abi: inboxAbi,
    functionName: 'batchCount',
  });
}

async function allPosted(): Promise<boolean> {
  type Health = { batch: number; isOpen: boolean; posted: number };
  const health = (await fetch(`${sequencer!.url}/health`).then((answer) => answer.json())) as Health;
  return !health.isOpen && health.batch === health.posted && BigInt(health.batch) === (await batchCount());
}

async function openEvents(after: number) {
  const stop = new AbortController();
  const response = await fetch(`${sequencer!.url}/events?after=${after}`, { signal: stop.signal });
  return {
    until: async (pattern: RegExp): Promise<string> => {
      let text = '';
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
        text += new TextDecoder().decode(chunk);
        if (pattern.test(text)) break;
      }
      stop.abort();
      return text;
    },
  };
}
