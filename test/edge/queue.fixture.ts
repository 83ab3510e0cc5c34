// docs/edge.md#queue: a queue with a clock, a journal in memory and three workers, for its tests.
import type { AnsweredRow } from '../../edge/frames.ts';
import { createAuditor } from '../../edge/gateway/audit.ts';
import type { Journal } from '../../edge/gateway/journal.ts';
import type { Lease } from '../../edge/gateway/leases.ts';
import { type AcceptedEntry, createQueue, type Queue } from '../../edge/gateway/queue.ts';
import { singleUseKey, type TaskInfo } from '../../edge/gateway/task.ts';
import { decodeRequests, encodeRequests } from '../../edge/rows.ts';
import { createSchemaChecker, type SchemaChecker } from '../../edge/schema/checker.ts';
import type { Address, Hex } from '../../protocol/hex.ts';

export const HASH: Hex = `0x${'22'.repeat(32)}`;
export const LEASE_SIGNATURE: Hex = `0x${'33'.repeat(65)}`;
export const [ANN, BEN, CY] = ['a', 'b', 'c'].map((digit): Address => `0x${digit.repeat(40)}`) as [
  Address,
  Address,
  Address,
];
export const MODELS = new Set(['m']);
export const INFO: TaskInfo = {
  run: HASH,
  owner: ANN,
  stage: 1,
  partition: 0,
  attempt: 0,
  model: HASH,
  requestRoot: HASH,
  requestLength: 1,
  maxCost: '100',
  inputPrice: '1',
  outputPrice: '2',
  bytePrice: '0',
  escrowLeft: '0',
  inferenceLeft: '0',
  itemFee: '0',
  step: 0,
};
export const KEY = singleUseKey(INFO);

let checker: SchemaChecker | undefined;

/** To be called after all tests of a file. */
export async function closeChecker(): Promise<void> {
  await checker?.close();
  checker = undefined;
}

type SetUp = {
  there?: readonly Address[];
  auditRate?: number;
  attempts?: number;
  journal?: AcceptedEntry[];
  epoch?: number;
  failWrites?: boolean;
};

export function setUp({ there, auditRate = 0, attempts = 3, journal = [], epoch = 1, failWrites = false }: SetUp = {}) {
  checker ??= createSchemaChecker({ threads: 1 });
  let clock = 1_000_000;
  const liars: Address[] = [];
  const stored: Journal<AcceptedEntry> = {
    recovered: [...journal],
    append: async (entry) => {
      if (failWrites) throw new Error('disk full');
      journal.push(JSON.parse(JSON.stringify(entry)));
    },
    forget: () => {},
    close: async () => {},
  };
  const queue = createQueue({
    journal: stored,
    epoch,
    secret: new Uint8Array(32).fill(5),
    leaseSeconds: 60,
    attempts,
    maxResultBytes: 100_000,
    rules: { maxContentBytes: 1000, maxCompletionTokens: 500 },
    checker,
    exactModels: MODELS,
    auditor: createAuditor({ rate: auditRate, seconds: 30, random: () => 0.5 }),
    hasOther: (workers) => there === undefined || there.some((one) => !workers.includes(one)),
    now: () => clock,
    onLiar: (worker) => liars.push(worker),
  });
  const pass = (seconds: number) => {
    clock += seconds * 1000;
  };
  return { queue, journal, liars, pass };
}

export function addTask(
  queue: Queue,
  rows: number,
  request: unknown = { messages: [{ role: 'user', content: 'x' }] },
): void {
  const indexes = Array.from({ length: rows }, (_, i) => 10 + i);
  queue.add(
    INFO,
    decodeRequests(
      encodeRequests(
        'm',
        indexes.map((index) => JSON.stringify([index, request])),
      ),
    ),
  );
}

export const take = (queue: Queue, worker: Address, rows: number): Lease => {
  const granted = queue.lease({ worker, models: MODELS, rows });
  if (granted === undefined) throw new Error('no lease');
  return granted.lease;
};

export const rowOf = (place: number, content: string): AnsweredRow => [
  10 + place,
  { content, finish_reason: 'stop', usage: { prompt_tokens: 3, completion_tokens: 2 } },
];

export const answer = (queue: Queue, lease: Lease, content = (place: number) => `r${place}`) =>
  queue.accept(lease, { signature: LEASE_SIGNATURE, rows: lease.places.map((place) => rowOf(place, content(place))) });

export const fail = (queue: Queue, lease: Lease, retryable: boolean) =>
  queue.accept(lease, {
    signature: LEASE_SIGNATURE,
    rows: lease.places.map((place): AnsweredRow => [10 + place, { error: { code: 'x/y', message: 'no' }, retryable }]),
  });

export function finishedLines(queue: Queue): string[] {
  const [task] = queue.takeFinished();
  return new TextDecoder().decode(task?.result).trimEnd().split('\n').slice(1);
}

export const contentsOf = (queue: Queue) => finishedLines(queue).map((line) => JSON.parse(line)[1].content);
