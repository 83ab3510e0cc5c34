// docs/sdk.md#language: both engines speak one language, and what they share with Node means what it means there.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BundledWorkflow, bundleWorkflow } from '../compile/compile.ts';
import { encodeRowset } from '../input/rowset.ts';
import type { LocalEngine } from './engine.ts';
import { createLocalEngine, runLocal, runPartitions } from './run-local.ts';

/** Each row names one of them; what it gives comes back as JSON, an error as its name. */
const OPERATIONS = `
const FORMATS: Record<string, z.ZodType> = {
  url: z.url(), https: z.url({ protocol: /^https$/, hostname: z.regexes.domain }), httpUrl: z.httpUrl(), ipv4: z.ipv4(), ipv6: z.ipv6(), cidrv4: z.cidrv4(), cidrv6: z.cidrv6(),
  base64: z.base64(), base64url: z.base64url(), jwt: z.jwt(), email: z.email(), uuid: z.uuid(), hostname: z.hostname(), e164: z.e164(), emoji: z.emoji(),
  datetime: z.iso.datetime({ offset: true }), date: z.iso.date(), time: z.iso.time(), duration: z.iso.duration(), mac: z.mac(), nanoid: z.nanoid(), ulid: z.ulid(), cuid2: z.cuid2(),
  normalized: z.url({ normalize: true }), coerced: z.coerce.date(),
};
const OPERATIONS: Record<string, (...values: any[]) => unknown> = {
  format: (name, text) => { const found = FORMATS[name]!.safeParse(text); return found.success ? found.data : false; },
  href: (text, base) => { const u = new URL(text, base); return [u.href, u.origin, u.protocol, u.username, u.password, u.host, u.hostname, u.port, u.pathname, u.search, u.hash, [...u.searchParams], String(u), JSON.stringify(u)]; },
  canParse: (text, base) => URL.canParse(text, base),
  set: (text, name, value) => { const u: any = new URL(text); void u.searchParams; u[name] = value; return [u.href, [...u.searchParams]]; },
  params: (init, calls) => { const p: any = new URLSearchParams(init); const seen = calls.map(([name, ...values]: [string, ...any[]]) => p[name](...values) ?? null); return [String(p), p.size, seen, [...p.keys()], [...p.values()]]; },
  linked: (text, calls) => { const u: any = new URL(text); for (const [name, ...values] of calls) u.searchParams[name](...values); return u.href; },
  decode: (bytes, options, cuts) => { const d = new TextDecoder('utf-8', options); const all = new Uint8Array(bytes); let from = 0; const out: string[] = []; for (const cut of cuts) { out.push(d.decode(all.subarray(from, cut), { stream: true })); from = cut; } out.push(d.decode(all.subarray(from))); return out; },
  encode: (text) => { const e = new TextEncoder(); const into = new Uint8Array(5); const { read, written } = e.encodeInto(text, into); return [[...e.encode(text)], e.encode(text) instanceof Uint8Array, read, written, [...into]]; },
  atob: (text) => atob(text),
  btoa: (text) => btoa(text),
  clone: (value) => structuredClone(value),
  time: (text) => new Date(text).getTime(),
  eval: (code) => RUN[code]!(),
};
`;

let folder: string;
let bundled: BundledWorkflow;
let engines: Record<'node' | 'native', LocalEngine>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mizu-language-'));
  const file = join(folder, 'w.ts');
  const run = `const RUN: Record<string, () => any> = {\n${CODES.map((code) => `${JSON.stringify(code)}: () => { ${code.includes('return') ? code : `return ${code}`} },`).join('\n')}\n};`;
  await writeFile(
    file,
    `import { dataset, z } from 'mizu';\nconst named = (name: string) => (globalThis as any)[name];\n${run}\n${OPERATIONS}
const plain = (value: any): any => value === undefined ? 'undefined' : typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
export default dataset<any>('w').map('m', ({ call: [name, ...values] }) => {
  try { return { gave: JSON.parse(JSON.stringify(plain(OPERATIONS[name]!(...values)))) }; }
  catch (error: any) { return { error: error instanceof Error ? error.name : 'thrown' }; }
});\n`,
  );
  bundled = await bundleWorkflow(file);
  engines = {
    node: await createLocalEngine(bundled, { engine: 'node' }),
    native: await createLocalEngine(bundled, { engine: 'native' }),
  };
}, 600_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

