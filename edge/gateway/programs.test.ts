// docs/edge.md#programs: workers get the programs of simulators from their gateway, and the gateway from DA.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { objectRef } from '../../protocol/tree.ts';
import { createGatewayWorld, type GatewayWorld, log } from '../../test/edge/gateway.fixture.ts';
import { linkWasi } from '../../vm/wasi/link.ts';
import { SIMULATOR_MODEL, type SimulatorRef } from '../backends/simulate-request.ts';
import { createWorkerPrograms } from '../worker/programs.ts';
import { createPrograms } from './programs.ts';

const CORE = await linkWasi(
  new Uint8Array(readFileSync(fileURLToPath(new URL('../../examples/walks/walk.wasm', import.meta.url)))),
);
const decodeBase64 = (text: string) => Buffer.from(text, 'base64');
const bytesOf = (n: number) => new Uint8Array(1_000).fill(n);

describe('a gateway', () => {
  test('asks DA once for what several workers want, keeps it, and tells of what it cannot get', async () => {
    const asked: string[] = [];
    const programs = createPrograms(async ({ root }) => {
      asked.push(root);
      await Promise.resolve();
      if (root === objectRef(bytesOf(2)).root) throw new Error('DA is away');
      return bytesOf(1);
    }, log);
    const [one, two, other] = [1, 2, 3].map((n) => objectRef(bytesOf(n))) as [SimulatorRef, SimulatorRef, SimulatorRef];
    const text = Buffer.from(bytesOf(1)).toString('base64');
    expect(await Promise.all([programs.get(one), programs.get(one)])).toEqual([text, text]);
    expect(await programs.get(one)).toBe(text);
    expect(asked).toEqual([one.root]);
    expect(await programs.get(two)).toBe(null);
    // Other bytes than those of the root, and of another length.
    expect(await programs.get(other)).toBe(null);
    expect(await programs.get({ ...one, root: objectRef(bytesOf(4)).root })).toBe(null);
  });

  test('gets four at a time', async () => {
    let [running, most] = [0, 0];
    const programs = createPrograms(async ({ length }) => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      return bytesOf(length % 256);
    }, log);
    const refs = Array.from({ length: 12 }, (_, n) => objectRef(bytesOf(n)));
    await Promise.all(refs.map(programs.get));
    expect(most).toBe(4);
  });
});

describe('a worker', () => {
  const signal = new AbortController().signal;
  const ref = objectRef(CORE);
  const missing = { code: 'edge/no-program', retryable: true };
  const frame = (bytes: Uint8Array | null) =>
    ({ type: 'program', root: ref.root, bytes: bytes && Buffer.from(bytes).toString('base64') }) as const;

  test('asks for one program at a time, once, and compares it with its root', async () => {
    const programs = createWorkerPrograms(decodeBase64);
    const asked: SimulatorRef[] = [];
    programs.connected((one) => asked.push(one));
    const second = objectRef(bytesOf(2));
    const gets = [programs.get(ref, signal), programs.get(ref, signal), programs.get(second, signal)];
    expect(asked).toEqual([ref]);
    programs.received(frame(CORE));
    expect(asked).toEqual([ref, second]);
    programs.received({ ...frame(bytesOf(3)), root: second.root });
    expect((await Promise.allSettled(gets)).map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
    ]);
    expect(new Uint8Array(await programs.get(ref, signal))).toEqual(CORE);
    expect(asked).toHaveLength(2);
  });

  test('does not have what a gateway has not, or that is gone', async () => {
    const programs = createWorkerPrograms(decodeBase64);
    await expect(programs.get(ref, signal)).rejects.toMatchObject(missing);
    programs.connected(() => undefined);
    const without = programs.get(ref, signal);
    programs.received(frame(null));
    await expect(without).rejects.toMatchObject(missing);
    const gone = programs.get(ref, signal);
    programs.disconnected();
    await expect(gone).rejects.toMatchObject(missing);
  });
});

describe('a task of a simulator', () => {
  let world: GatewayWorld;
  beforeEach(async () => {
    world = await createGatewayWorld();
  });
  afterEach(() => world.close());

  const row = (steps: number, ref: SimulatorRef) => ({
    messages: [{ role: 'user', content: String(steps) }],
    mizu: { simulate: { gasLimit: 1_000_000, ...ref }, strict: true },
    max_tokens: 20_000,
    seed: 4,
  });

  const resultsOf = async (rows: readonly unknown[]) => {
    world.sequencer.addTask(SIMULATOR_MODEL, 0, rows);
    await world.sequencer.whenSettled(1);
    const lines = world.resultLines(world.sequencer.settled[0]!.resultRoot).slice(1);
    return lines.map((line) => JSON.parse(line)[1]);
  };

  test('is answered by workers that nobody has set up for it, and audited', async () => {
    world.put(CORE);
    const gateway = await world.open({ auditRate: 1 });
    await world.work(gateway, 2);
    await world.work(gateway, 3);
    expect(await resultsOf([row(400, objectRef(CORE)), row(10 ** 7, objectRef(CORE))])).toMatchObject([
      { content: '{"end":2,"furthest":15}\n', usage: { prompt_tokens: 1, completion_tokens: 7 } },
      { error: { code: 'edge/simulator-failed', raw: '' }, usage: { prompt_tokens: 2, completion_tokens: 1 } },
    ]);
    const { workers } = (await (await fetch(`${gateway.url}/health`)).json()) as { workers: { points: number }[] };
    expect(workers.map(({ points }) => points)).toEqual([100, 100]);
  });

  test('is not given to a worker that runs none, and tells of a program that nobody has', async () => {
    const gateway = await world.open({ auditRate: 0, attempts: 2 });
    await world.work(gateway, 2, undefined, { simulatorThreads: 0 });
    await world.work(gateway, 3);
    await vi.waitFor(async () => {
      const { workers } = (await (await fetch(`${gateway.url}/health`)).json()) as { workers: { models: string[] }[] };
      const sizes = workers.map(({ models }) => models.includes(SIMULATOR_MODEL)).sort();
      expect(sizes).toEqual([false, true]);
    });
    expect(await resultsOf([row(400, objectRef(bytesOf(9)))])).toMatchObject([{ error: { code: 'edge/no-program' } }]);
  });
});
