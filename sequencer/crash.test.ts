// docs/operations.md#sequencer-crash: kill -9 at any moment; nothing is lost and nothing is sent twice.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { encodeNetwork } from '../node/config.ts';
import { inboxAbi } from '../protocol/generated/abi.ts';
import { bytesToHex, type Hex } from '../protocol/hex.ts';
import { encodeMessage, type Message } from '../protocol/messages.ts';
import { createRpcClient, type RpcClient } from '../service/http/client.ts';
import { startChild } from '../service/process/child.ts';
import { createRunMessages } from '../test/network/chain.fixture.ts';
import { keyOf, startTestNetwork, type TestNetwork, USER, until } from '../test/network/network.fixture.ts';

let network: TestNetwork;
let child: ChildProcess | undefined;
let rpc: RpcClient;

beforeAll(async () => {
  network = await startTestNetwork();
});

afterAll(async () => {
  child?.kill('SIGKILL');
  await network?.close();
});

type RunAnswer = { status: string; dataset: { root: Hex } | null; stages: { done: number }[] } | null;

test('a run that is cut off again and again ends with the dataset of one that is not', async () => {
  await network.deposit(10n ** 18n);
  await start();
  await until(
    'deposit',
    async () => ((await rpc('mizu_getAccount', [USER.address])) as { balance: string }).balance !== '0',
  );
  const { messages } = await createRunMessages(network.author, 12, 0n, network.author);
  await send(messages[0]!);
  await rpc('mizu_sendMessage', [bytesToHex(encodeMessage(messages[1]!))]);
  const undisturbed = await ended(await runOf(0));

  const second = await createRunMessages(network.author, 12, 2n, network.author);
  const again = second.messages[1] as Message & { kind: 'Run' };
  await send(await network.author.sign({ ...again, nonce: 2n }));
  const run = await runOf(1);
  for (const done of [1, 13, 20]) {
    await until(`${done} tasks`, async () => tasksDone(await getRun(run)) >= done);
    await kill();
    await start();
  }
  const disturbed = await ended(run);
  expect(disturbed?.dataset?.root).toBe(undisturbed?.dataset?.root);

  await until('everything posted', async () => {
    const health = (await fetch(`${address}/health`).then((answer) => answer.json())) as {
      batch: number;
      isOpen: boolean;
      posted: number;
    };
    return !health.isOpen && health.batch === health.posted;
  });
  const { head } = (await rpc('mizu_chain')) as { head: { step: number; batch: number } };
  const inbox = { address: network.deployment.addresses.inbox, abi: inboxAbi } as const;
  const [batches, steps] = await Promise.all([
    network.l1.client.readContract({ ...inbox, functionName: 'batchCount' }),
    network.l1.client.readContract({ ...inbox, functionName: 'totalMessagesBefore', args: [BigInt(head.batch)] }),
  ]);
  expect(Number(batches)).toBe(head.batch);
  expect(Number(steps)).toBe(head.step);
  // Deploy, two runs, 2 x 24 tasks, and what the registries said: each of them once.
  const { receipts, duplicates } = await allMessages(head.step);
  expect(duplicates).toEqual([]);
  expect(receipts.filter((kind) => kind === 'Advance')).toHaveLength(48);
  expect(receipts.filter((kind) => kind === 'Run')).toHaveLength(2);
});

test('a promise outlives the process that has signed it', async () => {
  const cancel = await network.author.sign({ kind: 'Cancel', nonce: 3n, run: `0x${'11'.repeat(32)}` });
  const bytes = bytesToHex(encodeMessage(cancel));
  const { hash } = (await rpc('mizu_sendMessage', [bytes])) as { hash: Hex };
  const promise = await until('promise', async () => (await rpc('mizu_getPromise', [hash])) ?? undefined);
  await kill();
  await start();
  const { batch } = promise as { batch: number };
  await until('posting', async () => {
    const view = (await rpc('mizu_getBatch', [batch])) as { status: string } | null;
    return view?.status === 'posted' || undefined;
  });
  expect(await rpc('mizu_getPromise', [hash])).toEqual(promise);
});

let address = '';

async function start(): Promise<void> {
  const config = network.config('sequencer');
  mkdirSync(config.dataDir, { recursive: true });
  const file = join(config.dataDir, 'config.json');
  writeFileSync(
    file,
    JSON.stringify({ ...encodeNetwork(config), key: keyOf(1), http: { port: 0 }, batch: { ageSeconds: 0.2 } }),
  );
  const program = `
    import { readFileSync } from 'node:fs';
    import { parseSequencerConfig } from ${JSON.stringify(new URL('./config.ts', import.meta.url).href)};
    import { startSequencer } from ${JSON.stringify(new URL('./main.ts', import.meta.url).href)};
    const config = parseSequencerConfig(JSON.parse(readFileSync(${JSON.stringify(file)}, 'utf8')));
    const { url, done } = await startSequencer(config);
    process.stdout.write(url);
    await done;`;
  const loader = new URL('../scripts/ts.mjs', import.meta.url).href;
  const environment = { ...process.env, MIZU_LOG: process.env.MIZU_LOG ?? 'silent' };
  child = startChild(process.execPath, ['--import', loader, '--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: environment,
  });
  const exited = once(child, 'exit').then(([code]) => Promise.reject(new Error(`the sequencer ended with ${code}`)));
  exited.catch(() => undefined);
  const [chunk] = (await Promise.race([once(child.stdout!, 'data'), exited])) as [Buffer];
  address = chunk.toString().trim();
  rpc = createRpcClient(address);
}

async function kill(): Promise<void> {
  const ended = once(child!, 'exit');
  child!.kill('SIGKILL');
  await ended;
}

async function send(message: Message): Promise<void> {
  const bytes = bytesToHex(encodeMessage(message));
  await rpc('mizu_sendMessage', [bytes]);
  await kill();
  await start();
  // The message was durable, and sending it again changes nothing.
  await rpc('mizu_sendMessage', [bytes]);
}

async function runOf(index: number): Promise<Hex> {
  return until(`run ${index}`, async () => {
    const runs = (await rpc('mizu_listRuns', [{}])) as { run: Hex }[];
    return runs.toReversed()[index]?.run;
  });
}

async function getRun(run: Hex): Promise<RunAnswer> {
  return (await rpc('mizu_getRun', [run])) as RunAnswer;
}

function tasksDone(run: RunAnswer): number {
  return run?.stages.reduce((sum, { done }) => sum + done, 0) ?? 0;
}

async function ended(run: Hex): Promise<RunAnswer> {
  const answer = await until('the end of the run', async () => {
    const state = await getRun(run);
    return state?.status === 'running' ? undefined : state;
  });
  expect(answer?.status).toBe('done');
  return answer;
}

async function allMessages(last: number): Promise<{ receipts: string[]; duplicates: string[] }> {
  const stop = new AbortController();
  const response = await fetch(`${address}/events?after=0`, { signal: stop.signal });
  let text = '';
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    text += new TextDecoder().decode(chunk);
    if (text.includes(`id: ${last}\n`) && text.endsWith('\n\n')) break;
  }
  stop.abort();
  const events = [...text.matchAll(/^data: (.*)$/gm)].map(
    (match) => JSON.parse(match[1] as string) as { hash: string; kind: string },
  );
  const sequenced = events.filter(({ kind }) => kind === 'Advance' || kind === 'Run' || kind === 'Deploy');
  const duplicates = sequenced.map(({ hash }) => hash).filter((hash, i, all) => all.indexOf(hash) !== i);
  return { receipts: events.map(({ kind }) => kind), duplicates };
}
