// docs/sdk.md#language: the rest of the language means in both engines what it means in Node.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Language, openLanguage, sample } from '../../test/sdk/language.fixture.ts';
import { runLocal } from './run-local.ts';

let language: Language;
beforeAll(async () => {
  language = await openLanguage();
});
afterAll(() => language?.close());

test('UTF-8', async () => {
  const byte = fc.oneof(
    fc.nat(255),
    fc.constantFrom(
      0xef,
      0xbb,
      0xbf,
      0xbd,
      0xe2,
      0x82,
      0xac,
      0xf0,
      0x9f,
      0x98,
      0x80,
      0xed,
      0xa0,
      0xc0,
      0xc2,
      0xf4,
      0x90,
      0x61,
    ),
  );
  const options = fc.record({ fatal: fc.boolean(), ignoreBOM: fc.boolean() });
  const call = fc.tuple(fc.array(byte, { maxLength: 14 }), options, fc.array(fc.nat(14), { maxLength: 3 }));
  const good = fc.tuple(
    fc
      .string({ unit: 'grapheme', maxLength: 8 })
      .map((text) => [...Buffer.from(`\ufeff${text}\ufffd${text}`), ...(text.length > 4 ? [0xc3] : [])]),
    options,
    fc.array(fc.nat(20), { maxLength: 3 }),
  );
  const decode = (bytes: number[], chosen: object, cuts: number[]) => {
    const decoder = new TextDecoder('utf-8', chosen);
    let from = 0;
    const out = cuts.map((cut) => {
      const text = decoder.decode(new Uint8Array(bytes).subarray(from, cut), { stream: true });
      from = cut;
      return text;
    });
    return [...out, decoder.decode(new Uint8Array(bytes).subarray(from))];
  };
  const sorted = [...sample(call, 400, 7), ...sample(good, 60, 8)].map(
    ([bytes, chosen, cuts]) => ['decode', bytes, chosen, [...cuts].sort((a, b) => a - b)] as const,
  );
  await language.compare(sorted, decode);
  await language.compare(
    sample(fc.string({ unit: 'grapheme', maxLength: 6 }), 60, 9).map((text) => ['encode', text]),
    (text: string) => {
      const into = new Uint8Array(5);
      const { read, written } = new TextEncoder().encodeInto(text, into);
      return [[...Buffer.from(text)], true, read, written, [...into]];
    },
  );
});

test('base64', async () => {
  const binary = fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
  await language.compare(
    [...sample(binary, 80, 10), 'é', 'Ā', '😀', ''].map((text) => ['btoa', text]),
    (text: string) => btoa(text),
  );
  const coded = fc.oneof(
    binary.map((text) => Buffer.from(text, 'latin1').toString('base64')),
    fc.string({ unit: fc.constantFrom('A', 'b', '/', '+', '=', ' ', '\n', '-', 'Z', '8', 'é'), maxLength: 9 }),
  );
  await language.compare(
    sample(coded, 250, 11).map((text) => ['atob', text]),
    (text: string) => atob(text),
  );
});

test('clones of JSON', async () => {
  await language.compare(
    sample(
      fc.object({ maxDepth: 3, values: [fc.string(), fc.integer(), fc.boolean(), fc.constant(null)] }),
      40,
      12,
    ).map((value) => ['clone', value]),
    (value: unknown) => structuredClone(value),
  );
});

test('times', async () => {
  const two = (most: number) => fc.integer({ min: 1, max: most }).map((n) => String(n).padStart(2, '0'));
  const parts = fc.record({
    y: fc.integer({ min: 1971, max: 2040 }),
    m: two(12),
    d: two(28),
    h: two(23),
    i: two(59),
    s: two(59),
  });
  const month = fc.constantFrom(
    'Jan',
    'Feb',
    'Mar',
    'Apr',
    'May',
    'Jun',
    'Jul',
    'Aug',
    'Sep',
    'Oct',
    'Nov',
    'Dec',
    'January',
    'August',
  );
  const zone = fc.constantFrom('', 'Z', '+02:00', '-05:30');
  const text = fc
    .tuple(parts, month, zone, fc.nat(11))
    .map(
      ([{ y, m, d, h, i, s }, name, offset, form]) =>
        [
          `${y}-${m}-${d}`,
          `${y}-${m}-${d}T${h}:${i}:${s}${offset}`,
          `${y}-${m}-${d}T${h}:${i}:${s}.5${offset}`,
          `${y}-${m}-${d} ${h}:${i}:${s}`,
          `${y}-${m}`,
          `${y}/${m}/${d}`,
          `${m}/${d}/${y}`,
          `${name} ${Number(d)}, ${y}`,
          `${Number(d)} ${name} ${y}`,
          `Tue, ${d} ${name.slice(0, 3)} ${y} ${h}:${i}:${s} GMT`,
          `${name} ${Number(d)}, ${y} ${h}:${i}:${s}`,
          `${name.slice(0, 3)} ${d} ${y} ${h}:${i}:${s} GMT+0200`,
        ][form]!,
    );
  // This process may be in any zone, so the engines are compared with each other, and with Node where the text tells its own.
  const calls = [...sample(text, 150, 13), 'nothing', '', '2024-13-01', '2024-01-02T25:00'].map(
    (one) => ['time', one] as const,
  );
  const gave = await language.both(calls);
  calls.forEach(([, one], i) => {
    if (/Z$|GMT|\d\d:\d\d$.*[+-]|^\d{4}-\d\d(-\d\d)?$/.test(one))
      expect([one, gave[i]]).toEqual([one, new Date(one).getTime() || 'NaN']);
  });
});

test('a time zone of this machine changes nothing in either engine', async () => {
  const file = join(language.folder, 'zone.ts');
  await writeFile(
    file,
    `import { dataset } from 'mizu';\nexport default dataset<any>('w').map('m', (r) => ({ t: new Date(r.t).getTime(), h: new Date(0).getHours() }));\n`,
  );
  const rows = [{ t: '2024-07-01T12:00' }, { t: 'July 1, 2024' }];
  const before = process.env.TZ;
  process.env.TZ = 'Asia/Kolkata';
  try {
    expect((await runLocal(file, rows, { engine: 'node' })).parts.train).toEqual([
      { t: 1719835200000, h: 0 },
      { t: 1719792000000, h: 0 },
    ]);
  } finally {
    if (before === undefined) delete process.env.TZ;
    else process.env.TZ = before;
  }
});