type Call = readonly [name: string, ...values: unknown[]];

async function run(engine: 'node' | 'native', calls: readonly Call[]): Promise<unknown[]> {
  const rows = encodeRowset(calls.map((call, index) => ({ kind: 'row', index, row: { call } })));
  const { parts, rejects } = await runPartitions(bundled, engines[engine], [rows]);
  expect(rejects).toEqual([]);
  return parts.train!.map((row) => ('error' in row ? `! ${row.error}` : row.gave));
}

/** Of both engines, which must be the same. */
async function results(calls: readonly Call[]): Promise<unknown[]> {
  const [node, native] = [await run('node', calls), await run('native', calls)];
  calls.forEach((call, i) => {
    expect([call, native[i]]).toEqual([call, node[i]]);
  });
  return native;
}

/** What the same code gives in this process; `undefined` where Node itself has no say. */
function here(compute: () => unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(compute()));
  } catch (error) {
    return `! ${(error as Error).name}`;
  }
}

const FORMATS: readonly (readonly [format: string, text: string, result: unknown])[] = [
  ['url', 'https://example.org/a?b=1', 'https://example.org/a?b=1'],
  ['url', 'http://[2001:db8::1]:8080/', 'http://[2001:db8::1]:8080/'],
  ['url', 'mailto:a@example.org', 'mailto:a@example.org'],
  ['url', 'https://bücher.example/', 'https://bücher.example/'],
  ['url', 'https://例え.テスト/', 'https://例え.テスト/'],
  ['url', 'https://xn--/', false],
  ['url', 'https://a_b.example', 'https://a_b.example'],
  ['url', 'https://1.2.3.256/', false],
  ['url', 'https://exa mple.org/', false],
  ['url', 'https://example.org:99999/', false],
  ['url', 'example.org', false],
  ['https', 'https://example.org', 'https://example.org'],
  ['https', 'http://example.org', false],
  ['httpUrl', 'http://example.org/', 'http://example.org/'],
  ['httpUrl', 'ftp://example.org/', false],
  ['normalized', 'HTTPS://EXAMPLE.org:443/a/../b', 'https://example.org/b'],
  ['base64', 'aGVsbG8=', 'aGVsbG8='],
  ['base64', 'aGVsbG8', false],
  ['base64', 'aGVsb$8=', false],
  ['base64url', 'aGVsbG8', 'aGVsbG8'],
  ['base64url', 'aGVsbG8+', false],
  [
    'jwt',
    'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJhIjoxfQ.c2ln',
    'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJhIjoxfQ.c2ln',
  ],
  ['jwt', 'eyJ0eXAiOiJKV1QifQ.eyJhIjoxfQ.c2ln', false],
  ['jwt', 'no.jwt.here', false],
  ['ipv4', '10.0.0.1', '10.0.0.1'],
  ['ipv4', '10.0.0.256', false],
  ['ipv6', '2001:db8::1', '2001:db8::1'],
  ['ipv6', '::ffff:10.0.0.1', '::ffff:10.0.0.1'],
  ['ipv6', '2001:db8:::1', false],
  ['ipv6', '1:2:3:4:5:6:7:8:9', false],
  ['cidrv4', '10.0.0.0/8', '10.0.0.0/8'],
  ['cidrv6', '2001:db8::/32', '2001:db8::/32'],
  ['cidrv6', '2001:db8::/129', false],
  ['email', 'ana.perez@example.org', 'ana.perez@example.org'],
  ['email', 'ana@@example.org', false],
  ['uuid', '6f1c1f5e-7d0a-4b0e-9a55-0c1d2e3f4a5b', '6f1c1f5e-7d0a-4b0e-9a55-0c1d2e3f4a5b'],
  ['hostname', 'a.example.org', 'a.example.org'],
  ['e164', '+4915112345678', '+4915112345678'],
  ['emoji', '😀', '😀'],
  ['datetime', '2024-02-29T12:00:00+02:00', '2024-02-29T12:00:00+02:00'],
  ['datetime', '2023-02-29T12:00:00Z', false],
  ['date', '2024-02-29', '2024-02-29'],
  ['date', '2023-02-29', false],
  ['time', '12:30:00', '12:30:00'],
  ['duration', 'P1DT2H', 'P1DT2H'],
  ['mac', '00:1a:2b:3c:4d:5e', '00:1a:2b:3c:4d:5e'],
  ['ulid', '01ARZ3NDEKTSV4RRFFQ69G5FAV', '01ARZ3NDEKTSV4RRFFQ69G5FAV'],
  ['coerced', '2024-01-02', '2024-01-02T00:00:00.000Z'],
  ['coerced', '2024-01-02T03:04:05', '2024-01-02T03:04:05.000Z'],
  ['coerced', 'no date', false],
];

