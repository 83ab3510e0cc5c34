import { afterAll, describe, expect, test } from 'vitest';
import type { Address, Hex } from '../../protocol/hex.ts';
import type { AnsweredRow } from '../frames.ts';
import { decodeRequests, encodeRequests } from '../rows.ts';
import { createSchemaChecker } from '../schema/checker.ts';
import { createAuditor } from './audit.ts';
import type { Journal } from './journal.ts';
import type { Lease } from './leases.ts';
import { type AcceptedEntry, createQueue, type Queue } from './queue.ts';
import { singleUseKey, type TaskInfo } from './task.ts';

const HASH: Hex = `0x${'22'.repeat(32)}`;
const SIGNATURE: Hex = `0x${'33'.repeat(65)}`;
const [ANN, BOB, CY] = ['a', 'b', 'c'].map((digit): Address => `0x${digit.repeat(40)}`) as [Address, Address, Address];
const MODELS = new Set(['m']);
const INFO: TaskInfo = {
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
const KEY = singleUseKey(INFO);

const checker = createSchemaChecker({ threads: 1 });
afterAll(() => checker.close());

type SetUp = {
  there?: readonly Address[];
  auditRate?: number;
  attempts?: number;
  journal?: AcceptedEntry[];
  epoch?: number;
  failWrites?: boolean;
};

function setUp({ there, auditRate = 0, attempts = 3, journal = [], epoch = 1, failWrites = false }: SetUp = {}) {
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

function addTask(queue: Queue, rows: number, request: unknown = { messages: [{ role: 'user', content: 'x' }] }): void {
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

const take = (queue: Queue, worker: Address, rows: number): Lease => {
  const granted = queue.lease({ worker, models: MODELS, rows });
  if (granted === undefined) throw new Error('no lease');
  return granted.lease;
};

const rowOf = (place: number, content: string): AnsweredRow => [
  10 + place,
  { content, finish_reason: 'stop', usage: { prompt_tokens: 3, completion_tokens: 2 } },
];

const answer = (queue: Queue, lease: Lease, content = (place: number) => `r${place}`) =>
  queue.accept(lease, { signature: SIGNATURE, rows: lease.places.map((place) => rowOf(place, content(place))) });

const fail = (queue: Queue, lease: Lease, retryable: boolean) =>
  queue.accept(lease, {
    signature: SIGNATURE,
    rows: lease.places.map((place): AnsweredRow => [10 + place, { error: { code: 'x/y', message: 'no' }, retryable }]),
  });

function resultOf(queue: Queue): string[] {
  const [task] = queue.takeFinished();
  return new TextDecoder().decode(task?.result).trimEnd().split('\n').slice(1);
}

const contentsOf = (queue: Queue) => resultOf(queue).map((line) => JSON.parse(line)[1].content);

describe('leases', () => {
  test('whoever finishes first, the results are in the order of the requests', async () => {
    const { queue } = setUp();
    addTask(queue, 5);
    const first = take(queue, ANN, 2);
    const second = take(queue, BOB, 3);
    expect([first.places, second.places]).toEqual([
      [0, 1],
      [2, 3, 4],
    ]);
    expect(queue.lease({ worker: CY, models: MODELS, rows: 1 })).toBeUndefined();
    await answer(queue, second);
    expect(queue.takeFinished()).toEqual([]);
    await answer(queue, first);
    expect(contentsOf(queue)).toEqual(['r0', 'r1', 'r2', 'r3', 'r4']);
  });

  test('only for models that the worker has', () => {
    const { queue } = setUp();
    addTask(queue, 1);
    expect(queue.lease({ worker: ANN, models: new Set(['other']), rows: 1 })).toBeUndefined();
  });

  test('tokens are added up, and capped by what was sent and allowed', async () => {
    const { queue } = setUp();
    addTask(queue, 2, { messages: [{ role: 'user', content: 'x' }], max_tokens: 7 });
    const lease = take(queue, ANN, 2);
    const usage = { prompt_tokens: 1_000_000, completion_tokens: 1_000_000 };
    await queue.accept(lease, {
      signature: SIGNATURE,
      rows: [rowOf(0, 'a'), [11, { content: 'b', finish_reason: 'stop', usage }]],
    });
    const [task] = queue.takeFinished();
    const line = JSON.stringify([11, { messages: [{ role: 'user', content: 'x' }], max_tokens: 7 }]);
    expect(task).toMatchObject({ inputTokens: 3 + line.length + 1024, outputTokens: 2 + 7 });
  });

  test('a task without rows is finished at once', () => {
    const { queue } = setUp();
    addTask(queue, 0);
    expect(resultOf(queue)).toEqual([]);
  });
});

describe('rows', () => {
  const addLines = (queue: Queue, lines: string[], run = HASH, owner = ANN) =>
    queue.add({ ...INFO, run, owner }, decodeRequests(encodeRequests('m', lines)));

  test('that are no JSON, or longer than a lease, are given to no worker', async () => {
    const { queue } = setUp();
    addLines(queue, ['[10,{"a":]', '[11,{}]', `[12,"${'x'.repeat(4 * 1024 * 1024)}"]`, '[13,{}]']);
    const first = take(queue, ANN, 4);
    expect(first.places).toEqual([1]);
    const second = take(queue, BOB, 4);
    expect(second.places).toEqual([3]);
    await answer(queue, first);
    await answer(queue, second);
    expect(resultOf(queue).map((line) => JSON.parse(line)[1].error?.code ?? 'fine')).toEqual([
      'edge/bad-request',
      'fine',
      'edge/bad-request',
      'fine',
    ]);
  });

  test('are all unusable: the task is finished without a worker', () => {
    const { queue } = setUp();
    addLines(
      queue,
      Array.from({ length: 40 }, (_, i) => `[${i},}]`),
    );
    for (let i = 0; i < 2; i++) expect(queue.lease({ worker: ANN, models: MODELS, rows: 2 })).toBeUndefined();
    expect(resultOf(queue).length).toBe(40);
  });

  test('of the run that has the fewest at workers go first', () => {
    const { queue } = setUp();
    const lines = (count: number) => Array.from({ length: count }, (_, i) => `[${i},{}]`);
    const other: Hex = `0x${'44'.repeat(32)}`;
    addLines(queue, lines(100));
    addLines(queue, lines(3), other);
    const runs = Array.from({ length: 5 }, () => take(queue, ANN, 2).task.slice(0, 66));
    expect(runs).toEqual([HASH, other, HASH, other, HASH]);
  });

  test('an owner of many runs has the share of one owner, and his runs have theirs of it', () => {
    const { queue } = setUp();
    const runOf = (number: number): Hex => `0x${number.toString(16).padStart(64, '0')}`;
    const lines = Array.from({ length: 40 }, (_, i) => `[${i},{}]`);
    for (let run = 0; run < 20; run++) addLines(queue, lines, runOf(run));
    addLines(queue, lines, runOf(99), BOB);
    const runs = Array.from({ length: 20 }, () => take(queue, CY, 2).task.slice(0, 66));
    expect(runs.filter((run) => run === runOf(99)).length).toBe(10);
    expect(new Set(runs).size).toBe(11);
  });

  test('what the run pays by the last poll limits the result, and nothing else of the task is changed by it', async () => {
    const { queue } = setUp();
    addLines(queue, ['[0,{}]']);
    const listed = { ...INFO, requestRoot: `0x${'99'.repeat(32)}` as Hex, maxCost: '280', bytePrice: '1' };
    for (const partition of [0, 7]) queue.renewOffer({ ...listed, partition });
    const usage = { prompt_tokens: 1, completion_tokens: 1 };
    const rows: AnsweredRow[] = [[0, { content: 'x'.repeat(200), finish_reason: 'stop', usage }]];
    await queue.accept(take(queue, ANN, 1), { signature: SIGNATURE, rows });
    const [task] = queue.takeFinished();
    expect(task!.info).toEqual({ ...listed, requestRoot: INFO.requestRoot });
    expect(new TextDecoder().decode(task!.result)).toMatch(/\n\[0,\{"error":\{"code":"edge\/result-too-large"/);
  });

  test('whatever the results, every row is in an object that is not too large', async () => {
    const { queue } = setUp();
    addLines(
      queue,
      Array.from({ length: 300 }, (_, i) => `[${i},{}]`),
    );
    const lease = take(queue, ANN, 300);
    const usage = { prompt_tokens: 1, completion_tokens: 1 };
    const content = 'ü'.repeat(450);
    const rows = lease.places.map((place): AnsweredRow => [place, { content, finish_reason: 'stop', usage }]);
    await queue.accept(lease, { signature: SIGNATURE, rows });
    const [task] = queue.takeFinished();
    expect(task!.result.length).toBeLessThanOrEqual(100_000);
    const lines = new TextDecoder().decode(task!.result).trimEnd().split('\n').slice(1);
    const codes = lines.map((line) => JSON.parse(line)[1].error?.code);
    expect([lines.length, codes[0], codes.at(-1)]).toEqual([300, undefined, 'edge/result-too-large']);
  });
});

describe('a row that a worker has failed', () => {
  test('goes to one that has not, as long as there is one', async () => {
    const there = [ANN, BOB, CY];
    const { queue } = setUp({ there, attempts: 5 });
    addTask(queue, 2);
    await fail(queue, take(queue, ANN, 2), true);
    expect(queue.lease({ worker: ANN, models: MODELS, rows: 2 })).toBeUndefined();
    const second = take(queue, BOB, 1);
    await fail(queue, second, true);
    // One of the two rows has been with one worker, the other with two.
    expect(queue.lease({ worker: ANN, models: MODELS, rows: 2 })).toBeUndefined();
    expect(take(queue, BOB, 2).places).toEqual([1 - second.places[0]!]);
    const third = take(queue, CY, 2);
    expect(third.places).toEqual(second.places);
    await fail(queue, third, true);
    // All workers have failed the row, so anyone who asks gets it.
    expect(take(queue, ANN, 2).places).toEqual(third.places);
  });

  test('a broken one beside a good one costs no row, however often it asks', async () => {
    const { queue } = setUp({ there: [ANN, BOB], attempts: 2 });
    addTask(queue, 20);
    for (let i = 0; i < 30; i++) {
      const granted = queue.lease({ worker: ANN, models: MODELS, rows: 2 });
      if (granted !== undefined) await fail(queue, granted.lease, true);
      if (i % 3 !== 0) continue;
      await answer(queue, take(queue, BOB, 2));
    }
    expect(contentsOf(queue).filter((content) => content === undefined)).toEqual([]);
  });

  test('comes back to the only worker, and when the other one has left', async () => {
    const there = [ANN];
    const { queue } = setUp({ there, attempts: 3 });
    addTask(queue, 1);
    await fail(queue, take(queue, ANN, 1), true);
    there.push(BOB);
    expect(queue.lease({ worker: ANN, models: MODELS, rows: 1 })).toBeUndefined();
    there.pop();
    await answer(queue, take(queue, ANN, 1));
    expect(contentsOf(queue)).toEqual(['r0']);
  });

  test('also if it has not answered in time', () => {
    const { queue, pass } = setUp({ there: [ANN, BOB] });
    addTask(queue, 1);
    take(queue, ANN, 1);
    pass(61);
    queue.expire();
    expect(queue.lease({ worker: ANN, models: MODELS, rows: 1 })).toBeUndefined();
    expect(take(queue, BOB, 1).places).toEqual([0]);
  });
});

describe('fencing', () => {
  test('an expired lease goes to another worker, and the late answer finds nothing', async () => {
    const { queue, pass } = setUp();
    addTask(queue, 2);
    const late = take(queue, ANN, 2);
    pass(61);
    expect(queue.expire()).toEqual([late]);
    const next = take(queue, BOB, 2);
    expect(next.lease).toBeGreaterThan(late.lease);
    expect(queue.find(late.lease, ANN)).toBeUndefined();
    expect(queue.find(next.lease, ANN)).toBeUndefined();
    await answer(queue, next, (place) => `bob${place}`);
    expect(contentsOf(queue).sort()).toEqual(['bob0', 'bob1']);
  });

  test('results of other rows are refused', async () => {
    const { queue } = setUp();
    addTask(queue, 2);
    const lease = take(queue, ANN, 2);
    const rows = [rowOf(1, 'x'), rowOf(0, 'y')];
    await expect(queue.accept(lease, { signature: SIGNATURE, rows })).rejects.toMatchObject({
      code: 'edge/other-rows',
    });
    await expect(queue.accept(lease, { signature: SIGNATURE, rows: [] })).rejects.toMatchObject({
      code: 'edge/other-rows',
    });
  });

  test('what cannot be made durable is not accepted; the lease goes on', async () => {
    const { queue } = setUp({ failWrites: true });
    addTask(queue, 1);
    const lease = take(queue, ANN, 1);
    await expect(answer(queue, lease)).rejects.toThrow('disk full');
    expect(queue.find(lease.lease, ANN)).toEqual(lease);
    expect(queue.takeFinished()).toEqual([]);
  });
});

describe('failures', () => {
  test('a retryable one goes to another worker, the last one is the result', async () => {
    const { queue } = setUp({ attempts: 2 });
    addTask(queue, 1);
    await fail(queue, take(queue, ANN, 1), true);
    expect(queue.takeFinished()).toEqual([]);
    await fail(queue, take(queue, BOB, 1), true);
    expect(resultOf(queue)).toEqual(['[10,{"error":{"code":"x/y","message":"no"}}]']);
  });

  test('one that is not retryable is the result', async () => {
    const { queue } = setUp();
    addTask(queue, 1);
    await fail(queue, take(queue, ANN, 1), false);
    expect(resultOf(queue)).toEqual(['[10,{"error":{"code":"x/y","message":"no"}}]']);
  });

  test('rows that no worker answers get an error after the last attempt', () => {
    const { queue, pass } = setUp({ attempts: 2 });
    addTask(queue, 1);
    for (const worker of [ANN, BOB]) {
      take(queue, worker, 1);
      pass(61);
      queue.expire();
    }
    expect(resultOf(queue)).toEqual([
      '[10,{"error":{"code":"edge/no-answer","message":"no worker has answered in 2 attempts"}}]',
    ]);
  });

  test('a structured output that does not fit is kept as raw text with the reason', async () => {
    const { queue } = setUp({ attempts: 1 });
    const schema = { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] };
    addTask(queue, 1, { messages: [], response_format: { type: 'json_schema', json_schema: { schema } } });
    await answer(queue, take(queue, ANN, 1), () => '{"n":"one"}');
    expect(JSON.parse(resultOf(queue)[0]!)[1]).toEqual({
      error: { code: 'edge/schema', message: '/n must be integer', raw: '{"n":"one"}' },
      usage: { prompt_tokens: 3, completion_tokens: 2 },
    });
  });

  test('too long a content is an error', async () => {
    const { queue } = setUp();
    addTask(queue, 1);
    await answer(queue, take(queue, ANN, 1), () => 'x'.repeat(1001));
    expect(JSON.parse(resultOf(queue)[0]!)[1].error.code).toBe('edge/content-too-large');
  });
});

describe('a restart', () => {
  test('keeps what the journal has, and takes up leases whose seal is good', async () => {
    const { queue: before, journal } = setUp();
    addTask(before, 4);
    await answer(before, take(before, ANN, 2));
    const { worker, ...held } = take(before, ANN, 2);

    const { queue } = setUp({ journal, epoch: 2 });
    addTask(queue, 4);
    expect(queue.size()).toEqual({ tasks: 1, openRows: 2, leasedRows: 0 });
    expect(queue.adopt({ ...held, deadline: held.deadline + 1 }, worker)).toBe(false);
    expect(queue.adopt(held, BOB)).toBe(false);
    expect(queue.adopt(held, worker)).toBe(true);
    expect(queue.lease({ worker: BOB, models: MODELS, rows: 2 })).toBeUndefined();
    await answer(queue, queue.find(held.lease, worker)!);
    expect(contentsOf(queue)).toEqual(['r0', 'r1', 'r2', 'r3']);
  });

  test('does not take up what another worker has by now', () => {
    const { queue: before, journal } = setUp();
    addTask(before, 1);
    const { worker, ...held } = take(before, ANN, 1);
    const { queue } = setUp({ journal, epoch: 2 });
    addTask(queue, 1);
    take(queue, BOB, 1);
    expect(queue.adopt(held, worker)).toBe(false);
  });
});

describe('audits', () => {
  const audited = () => {
    const parts = setUp({ auditRate: 1 });
    addTask(parts.queue, 2);
    return parts;
  };

  test('hold a task until a second worker has said the same', async () => {
    const { queue, liars } = audited();
    await answer(queue, take(queue, ANN, 2));
    expect(queue.takeFinished()).toEqual([]);
    expect(queue.lease({ worker: ANN, models: MODELS, rows: 2 })).toBeUndefined();
    await answer(queue, take(queue, BOB, 2));
    expect(contentsOf(queue)).toEqual(['r0', 'r1']);
    expect(liars).toEqual([]);
  });

  test('a third worker decides; the liar is known and the row corrected', async () => {
    const { queue, liars, journal } = audited();
    await answer(queue, take(queue, ANN, 2), (place) => (place === 1 ? 'lie' : 'r0'));
    await answer(queue, take(queue, BOB, 2));
    expect(queue.takeFinished()).toEqual([]);
    await answer(queue, take(queue, CY, 2));
    expect(contentsOf(queue)).toEqual(['r0', 'r1']);
    expect(liars).toEqual([ANN]);
    expect(journal.at(-1)).toMatchObject({ task: KEY, worker: CY, outcomes: [{ place: 1 }] });
  });

  test('three different answers are an error', async () => {
    const { queue } = audited();
    for (const [i, worker] of [ANN, BOB, CY].entries()) {
      await answer(queue, take(queue, worker, 2), (place) => (place === 0 ? 'same' : String(i)));
    }
    const [first, second] = resultOf(queue).map((line) => JSON.parse(line)[1]);
    expect([first.content, second.error.code]).toEqual(['same', 'edge/audit-undecided']);
  });

  test('lapse when nobody comes', async () => {
    const { queue, pass } = audited();
    await answer(queue, take(queue, ANN, 2));
    pass(31);
    queue.expire();
    expect(contentsOf(queue)).toEqual(['r0', 'r1']);
  });
});
