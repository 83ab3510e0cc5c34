// docs/da.md#epochs: the committee changes while sequencer and executor run; nothing is started again.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MizuError } from '../protocol/errors.ts';
import { bytesToHex, type Hex } from '../protocol/hex.ts';
import { encodeMessage, type Message } from '../protocol/messages.ts';
import { type Executor, startExecutor } from '../prover/main.ts';
import { createRpcClient } from '../service/http/client.ts';
import { createLogger } from '../service/process/log.ts';
import { createRunMessages } from '../test/network/chain.fixture.ts';
import { keyOf, startTestNetwork, type TestNetwork, until } from '../test/network/network.fixture.ts';
import { startTestSequencer } from '../test/network/sequencer.fixture.ts';
import type { Sequencer } from './main.ts';

let network: TestNetwork;
let sequencer: Sequencer;
let executor: Executor;
const log = createLogger('sequencer', process.env.MIZU_LOG ?? 'silent');
const rpc = <T>(method: string, ...params: unknown[]) => createRpcClient(sequencer.url)(method, params) as Promise<T>;
const send = (message: Message) => rpc<{ hash: Hex }>('mizu_sendMessage', bytesToHex(encodeMessage(message)));

beforeAll(async () => {
  network = await startTestNetwork();
  sequencer = await startTestSequencer(network, 'sequencer', { ageSeconds: 0.3 });
  executor = await startExecutor({
    ...network.config('executor'),
    key: keyOf(2),
    policy: { intervalSeconds: 0 },
    payoutWei: 10n ** 30n,
    log,
  });
});

afterAll(async () => {
  await executor?.close();
  await sequencer?.close();
  await network?.close();
});

type Chain = {
  da: { epoch: number; threshold: number; members: { url: string | null; address: Hex }[] };
  confirmed: { batch: number };
};

async function runToItsEnd(partitions: number, nonce: bigint): Promise<number> {
  const { messages, run } = await createRunMessages(network.author, partitions, nonce, network.author);
  for (const message of messages.slice(0, 2)) await send(message);
  const { batches } = await until('run', async () => {
    const answer = await rpc<{ status: string; batches: number[] } | null>('mizu_getRun', run);
    return answer?.status === 'done' ? answer : undefined;
  });
  const last = Math.max(...batches);
  await network.clock.passUntil('confirmation', async () => (await rpc<Chain>('mizu_chain')).confirmed.batch > last);
  return last;
}

test('runs are certified, posted and confirmed before and after a change from four members to three', async () => {
  await network.deposit(10n ** 18n);
  await until('deposit', async () => (await rpc<{ balance: string }>('mizu_getAccount', network.user)).balance !== '0');
  await runToItsEnd(2, 0n);
  expect((await rpc<Chain>('mizu_chain')).da).toMatchObject({ epoch: 1, threshold: 3 });

  await network.appoint(3, 2);
  const { da } = await until('news', async () => {
    const chain = await rpc<Chain>('mizu_chain');
    return chain.da.epoch === 2 ? chain : undefined;
  });
  expect(da.threshold).toBe(2);
  expect(da.members).toEqual(network.config('').da.members.slice(0, 3));
  // Members and the author learn of it within five seconds; until then they refuse each other.
  const expiry = BigInt(Math.floor(Date.now() / 1000) + 7_200);
  await until('certificate', async () => {
    const put = await network.da.put([new Uint8Array(9)], { expiry }).catch(ifRetryable);
    return put?.certificate.epoch === 2n;
  });
  await runToItsEnd(3, 2n);
});

function ifRetryable(error: unknown): undefined {
  if (!(error instanceof MizuError) || !error.retryable) throw error;
}
