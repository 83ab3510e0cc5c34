// docs/sdk.md#language: one workflow that does what its rows name, run by both engines.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { bundleWorkflow } from '../../sdk/compile/compile.ts';
import { encodeRowset } from '../../sdk/input/rowset.ts';
import { createLocalEngine, runPartitions } from '../../sdk/local/run-local.ts';

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

/** `eval` and code, or another operation and its values. */
export type LanguageCall = readonly [name: string, ...values: unknown[]];

export type Language = {
  readonly folder: string;
  /** What each call gives; an error is `! Name`. */
  run(engine: 'node' | 'native', calls: readonly LanguageCall[]): Promise<unknown[]>;
  /** Of both engines. @throws Error if they differ */
  both(calls: readonly LanguageCall[]): Promise<unknown[]>;
  /** The same, compared with what this process gives. @throws Error if it differs */
  compare(calls: readonly LanguageCall[], here: (...values: never[]) => unknown): Promise<void>;
  close(): Promise<void>;
};

/** `codes`: what the operation `eval` may be asked for. */
export async function openLanguage(codes: readonly string[] = []): Promise<Language> {
  const folder = await mkdtemp(join(tmpdir(), 'mizu-language-'));
  const file = join(folder, 'w.ts');
  const run = codes.map(
    (code) => `${JSON.stringify(code)}: () => { ${code.includes('return') ? code : `return ${code}`} },`,
  );
  await writeFile(
    file,
    `import { dataset, z } from 'mizu';\nconst named = (name: string) => (globalThis as any)[name];
const RUN: Record<string, () => any> = {\n${run.join('\n')}\n};\n${OPERATIONS}
const plain = (value: any): any => value === undefined ? 'undefined' : typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
export default dataset<any>('w').map('m', ({ call: [name, ...values] }) => {
  try { return { gave: JSON.parse(JSON.stringify(plain(OPERATIONS[name]!(...values)))) }; }
  catch (error: any) { return { error: error instanceof Error ? error.name : 'thrown' }; }
});\n`,
  );
  const bundled = await bundleWorkflow(file);
  const engines = {
    node: await createLocalEngine(bundled, { engine: 'node' }),
    native: await createLocalEngine(bundled, { engine: 'native' }),
  };
  const language: Language = {
    folder,
    run: async (engine, calls) => {
      const rows = encodeRowset(calls.map((call, index) => ({ kind: 'row', index, row: { call } })));
      const { parts, rejects } = await runPartitions(bundled, engines[engine], [rows]);
      if (rejects.length > 0) throw new Error(`a row is rejected: ${rejects[0]!.reason}`);
      return parts.train!.map((row) => ('error' in row ? `! ${row.error}` : row.gave));
    },
    both: async (calls) => {
      const [node, native] = [await language.run('node', calls), await language.run('native', calls)];
      calls.forEach((call, i) => {
        assertSame(call, node[i], native[i]);
      });
      return native;
    },
    compare: async (calls, here) => {
      const gave = await language.both(calls);
      calls.forEach((call, i) => {
        const [, ...values] = call;
        assertSame(
          call,
          tried(() => here(...(values as never[]))),
          gave[i],
        );
      });
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
  return language;
}

function assertSame(call: LanguageCall, expected: unknown, actual: unknown): void {
  if (!isDeepStrictEqual(expected, actual))
    throw new Error(`${JSON.stringify(call)}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`);
}

function tried(compute: () => unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(compute()));
  } catch (error) {
    return `! ${(error as Error).name}`;
  }
}

export const sample = <T>(arbitrary: fc.Arbitrary<T>, count: number, seed: number): T[] =>
  fc.sample(arbitrary, { numRuns: count, seed });
