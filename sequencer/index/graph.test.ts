// docs/kernel.md#tasks, docs/rows.md#rowset: readiness and counting, without a network.
import { expect, test } from 'vitest';
import { RUN_INPUT } from '../../protocol/constants.ts';
import type { Hex } from '../../protocol/hex.ts';
import type { ObjectRef } from '../../protocol/tree.ts';
import { createRandom } from '../../test/differential/random.ts';
import VECTORS from '../../test/vectors/row-headers.json' with { type: 'json' };
import { createGraph, widthsOf } from './graph.ts';
import { addRows, countRows } from './rows.ts';
import type { StageIndex } from './tables.ts';

const RUN: Hex = `0x${'01'.repeat(32)}`;
const text = (value: string) => new TextEncoder().encode(value);
const ref = (n: number): ObjectRef => ({ root: `0x${n.toString(16).padStart(64, '0')}`, length: n });
const stage = (kind: 'exec' | 'infer', width: number, inputs: StageIndex['inputs']): StageIndex => ({
  kind,
  width,
  sink: false,
  model: RUN,
  inputs,
});
const names = (tasks: readonly { stage: number; partition: number }[]) =>
  tasks.map((task) => `${task.stage}.${task.partition}`);

/**
 * A map over partitions, an infer stage, one that receives the results with the map's output, and a reduce over all.
 */
const WORKFLOW = {
  owner: '0x00000000000000000000000000000000000000aa' as const,
  metadata: ref(1),
  expiry: 2_000_000_000,
  stages: [
    stage('exec', 0, [{ source: RUN_INPUT, mode: 'same' }]),
    stage('infer', 0, [{ source: 0, mode: 'same' }]),
    stage('exec', 0, [
      { source: 1, mode: 'same' },
      { source: 0, mode: 'same' },
    ]),
    stage('exec', 1, [{ source: 2, mode: 'all' }]),
  ],
};

test('tasks become ready when the last of their inputs is done, each once', () => {
  const graph = createGraph(RUN, WORKFLOW, [ref(1), ref(2)]);
  expect(graph.widths).toEqual([2, 2, 2, 1]);
  const takeAll = () => graph.widths.flatMap((_, at) => graph.take(at, 9));
  expect(names(takeAll())).toEqual(['0.0', '0.1']);
  expect(graph.waitsFor({ stage: 2, partition: 0 })).toBe(1);
  graph.finish({ stage: 0, partition: 1 }, ref(7));
  const [infer] = takeAll();
  expect(infer).toMatchObject({ stage: 1, partition: 1, kind: 'infer', request: ref(7) });
  graph.finish({ stage: 1, partition: 1 }, ref(8));
  expect(names(takeAll())).toEqual(['2.1']);
  graph.finish({ stage: 2, partition: 1 }, ref(9));
  expect(takeAll()).toEqual([]);
  expect(graph.waitsFor({ stage: 3, partition: 0 })).toBe(2);
  graph.finish({ stage: 0, partition: 0 }, ref(3));
  graph.finish({ stage: 1, partition: 0 }, ref(4));
  expect(names(takeAll())).toEqual(['2.0']);
  graph.finish({ stage: 2, partition: 0 }, ref(5));
  expect(names(takeAll())).toEqual(['3.0']);
  expect(graph.waitsFor({ stage: 3, partition: 0 })).toBeUndefined();
  expect(graph.isDone({ stage: 2, partition: 0 })).toBe(true);
});

test('the whole input at once', () => {
  const all = { ...WORKFLOW, stages: [stage('exec', 3, [{ source: RUN_INPUT, mode: 'all' }])] };
  expect(names(createGraph(RUN, all, [ref(1)]).take(0, 9))).toEqual(['0.0', '0.1', '0.2']);
  const same = { ...WORKFLOW, stages: [stage('exec', 3, [{ source: RUN_INPUT, mode: 'same' }])] };
  expect(names(createGraph(RUN, same, [ref(1)]).take(0, 9))).toEqual(['0.0']);
});

