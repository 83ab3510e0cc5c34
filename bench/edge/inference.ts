// docs/edge.md#bench: the cost of a record on its way through gateway and worker, with journal, signatures and receipts
// on.
import { setMaxListeners } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../../devnet/anvil.ts';
import { createOpenAiBackends } from '../../edge/backends/openai.ts';
import { openAiConfig } from '../../edge/config.ts';
import { createInvitation } from '../../edge/invitation.ts';
import { createSigner } from '../../edge/signing.ts';
import type { Hex } from '../../protocol/hex.ts';
import { requestJson } from '../../service/http/client.ts';
import { type LoopbackSequencer, startLoopbackSequencer } from '../../test/doubles/loopback-sequencer.ts';
import { type BenchProcess, startPart } from './spawn.ts';

export type InferenceBench = {
  readonly latencyMs: number;
  readonly records: number;
  readonly seconds: number;
  readonly microsecondsPerRecord: number;
  /** CPU time of gateway and worker: on a machine that does other things too it says more than the clock. */
  readonly cpuMicrosecondsPerRecord: number | undefined;
  /** The time that `concurrency` endless loops of calls would take, divided by the time taken. Undefined at 0 ms. */
  readonly shareOfIdeal: number | undefined;
  /** Calls that the endpoint got more than once. */
  readonly repeatedCalls: number;
};

export type InferenceBenchOptions = {
  readonly latencyMs: number;
  readonly n: number;
  /** Kills the gateway (SIGKILL) when half of the calls are made, and starts it again. */
  readonly crash?: boolean;
  /** Workers, in one process, that share the concurrency of 64. The default is 1. */
  readonly workers?: number;
  /** Rows before the measured ones, for V8 to compile the code. The default is 2,000. */
  readonly warmUpRows?: number;
};

const CONCURRENCY = 64;
const ROWS_PER_TASK = 1_000;
const WARM_UP_ROWS = 2_000;
const MODEL = 'bench/echo';
const GATEWAY_KEY: Hex = `0x${'01'.repeat(32)}`;

/** Four processes: mock endpoint, workers, gateway, and this one as the sequencer. */
export async function benchInference(options: InferenceBenchOptions): Promise<InferenceBench> {
  const { latencyMs, n, crash = false, workers = 1, warmUpRows = WARM_UP_ROWS } = options;
  const dataDir = await mkdtemp(join(tmpdir(), 'mizu-bench-'));
  const parts: BenchProcess[] = [];
  const sequencer = await startLoopbackSequencer();
  const start = async (role: Parameters<typeof startPart>[0], input: unknown) => {
    const part = await startPart(role, input);
    parts.push(part);
    return part;
  };
  try {
    const mock = await start('mock', { latencyMs });
    const gatewayInput = {
      sequencerUrl: sequencer.url,
      dataDir,
      privateKey: GATEWAY_KEY,
      listen: { port: await freePort() },
      da: { members: [{ url: sequencer.url, address: `0x${'00'.repeat(20)}` }], threshold: 1 },
      maxOpenTasks: 256,
    };
    const gateway = await start('gateway', gatewayInput);
    const worker = await start(
      'workers',
      Array.from({ length: workers }, (_, i) =>
        workerInput(sequencer, gateway.url, mock.url, i, CONCURRENCY / workers),
      ),
    );
    const calls = () => requestJson<{ calls: number; repeated: number }>(mock.url);
    const warmTasks = addTasks(sequencer, warmUpRows, 0);
    await sequencer.whenSettled(warmTasks);

    const cpu = async () => (await worker.cpuMicroseconds()) + (await gateway.cpuMicroseconds());
    const cpuBefore = await cpu();
    const began = performance.now();
    const tasks = warmTasks + addTasks(sequencer, n, warmTasks);
    if (crash) {
      while ((await calls()).calls < warmUpRows + n / 2) await delay(5);
      await gateway.kill();
      await start('gateway', gatewayInput);
    }
    await sequencer.whenSettled(tasks);
    const seconds = (performance.now() - began) / 1000;
    const idealSeconds = (Math.ceil(n / CONCURRENCY) * latencyMs) / 1000;
    return {
      latencyMs,
      records: n,
      seconds,
      microsecondsPerRecord: (seconds * 1e6) / n,
      cpuMicrosecondsPerRecord: crash ? undefined : ((await cpu()) - cpuBefore) / n,
      shareOfIdeal: latencyMs === 0 ? undefined : idealSeconds / seconds,
      repeatedCalls: (await calls()).repeated,
    };
  } finally {
    for (const part of parts.reverse()) await part.stop();
    await sequencer.close();
    await rm(dataDir, { recursive: true, force: true });
  }
}

function workerInput(
  sequencer: LoopbackSequencer,
  gatewayUrl: string,
  baseUrl: string,
  i: number,
  concurrency: number,
) {
  const privateKey: Hex = `0x${(0x200 + i).toString(16).padStart(64, '0')}`;
  return {
    gatewayUrl,
    privateKey,
    invitation: createInvitation(sequencer.domain, createSigner(GATEWAY_KEY), {
      name: `bench-${i}`,
      worker: createSigner(privateKey).address,
      expiry: Number.MAX_SAFE_INTEGER,
    }),
    concurrency,
    simulatorThreads: 0,
    backends: [{ kind: 'openai', baseUrl, models: { [MODEL]: 'echo' }, connections: concurrency }],
  };
}

export type DirectBench = { readonly records: number; readonly seconds: number };

/** The same calls without a network: as many endless loops over the backend that a worker has. */
export async function benchDirect({
  latencyMs,
  n,
  warmUpRows = WARM_UP_ROWS,
}: InferenceBenchOptions): Promise<DirectBench> {
  const mock = await startPart('mock', { latencyMs });
  const { backends, close } = createOpenAiBackends({
    ...openAiConfig.parse({ kind: 'openai', baseUrl: mock.url, models: { [MODEL]: 'echo' }, connections: CONCURRENCY }),
  });
  try {
    const callAll = async (count: number) => {
      let next = 0;
      const loop = async () => {
        for (let i = next++; i < count; i = next++) await backends[0]!.complete(requestOf(0, i), NEVER);
      };
      await Promise.all(Array.from({ length: CONCURRENCY }, loop));
    };
    await callAll(warmUpRows);
    const began = performance.now();
    await callAll(n);
    return { records: n, seconds: (performance.now() - began) / 1000 };
  } finally {
    await close();
    await mock.stop();
  }
}

const NEVER = new AbortController().signal;
setMaxListeners(0, NEVER);

function requestOf(partition: number, row: number) {
  const content = `Partition ${partition}, row ${row}: ${'some words of text '.repeat(8)}`;
  return { messages: [{ role: 'user' as const, content }], max_tokens: 256 };
}

function addTasks(sequencer: LoopbackSequencer, rows: number, firstPartition: number): number {
  const tasks = Math.ceil(rows / ROWS_PER_TASK);
  for (let task = 0; task < tasks; task++) {
    const count = Math.min(ROWS_PER_TASK, rows - task * ROWS_PER_TASK);
    const requests = Array.from({ length: count }, (_, i) => requestOf(firstPartition + task, i));
    sequencer.addTask(MODEL, firstPartition + task, requests);
  }
  return tasks;
}
