// docs/vm.md#quickjs: what programs call that is compiled, against what it is by definition.
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { bytesToHex, type Hex, hexToBytes } from '../../protocol/hex.ts';
import { buildProgram } from '../compile/program.ts';
import { LANGUAGES } from '../runtime/languages.fixture.ts';
import { createNearBands } from '../runtime/near-keys.ts';
import type { LocalEngine } from './engine.ts';
import { createMemoryIo } from './memory-io.ts';
import { createLocalNativeEngine } from './native-engine.ts';

/** Calls a function of `io` for each line `[name, ...arguments]` of the input, bytes being `{"hex":…}`, and writes what comes. */
const CALLS = `globalThis.__mizu_main = (io) => {
  const fromHex = (hex) => new Uint8Array(hex.length / 2 - 1).map((_, i) => parseInt(hex.slice(2 + 2 * i, 4 + 2 * i), 16));
  const out = [];
  io.open(1);
  while (io.next()) {
    const [name, ...values] = io.json();
    const result = io[name](...values.map((value) => value !== null && typeof value === 'object' ? fromHex(value.hex) : value));
    out.push(JSON.stringify(result === undefined ? null : typeof result === 'boolean' ? result : Array.from(result)));
  }
  io.write(out.join('\\n'));
};`;
const ROWS = `globalThis.__mizu_main = (io) => {
  const isFrozen = (value) => typeof value !== 'object' || value === null || (Object.isFrozen(value) && Object.values(value).every(isFrozen));
  const out = [];
  io.open(1);
  while (io.next()) {
    const live = io.row();
    out.push(JSON.stringify([live, isFrozen(live[1])]));
  }
  io.write(out.join('\\n'));
};`;

type Call = readonly [
  name: 'hash' | 'nearKey' | 'group' | 'candidates' | 'isNear',
  ...values: (string | number | boolean | { readonly hex: Hex })[],
];

let calls: LocalEngine;
let rows: LocalEngine;

beforeAll(async () => {
  [calls, rows] = (await Promise.all(
    [CALLS, ROWS].map(async (bundle) => createLocalNativeEngine(await buildProgram(bundle))),
  )) as [LocalEngine, LocalEngine];
});

function run(engine: LocalEngine, lines: readonly unknown[]): unknown[] {
  const input = new TextEncoder().encode(lines.map((line) => JSON.stringify(line)).join('\n'));
  const { status, log, output } = engine.exec({ stage: 0, partition: 0, width: 1, partitions: 1, inputs: [input] });
  expect([status, log]).toEqual([0, '']);
  const text = new TextDecoder().decode(output);
  return text === '' ? [] : text.split('\n').map((line) => JSON.parse(line));
}

function expectSame(list: readonly Call[]): void {
  const { io } = createMemoryIo({}, []);
  const expected = list.map(([name, ...values]) => {
    const method = io[name] as (...given: unknown[]) => Uint8Array | Uint32Array | boolean | undefined;
    const result = method(...values.map((value) => (typeof value === 'object' ? hexToBytes(value.hex) : value)));
    if (typeof result === 'boolean') return result;
    return result === undefined ? null : [...result];
  });
  expect(run(calls, list)).toEqual(expected);
}

const hex = (words: ArrayLike<number>) => ({ hex: bytesToHex(new Uint8Array(Uint32Array.from(words).buffer)) });
const word = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const ascii = fc.oneof(
  fc.string({ unit: 'binary-ascii', maxLength: 80 }),
  fc
    .array(fc.constantFrom('a', 'B', 'word', 'Word', '7', '-', '_', 'x'.repeat(64)), { maxLength: 200 })
    .map((all) => all.join(' ')),
);
const anyText = fc.oneof(
  ascii,
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(...Object.values(LANGUAGES).flat()),
);
const options = fc
  .record({
    near: fc.constantFrom(0.3, 0.5, 0.8, 0.95, 1),
    shingle: fc.constantFrom(1, 2, 3, 5, 64, 1000),
    tokens: fc.constantFrom<('words' | 'characters')[]>('words', 'characters'),
  })
  .chain((given) => fc.nat(63).map((more) => ({ hex: bytesToHex(createNearBands(given, more + 1).options) })));