/** Code, and what it gives in both engines: `! Name` is an error. */
const CODES_AND_RESULTS: readonly (readonly [code: string, result: unknown])[] = [
  ['typeof named("Intl")', 'undefined'],
  ['typeof named("process")', 'undefined'],
  ['typeof named("Buffer")', 'undefined'],
  ['typeof named("WebAssembly")', 'undefined'],
  ['typeof named("Atomics")', 'undefined'],
  ['["URL", "structuredClone", "atob"].map((name) => typeof named(name))', ['function', 'function', 'function']],
  ['Object.keys(globalThis).filter((name) => !name.startsWith("__"))', []],
  ['(1234567.891).toLocaleString()', '! TypeError'],
  ['(1n as any).toLocaleString("de")', '! TypeError'],
  ['[1.5].toLocaleString()', '! TypeError'],
  ['new Uint8Array(1).toLocaleString()', '! TypeError'],
  ['new Date(0).toLocaleString()', '! TypeError'],
  ['new Date(0).toLocaleDateString("en-GB")', '! TypeError'],
  ['new Date(0).toLocaleTimeString()', '! TypeError'],
  ['"a".localeCompare("B")', '! TypeError'],
  ['({}).toLocaleString()', '[object Object]'],
  ['"Iß".toLocaleLowerCase()', 'iß'],
  ['"iß".toLocaleUpperCase()', 'ISS'],
  ['"i".toLocaleUpperCase("tr")', '! TypeError'],
  ['"I".toLocaleLowerCase(["tr"])', '! TypeError'],
  ['new (named("WeakRef"))({})', '! TypeError'],
  ['new (named("FinalizationRegistry"))(() => {})', '! TypeError'],
  ['new Date(2024, 6, 1, 12).getTime()', 1719835200000],
  ['new Date(99, 0).getFullYear()', 1999],
  ['new Date("2024-07-01T12:00").getTimezoneOffset()', 0],
  [
    'const d = new Date(0); d.setHours(5, 6); return [d.getHours(), d.getDay(), d.toISOString()]',
    [5, 4, '1970-01-01T05:06:00.000Z'],
  ],
  ['new Date(0).toString()', 'Thu Jan 01 1970 00:00:00 GMT+0000'],
  ['new Date(0).toDateString() + "|" + new Date(0).toTimeString()', 'Thu Jan 01 1970|00:00:00 GMT+0000'],
  ['String(new Date(NaN))', 'Invalid Date'],
  ['new Date(new Date(5)).getTime() + (new Date(6) as any) * 1', 11],
  [
    '[new Date(0) instanceof Date, Object.prototype.toString.call(new Date(0)), new Date(0).constructor === Date]',
    [true, '[object Date]', true],
  ],
  ['Date.UTC(2024, 0)', 1704067200000],
  ['new TextDecoder("latin1").decode()', '! RangeError'],
  ['new TextDecoder(" UTF8\\n").encoding', 'utf-8'],
  ['new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array([0xc0, 0x80]))', '! TypeError'],
  ['new TextDecoder().decode(new DataView(new Uint8Array([97, 98, 99]).buffer, 1))', 'bc'],
  ['new TextDecoder().decode(3 as any)', '! TypeError'],
  ['new TextDecoder().decode(new TextEncoder().encode("a\ufffdé\ufffd".repeat(50_000))).length', 200_000],
  ['new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array([0xef, 0xbf, 0xbd]))', '\ufffd'],
  ['structuredClone(() => {})', '! DataCloneError'],
  ['structuredClone({ a: Symbol("x") })', '! DataCloneError'],
  ['structuredClone(new WeakMap())', '! DataCloneError'],
  ['const a: any = { b: [] }; a.b.push(a); const c = structuredClone(a); return [c !== a, c.b[0] === c]', [true, true]],
  ['[...structuredClone(new Map<any, any>([[1, new Set([2])]])).get(1)]', [2]],
  ['const d = structuredClone(new Date(7)); return [d instanceof Date, d.getTime()]', [true, 7]],
  ['const r = structuredClone(/a(?<n>b)/giu); return [r.source, r.flags, r.lastIndex]', ['a(?<n>b)', 'giu', 0]],
  [
    'const b = new Uint8Array([1, 2, 3, 4]); const [x, y] = structuredClone([b, new DataView(b.buffer, 2)]) as any; return [x.constructor.name, x.length, y.byteOffset, x.buffer === y.buffer, x.buffer === b.buffer]',
    ['Uint8Array', 4, 2, true, false],
  ],
  [
    'const e = structuredClone(Object.assign(new RangeError("no", { cause: 3 }), { x: 1 })) as any; return [e instanceof RangeError, e.message, e.x ?? null]',
    [true, 'no', null],
  ],
  [
    'class A { x = 1; get y() { return 2; } } const c = structuredClone(new A()) as any; return [c.constructor === Object, c.x, c.y ?? null]',
    [true, 1, null],
  ],
  ['const c = structuredClone([1, , 3]); return [c.length, 1 in c]', [3, false]],
  ['const c = structuredClone(Object("s")); return [typeof c, c.length]', ['object', 1]],
  ['structuredClone(10n) === 10n', true],
  ['structuredClone(JSON.parse("{\\"__proto__\\":1}"))', JSON.parse('{"__proto__":1}')],
  ['structuredClone(undefined)', 'undefined'],
  ['new URL("nope")', '! TypeError'],
  ['new URL("https://example.org").searchParams === new URL("https://example.org").searchParams', false],
  ['const u = new URL("https://example.org"); return u.searchParams === u.searchParams', true],
  [
    'Object.prototype.toString.call(new URL("a:b")) + Object.prototype.toString.call(new URLSearchParams())',
    '[object URL][object URLSearchParams]',
  ],
  ['String(new URLSearchParams({ a: "1", b: "é &" }))', 'a=1&b=%C3%A9+%26'],
  ['String(new URLSearchParams(new Map([["a", "b"]]) as any))', 'a=b'],
  ['new URLSearchParams([["a"]] as any)', '! TypeError'],
  // The URL Standard since 2024; Node 20 leaves it.
  ['new URL("https://example.org/^").href', 'https://example.org/%5E'],
  ['encodeURIComponent("é ") + escape("é")', '%C3%A9%20%E9'],
  ['"İ".toLowerCase().length', 2],
  ['[3, 1, 10].sort().join()', '1,10,3'],
];
const CODES = CODES_AND_RESULTS.map(([code]) => code);

