// docs/edge.md#tab: one thread runs simulators; a row that is given up ends it, and nothing of it reaches the next row.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { objectRef } from '../../protocol/tree.ts';
import type { ChatRequest } from '../backends/backend.ts';
import { createTabSimulators } from './simulators.ts';

class FakeThread extends EventTarget {
  static readonly all: FakeThread[] = [];
  readonly jobs: { readonly input: string }[] = [];
  isEnded = false;

  constructor() {
    super();
    FakeThread.all.push(this);
  }

  postMessage(job: { readonly input: string }) {
    this.jobs.push(job);
  }

  terminate() {
    this.isEnded = true;
  }

  says(output: string) {
    const data = { kind: 'output', output, gasUsed: 1 };
    this.dispatchEvent(Object.assign(new Event('message'), { data }));
  }
}

const CORE = new Uint8Array(8);
const request = (content: string): ChatRequest => ({
  messages: [{ role: 'user', content }],
  mizu: { simulate: { gasLimit: 1_000, ...objectRef(CORE) } },
});

beforeEach(() => {
  FakeThread.all.length = 0;
  vi.stubGlobal('Worker', FakeThread);
});
afterEach(() => vi.unstubAllGlobals());

function start() {
  const { backends, close } = createTabSimulators('/thread.js', async () => CORE);
  const ask = async (content: string, stop = new AbortController()) => {
    const answer = backends[0]!.complete(request(content), stop.signal).then(
      ({ content: output }) => output,
      (error: unknown) => (error as Error).message,
    );
    // The program comes a turn later.
    await new Promise((resolve) => setImmediate(resolve));
    return { answer };
  };
  return { ask, close };
}

const jobsOf = (number: number) => FakeThread.all[number]?.jobs.map(({ input }) => input);

test('rows run one after the other in one thread', async () => {
  const { ask, close } = start();
  const [a, b] = [await ask('a'), await ask('b')];
  expect([FakeThread.all.length, jobsOf(0)]).toEqual([1, ['a']]);
  FakeThread.all[0]!.says('A');
  expect(await a.answer).toBe('A');
  expect(jobsOf(0)).toEqual(['a', 'b']);
  FakeThread.all[0]!.says('B');
  expect(await b.answer).toBe('B');
  await close();
  expect(FakeThread.all[0]!.isEnded).toBe(true);
});

test('a row that is given up ends its thread, or leaves the queue', async () => {
  const { ask } = start();
  const [stopA, stopB] = [new AbortController(), new AbortController()];
  const [a, b, c] = [await ask('a', stopA), await ask('b', stopB), await ask('c')];
  stopB.abort(new Error('over'));
  stopA.abort(new Error('over'));
  expect([await a.answer, await b.answer]).toEqual(['over', 'over']);
  const [first, second] = FakeThread.all as [FakeThread, FakeThread];
  expect([first.isEnded, jobsOf(0), jobsOf(1)]).toEqual([true, ['a'], ['c']]);
  first.says('late');
  second.says('C');
  expect(await c.answer).toBe('C');
});

test('a thread that fails costs its row, and the next has a new one', async () => {
  const { ask } = start();
  const [a, b] = [await ask('a'), await ask('b')];
  FakeThread.all[0]!.dispatchEvent(Object.assign(new Event('error'), { message: 'no memory' }));
  expect(await a.answer).toBe('the thread of the simulators has failed: no memory');
  FakeThread.all[1]!.says('B');
  expect(await b.answer).toBe('B');
});
