// docs/edge.md#queue, #audits: what becomes of answers that fail, and of those that are audited.
import { afterAll, describe, expect, test } from 'vitest';
import {
  ANN,
  addTask,
  answer,
  BEN,
  CY,
  closeChecker,
  contentsOf,
  fail,
  finishedLines,
  KEY,
  MODELS,
  setUp,
  take,
} from '../../test/edge/queue.fixture.ts';

afterAll(closeChecker);

describe('failures', () => {
  test('a retryable one goes to another worker, the last one is the result', async () => {
    const { queue } = setUp({ attempts: 2 });
    addTask(queue, 1);
    await fail(queue, take(queue, ANN, 1), true);
    expect(queue.takeFinished()).toEqual([]);
    await fail(queue, take(queue, BEN, 1), true);
    expect(finishedLines(queue)).toEqual(['[10,{"error":{"code":"x/y","message":"no"}}]']);
  });

  test('one that is not retryable is the result', async () => {
    const { queue } = setUp();
    addTask(queue, 1);
    await fail(queue, take(queue, ANN, 1), false);
    expect(finishedLines(queue)).toEqual(['[10,{"error":{"code":"x/y","message":"no"}}]']);
  });

  test('rows that no worker answers get an error after the last attempt', () => {
    const { queue, pass } = setUp({ attempts: 2 });
    addTask(queue, 1);
    for (const worker of [ANN, BEN]) {
      take(queue, worker, 1);
      pass(61);
      queue.expire();
    }
    expect(finishedLines(queue)).toEqual([
      '[10,{"error":{"code":"edge/no-answer","message":"no worker has answered in 2 attempts"}}]',
    ]);
  });

  test('a structured output that does not fit is kept as raw text with the reason', async () => {
    const { queue } = setUp({ attempts: 1 });
    const schema = { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] };
    addTask(queue, 1, { messages: [], response_format: { type: 'json_schema', json_schema: { schema } } });
    await answer(queue, take(queue, ANN, 1), () => '{"n":"one"}');
    expect(JSON.parse(finishedLines(queue)[0]!)[1]).toEqual({
      error: { code: 'edge/schema', message: '/n must be integer', raw: '{"n":"one"}' },
      usage: { prompt_tokens: 3, completion_tokens: 2 },
    });
  });

  test('too long a content is an error', async () => {
    const { queue } = setUp();
    addTask(queue, 1);
    await answer(queue, take(queue, ANN, 1), () => 'x'.repeat(1001));
    expect(JSON.parse(finishedLines(queue)[0]!)[1].error.code).toBe('edge/content-too-large');
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
    await answer(queue, take(queue, BEN, 2));
    expect(contentsOf(queue)).toEqual(['r0', 'r1']);
    expect(liars).toEqual([]);
  });

  test('a third worker decides; the liar is known and the row corrected', async () => {
    const { queue, liars, journal } = audited();
    await answer(queue, take(queue, ANN, 2), (place) => (place === 1 ? 'lie' : 'r0'));
    await answer(queue, take(queue, BEN, 2));
    expect(queue.takeFinished()).toEqual([]);
    await answer(queue, take(queue, CY, 2));
    const [task] = queue.takeFinished();
    // Its first row is Ann's, who was right; the second is that of who said the right answer last.
    expect(task!.workers).toEqual([
      { worker: ANN, inputTokens: 3, outputTokens: 2 },
      { worker: CY, inputTokens: 3, outputTokens: 2 },
    ]);
    expect(new TextDecoder().decode(task!.result)).not.toContain('lie');
    expect(liars).toEqual([ANN]);
    expect(journal.at(-1)).toMatchObject({ task: KEY, worker: CY, outcomes: [{ place: 1 }] });
  });

  test('three different answers are an error', async () => {
    const { queue } = audited();
    for (const [i, worker] of [ANN, BEN, CY].entries()) {
      await answer(queue, take(queue, worker, 2), (place) => (place === 0 ? 'same' : String(i)));
    }
    const [first, second] = finishedLines(queue).map((line) => JSON.parse(line)[1]);
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