test("zod's formats", async () => {
  const gave = await results(FORMATS.map(([name, text]) => ['format', name, text]));
  expect(FORMATS.map(([name, text], i) => [name, text, gave[i]])).toEqual(FORMATS);
});

test('globals, locales, clocks, clones', async () => {
  const gave = await results(CODES.map((code) => ['eval', code]));
  expect(CODES.map((code, i) => [code, gave[i]])).toEqual(CODES_AND_RESULTS);
});

describe('as in Node', () => {
  const compare = async (calls: readonly Call[], node: (...values: never[]) => unknown): Promise<void> => {
    const gave = await results(calls);
    calls.forEach((call, i) => {
      const [, ...values] = call;
      expect([call, gave[i]]).toEqual([call, here(() => node(...(values as never[])))]);
    });
  };
  const sample = <T>(arbitrary: fc.Arbitrary<T>, count: number, seed: number): T[] =>
    fc.sample(arbitrary, { numRuns: count, seed });

  test('URLs', async () => {
    await compare(
      sample(urls, 250, 1).map((text) => ['href', text]),
      (text: string) => {
        const u = new URL(text);
        return [
          u.href,
          u.origin,
          u.protocol,
          u.username,
          u.password,
          u.host,
          u.hostname,
          u.port,
          u.pathname,
          u.search,
          u.hash,
          [...u.searchParams],
          String(u),
          JSON.stringify(u),
        ];
      },
    );
    await compare(
      sample(urls, 300, 2).map((text) => ['canParse', text]),
      (text: string) => URL.canParse(text),
    );
    await compare(
      sample(fc.tuple(fc.oneof(urls, fc.constantFrom('../a', '?q', '#f', '//b', '/p', '', 'x:y')), urls), 60, 3).map(
        ([text, base]) => ['canParse', text, base],
      ),
      (text: string, base: string) => URL.canParse(text, base),
    );
  });

  test('parts of URLs that are set', async () => {
    const parts = fc.constantFrom(
      'protocol',
      'username',
      'password',
      'host',
      'hostname',
      'port',
      'pathname',
      'search',
      'hash',
    );
    const base = fc.constantFrom(
      'https://u:p@example.org:8080/a/b?x=1#f',
      'mailto:a@b',
      'file:///c/d',
      'http://1.2.3.4/',
      'foo://h/p?q',
    );
    // Node 20 takes a port of nothing but a tab for an empty one.
    const value = fc.oneof(
      pieces.map((text) => text.replace(/[\t\n]/g, '')),
      fc.constantFrom(
        '',
        '80',
        '65536',
        'ftp',
        'https:',
        'a b',
        '?a=1&b',
        '#é',
        '[::1]',
        'x.y:9',
        '/../z',
        '[::g]',
        '0x7f.1',
      ),
    );
    await compare(
      sample(fc.tuple(base, parts, value), 200, 4).map((call) => ['set', ...call]),
      (text: string, name: 'href', to: string) => {
        const u = new URL(text);
        void u.searchParams;
        u[name] = to;
        return [u.href, [...u.searchParams]];
      },
    );
  });

  test('parameters', async () => {
    const name = fc.constantFrom('a', 'b', 'é', ' ', '&=', '');
    const calls = fc.array(
      fc.oneof(
        fc.tuple(fc.constantFrom('append', 'set', 'has', 'delete'), name, name),
        fc.tuple(fc.constantFrom('get', 'getAll', 'has', 'delete'), name),
        fc.constant(['sort']),
      ),
      { maxLength: 6 },
    ) as fc.Arbitrary<[string, ...string[]][]>;
    const init = fc.oneof(
      fc.constantFrom('', '?a=1&b=2&a=3', 'é=%C3%A9&+=%20', 'a&b&=c&&', '%zz=%4', '%ff'),
      fc.array(fc.tuple(name, name), { maxLength: 4 }),
      fc.dictionary(name, name, { maxKeys: 3 }).map((record) =>
        Object.fromEntries(
          Object.keys(record)
            .sort()
            .map((key) => [key, record[key]!]),
        ),
      ),
    );
    await compare(
      sample(fc.tuple(init, calls), 120, 5).map((call) => ['params', ...call]),
      (from: string, list: [string, ...never[]][]) => {
        const p = new URLSearchParams(from) as unknown as Record<string, (...values: never[]) => unknown> &
          URLSearchParams;
        const seen = list.map(([method, ...values]) => p[method]!(...values) ?? null);
        return [String(p), p.size, seen, [...p.keys()], [...p.values()]];
      },
    );
    await compare(
      sample(fc.tuple(fc.constantFrom('https://h/?a=1&b=2', 'https://h/#f', 'x:y?q'), calls), 60, 6).map((call) => [
        'linked',
        ...call,
      ]),
      (text: string, list: [string, ...never[]][]) => {
        const u = new URL(text);
        const p = u.searchParams as unknown as Record<string, (...values: never[]) => unknown>;
        for (const [method, ...values] of list) p[method]!(...values);
        return u.href;
      },
    );
  });

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
    await compare(sorted, decode);
    await compare(
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
    await compare(
      [...sample(binary, 80, 10), 'é', 'Ā', '😀', ''].map((text) => ['btoa', text]),
      (text: string) => btoa(text),
    );
    const coded = fc.oneof(
      binary.map((text) => Buffer.from(text, 'latin1').toString('base64')),
      fc.string({ unit: fc.constantFrom('A', 'b', '/', '+', '=', ' ', '\n', '-', 'Z', '8', 'é'), maxLength: 9 }),
    );
    await compare(
      sample(coded, 250, 11).map((text) => ['atob', text]),
      (text: string) => atob(text),
    );
  });

  test('clones of JSON', async () => {
    await compare(
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
    const gave = await results(calls);
    calls.forEach(([, one], i) => {
      if (/Z$|GMT|\d\d:\d\d$.*[+-]|^\d{4}-\d\d(-\d\d)?$/.test(one))
        expect([one, gave[i]]).toEqual([one, new Date(one).getTime() || 'NaN']);
    });
  });
});

