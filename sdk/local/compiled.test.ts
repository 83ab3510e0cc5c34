// docs/vm.md#quickjs: what programs call that is compiled, against what it is by definition.
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { bytesToHex, type Hex, hexToBytes } from '../../protocol/hex.ts';
import { LANGUAGES } from '../../test/sdk/languages.fixture.ts';
import { buildProgram } from '../../vm/quickjs/build.ts';
import { packSignature, shingles } from '../runtime/minhash.ts';
import { createNearBands, longBins, MAX_SET } from '../runtime/near-keys.ts';
import { hashTokens } from '../runtime/tokens.ts';
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
    out.push(JSON.stringify(result === undefined ? null : typeof result === 'object' ? Array.from(result) : result));
  }
  io.write(out.join('\\n'));
};`;
const ROWS = `globalThis.__mizu_main = (io) => {
  const isFrozen = (value) => typeof value !== 'object' || value === null || (Object.isFrozen(value) && Object.values(value).every(isFrozen));
  const out = [];
  io.open(1);
  while (io.next()) {
    const live = io.row();
    out.push(JSON.stringify([live, isFrozen(live[1]) && io.index() === live[0]]));
  }
  io.write(out.join('\\n'));
};`;

type Call = readonly [
  name: 'hash' | 'hashFirst' | 'nearKey' | 'group' | 'nearPairs' | 'unite' | 'repeats',
  ...values: (string | number | boolean | { readonly hex: Hex })[],
];

let calls: LocalEngine;
let rows: LocalEngine;

beforeAll(async () => {
  [calls, rows] = (await Promise.all(
    [CALLS, ROWS].map(async (bundle) => createLocalNativeEngine(await buildProgram(bundle))),
  )) as [LocalEngine, LocalEngine];
});

function run(engine: LocalEngine, lines: readonly unknown[], more: readonly Uint8Array[] = []): unknown[] {
  const input = new TextEncoder().encode(lines.map((line) => JSON.stringify(line)).join('\n'));
  const { status, log, output } = engine.exec({
    stage: 0,
    partition: 0,
    width: 1,
    partitions: 1,
    inputs: [input, ...more],
  });
  expect([status, log]).toEqual([0, '']);
  const text = new TextDecoder().decode(output);
  return text === '' ? [] : text.split('\n').map((line) => JSON.parse(line));
}

/** `more`: the inputs from 2 on. */
function expectSame(list: readonly Call[], more: readonly Uint8Array[] = []): readonly unknown[] {
  const { io } = createMemoryIo({}, [new Uint8Array(0), ...more]);
  const expected = list.map(([name, ...values]) => {
    const method = io[name] as (...given: unknown[]) => Uint8Array | Uint32Array | number | undefined;
    const result = method(...values.map((value) => (typeof value === 'object' ? hexToBytes(value.hex) : value)));
    if (result === undefined) return null;
    return typeof result === 'object' ? [...result] : result;
  });
  expect(run(calls, list, more)).toEqual(expected);
  return expected;
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
      fc.array(fc.tuple(fc.constantFrom('hash' as const, 'hashFirst' as const), anyText, word), {
        minLength: 50,
        maxLength: 50,
      }),
      (list) => void expectSame(list),
    ),
    { numRuns: 20 },
  );
});

test('keys of a near dedupe are those of the definition, of texts and of tokens', () => {
  const call = fc.oneof(
    fc.tuple(fc.constant('nearKey' as const), anyText, options, word),
    fc.tuple(fc.constant('nearKey' as const), fc.array(word, { maxLength: 300 }).map(hex), options, word),
  );
  fc.assert(
    fc.property(fc.array(call, { minLength: 30, maxLength: 30 }), (list) => void expectSame(list)),
    { numRuns: 20 },
  );
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
  fc.assert(
    fc.property(fc.array(call, { minLength: 10, maxLength: 10 }), (list) => void expectSame(list)),
    { numRuns: 20 },
  );
});

test('what a bucket of a near dedupe finds is what the definition finds, over many partitions of short and long texts', () => {
  const universe = shingles(hashTokens(Array.from({ length: 90 }, (_, i) => `w${i}`).join(' '), 'words'), 1);
  const row = fc.record({
    from: fc.constantFrom(0, 0, 0, 20, 60),
    length: fc.constantFrom(1, 2, 20, 63, 64, 65, 66, 80),
    without: fc.uniqueArray(fc.nat(80), { maxLength: 4 }),
    bands: fc.array(fc.nat(12), { minLength: 1, maxLength: 6 }),
    failed: fc.nat(19).map((at) => at === 0),
  });
  const partition = fc.record({
    rows: fc.array(row, { minLength: 10, maxLength: 30, size: 'max' }),
    before: fc.nat(3),
  });
  const near = fc.constantFrom(0.3, 0.5, 0.8, 0.95, 1);
  let found = 0;
  fc.assert(
    fc.property(fc.array(partition, { minLength: 1, maxLength: 5 }), near, (partitions, least) => {
      let base = 0;
      const inputs: Uint8Array[] = [];
      const list = partitions.map(({ rows: all, before }, at): Call => {
        const records = all.flatMap(({ bands, failed }, ordinal) =>
          failed ? [0, 2 ** 31 + ordinal] : bands.flatMap((band) => [(band * 0x9e3779b1) >>> 0, ordinal]),
        );
        const words = all.flatMap(({ from, length, without }, index) => {
          const set = universe.slice(from, from + length).filter((_, i) => !without.includes(i));
          const own = set.length <= MAX_SET ? set : new Uint32Array(packSignature(longBins(set)).buffer);
          return [index, set.length, ...own, ...new Array<number>(MAX_SET - own.length).fill(0)];
        });
        const offset = 4 * before;
        inputs.push(new Uint8Array(Uint32Array.from([...new Array(before).fill(7), ...records, ...words]).buffer));
        const bucket = new DataView(new ArrayBuffer(32));
        bucket.setFloat64(0, least, true);
        [2 + at, offset, records.length / 2, base, all.length, offset + 4 * records.length].forEach((value, i) => {
          bucket.setUint32(8 + 4 * i, value, true);
        });
        base += all.length;
        return ['nearPairs', { hex: bytesToHex(new Uint8Array(bucket.buffer)) }];
      });
      found += expectSame(list, inputs).flat().length / 3;
    }),
    { numRuns: 60 },
  );
  // Random inputs have 1,200 pairs on average, give or take 150: this is to notice if they have none to compare.
  expect(found).toBeGreaterThan(200);
});

test('rows that are joined over many calls are those of the definition', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 60 }), fc.array(fc.array(fc.nat()), { maxLength: 8 }), (rows, lists) => {
      const united = lists.map((list): Call => {
        return ['unite', hex(list.slice(list.length % 2).map((value) => value % rows)), rows];
      });
      const [half, rest] = [Math.floor(rows / 2), Math.ceil(rows / 2)];
      expectSame([...united, ['repeats', 3, 0, half], ['repeats', 4, half, rest]]);
    }),
    { numRuns: 60 },
  );
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