test('hashes of texts are MurmurHash3', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constant('hash' as const), anyText, word), { minLength: 50, maxLength: 50 }),
      expectSame,
    ),
    { numRuns: 20 },
  );
});

test('keys of a near dedupe are those of the definition, of texts and of tokens', () => {
  const call = fc.oneof(
    fc.tuple(fc.constant('nearKey' as const), anyText, options, word),
    fc.tuple(fc.constant('nearKey' as const), fc.array(word, { maxLength: 300 }).map(hex), options, word),
  );
  fc.assert(fc.property(fc.array(call, { minLength: 30, maxLength: 30 }), expectSame), { numRuns: 20 });
});

test('records are grouped in their order', () => {
  const call = fc
    .tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 300 }))
    .chain(([words, groups]) =>
      fc
        .array(fc.tuple(fc.nat(groups - 1), fc.array(word, { minLength: words, maxLength: words })), { maxLength: 60 })
        .map(
          (records): Call => ['group', hex(records.flatMap(([group, record]) => [group, ...record])), words, groups],
        ),
    );
  fc.assert(fc.property(fc.array(call, { minLength: 10, maxLength: 10 }), expectSame), { numRuns: 20 });
});

test('candidates are the first rows of the bands, over many calls of a task', () => {
  const records = (bands: number) =>
    fc
      .array(
        fc.tuple(
          fc.nat(bands),
          fc.nat(5),
          fc.integer({ min: 0, max: 19 }).map((at) => (at === 0 ? 2 ** 31 : 0)),
        ),
        { maxLength: 300 },
      )
      .map((all) => {
        let ordinal = 0;
        const words = all.flatMap(([band, step, failed]) => {
          if (step === 0) ordinal++;
          return [(band * 0x9e3779b1) >>> 0, ordinal + failed];
        });
        return hex(words);
      });
  const call = fc.tuple(fc.constant('candidates' as const), fc.oneof(records(40), records(100_000)), fc.nat(1_000));
  fc.assert(fc.property(fc.array(call, { minLength: 1, maxLength: 12 }), expectSame), { numRuns: 25 });
});

test('whether two are alike is what the definition says, of sets and of signatures', () => {
  const set = fc
    .uniqueArray(fc.oneof(fc.integer({ min: -20, max: 20 }), fc.integer()), { maxLength: 64 })
    .map((all) => hex(Int32Array.from(all).sort()));
  const signature = fc
    .array(fc.constantFrom(1, 2, 0xffff), { minLength: 128, maxLength: 128 })
    .map((bins) => ({ hex: bytesToHex(new Uint8Array(Uint16Array.from(bins).buffer)) }));
  const least = fc.constantFrom(0.2, 0.4, 0.5, 0.77, 0.8, 1);
  const call = fc.oneof(
    fc.tuple(fc.constant('isNear' as const), set, set, fc.constant(false), least),
    set.chain((same) => least.map((given): Call => ['isNear', same, same, false, given])),
    fc.tuple(fc.constant('isNear' as const), signature, signature, fc.constant(true), least),
  );
  fc.assert(fc.property(fc.array(call, { minLength: 60, maxLength: 60 }), expectSame), { numRuns: 20 });
});

test('a row is what its line says, and frozen at every level', () => {
  const row = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 6 }), { maxKeys: 6 });
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(), row), { minLength: 20, maxLength: 20 }), (lines) => {
      const given = lines.map((line) => JSON.parse(JSON.stringify(line)) as unknown);
      expect(run(rows, given)).toEqual(given.map((line) => [line, true]));
    }),
    { numRuns: 20 },
  );
  const deep = JSON.parse(`[0,{"a":${'['.repeat(127)}${']'.repeat(127)}}]`) as unknown;
  expect(run(rows, [deep])).toEqual([[deep, true]]);
});