const hosts = fc.oneof(
  fc.constantFrom(
    'example.org',
    'EXAMPLE.org',
    'a_b.c',
    'xn--bcher-kva.example',
    'xn--',
    'xn--a',
    'bücher.example',
    '例え.テスト',
    'faß.de',
    'a\u00adb.c',
    'ａ.b',
    'אבג.com',
    'a.א1',
    '1.2.3.4',
    '1.2.3',
    '0x7f.1',
    '256.1.1.1',
    '1.2.3.4.',
    '09.1',
    '[::1]',
    '[::1',
    '[1:2::3:4.5.6.7]',
    '[v1.a]',
    'a b',
    'a%20b',
    '%41.b',
    'a..b',
    '.',
    '',
    '-a-',
    'a|b',
    '\u200d.c',
    'क्\u200dष.com',
    'localhost',
    'a.0x',
    'a.1b',
    '4294967296',
  ),
  fc.stringMatching(/^[a-z0-9.-]{1,8}$/),
);
const pieces = fc.string({
  unit: fc.constantFrom(
    'a',
    'Z',
    '1',
    '/',
    '.',
    '..',
    '%2e',
    '%',
    '\\',
    '?',
    '#',
    ' ',
    'é',
    '😀',
    '&',
    '=',
    '+',
    '|',
    "'",
    '"',
    '<',
    '`',
    '{',
    '\t',
    '\n',
    ';',
    ':',
    '@',
    '[',
    ']',
  ),
  maxLength: 6,
});
const urls = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(
        fc.constantFrom('http', 'https', 'HTTPS', 'ftp', 'ws', 'file', 'foo', 'a+b-.1'),
        fc.constantFrom('://', '://', '://', ':', ':/', ':///', ':\\\\'),
        fc.constantFrom('', '', '', 'u@', 'u:p@', '@', 'ü:@'),
        hosts,
        fc.constantFrom('', '', '', ':80', ':443', ':', ':99999', ':8080', ':a', ':0'),
        fc.constantFrom('', '/', '?', '#', '/x'),
        pieces,
      )
      .map((parts) => parts.join('')),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(
        fc.constantFrom(
          'mailto:',
          'data:',
          'blob:https://a.b/',
          'javascript:',
          'urn:',
          '',
          ' ',
          '//',
          '/',
          '1a:',
          'a:',
        ),
        pieces,
      )
      .map((parts) => parts.join('')),
  },
);

test('a time zone of this machine changes nothing in either engine', async () => {
  const file = join(folder, 'zone.ts');
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