test('any order of ends in any workflow: each task is taken once, when its inputs are done and not before', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = createRandom(seed);
    const partitions = 1 + random.below(4);
    const stages: StageIndex[] = [];
    while (stages.length < 1 + random.below(6)) {
      const at = stages.length;
      const source = () => (at === 0 || random.chance(3) ? RUN_INPUT : random.below(at));
      const width = random.chance(2) ? 0 : 1 + random.below(4);
      const widthAt = (from: number) => (from === RUN_INPUT ? partitions : widthsOf(stages, partitions)[from]);
      const sources = Array.from({ length: random.below(3) }, source);
      const fits = (from: number) => widthAt(from) === (width === 0 ? partitions : width);
      const inputs = sources.map((from) => ({
        source: from,
        mode: fits(from) && random.chance(2) ? ('same' as const) : ('all' as const),
      }));
      stages.push(stage('exec', width, inputs));
    }
    const graph = createGraph(
      RUN,
      { ...WORKFLOW, stages },
      Array.from({ length: partitions }, (_, i) => ref(i + 1)),
    );
    const all = graph.widths.flatMap((width, at) =>
      Array.from({ length: width }, (_, partition) => ({ stage: at, partition })),
    );
    const taken: string[] = [];
    const done = new Set<string>();
    while (done.size < all.length) {
      for (const at of graph.widths.keys()) taken.push(...names(graph.take(at, 1 + random.below(3))));
      const readyNow = all.filter((place) => graph.waitsFor(place) === undefined);
      expect(names(readyNow)).toEqual(expect.arrayContaining(taken));
      // Now and then a task that was not taken: L1 may name any.
      const open = readyNow.filter((place) => !done.has(String(names([place]))));
      const place = random.pick(open);
      graph.finish(place, ref(9));
      done.add(String(names([place])));
      if (!taken.includes(String(names([place])))) taken.push(String(names([place])));
    }
    expect(graph.widths.flatMap((_, at) => graph.take(at, 9))).toEqual([]);
    expect([...taken].sort()).toEqual(names(all).sort());
  }
});

test.each(VECTORS)('rows by the header of $name', ({ header, text: json, sizeBytes }) => {
  const object = text(`${json}${' '.repeat(sizeBytes - 1 - text(json).length)}\n\n\0`);
  const { in: read, out, rejected, count } = header;
  const counts = header.mizu === 'rows' ? { in: read, out, rejected } : { in: count, out: count, rejected: 0 };
  expect(countRows(object)).toEqual(counts);
});

test('rows of rowsets, requests, sinks, and of what is no text', () => {
  const header = (value: unknown) => text(`${JSON.stringify(value).padEnd(127)}\n[0,{}]\n`);
  expect(countRows(header({ mizu: 'rows', in: 5, out: 3, rejected: 2 }))).toEqual({ in: 5, out: 3, rejected: 2 });
  expect(countRows(header({ mizu: 'requests', count: 4, model: 'm' }))).toEqual({ in: 4, out: 4, rejected: 0 });
  const facts = JSON.stringify({ mizu: 'facts', kind: 'keys', count: 3, groups: 1, words: 2, extra: 0 }).padEnd(127);
  // Little-endian words, of which some bytes are newlines.
  expect(countRows(text(`${facts}\n\n\0\0\0\n\n\n\n`))).toEqual({ in: 3, out: 3, rejected: 0 });
  const texts = JSON.stringify({ mizu: 'texts', count: 7, groups: 2, size: 12 }).padEnd(127);
  expect(countRows(text(`${texts}\n\n\0\0\0[0,1]\n[1,2]\n`))).toEqual({ in: 7, out: 7, rejected: 0 });
  expect(countRows(text('{"a":1}\n{"a":2}\n'))).toEqual({ in: 2, out: 2, rejected: 0 });
  expect(countRows(text('{"a":1}\n{"a":2}'))).toEqual({ in: 2, out: 2, rejected: 0 });
  expect(countRows(new Uint8Array(0))).toEqual({ in: 0, out: 0, rejected: 0 });
  // A row of the longest kind, and one that has a header's field.
  expect(countRows(text(`{"a":"${'語'.repeat(2 ** 20 - 8)}"}\n{"a":2}\n`))).toEqual({ in: 2, out: 2, rejected: 0 });
  expect(countRows(text('{"count":9,"mizu":"results"}\n'))).toEqual({ in: 1, out: 1, rejected: 0 });
  expect(countRows(text('binary'))).toBeUndefined();
  expect(countRows(text('binary\nlines\n'))).toBeUndefined();
  expect(addRows({ in: 1, out: 1, rejected: 0 }, undefined)).toEqual({ in: 1, out: 1, rejected: 0 });
});
