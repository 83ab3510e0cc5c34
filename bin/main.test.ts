import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { startChild } from '../service/process/child.ts';
import { main } from './main.ts';

let folder: string;
let previous: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mizu-cli-'));
  previous = process.cwd();
  process.chdir(folder);
  await writeFile('rows.jsonl', '{"id":1,"text":"one"}\n{"id":2}\n{"id":\n');
  await writeFile(
    'good.ts',
    `import { dataset, z } from 'mizu';
export default dataset('good', z.object({ id: z.number(), text: z.string() })).map('up', (row) => ({ ...row, text: row.text.toUpperCase() }));
`,
  );
  await writeFile('bad.ts', (await readFile('good.ts', 'utf8')).replace('row.text.', 'row.txt.'));
});
afterAll(async () => {
  process.chdir(previous);
  await rm(folder, { recursive: true, force: true });
});
afterEach(() => vi.restoreAllMocks());

async function run(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const texts = { out: '', err: '' };
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    texts.out += String(text);
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    texts.err += String(text);
    return true;
  });
  const code = await main(argv);
  vi.restoreAllMocks();
  return { code, ...texts };
}

test('dev shows each step on some rows, and rejects with their reason', async () => {
  const { code, out } = await run('dev', 'good.ts', '--input', 'rows.jsonl');
  expect(code).toBe(0);
  expect(out).toContain('map up  1 in → 1 out');
  expect(out).toContain('{"text":"ONE"}');
  expect(out).toContain('text: Invalid input: expected string, received undefined');
  expect(out).toContain('lines that are no rows  1');
  expect(out).toContain('result  train 1 · rejects 2');
  expect(out).toMatch(/^ {2}node \S.*bin\/mizu\.mjs'? run good\.ts --input rows\.jsonl/m);
});

test('the options of the input stand in the commands that are printed next', async () => {
  await writeFile('rows.csv.gz', gzipSync('id;text\n1;"one; two"\n2;b\n'));
  await writeFile('text.ts', (await readFile('good.ts', 'utf8')).replace('z.number()', 'z.coerce.number()'));
  const { code, out } = await run('dev', 'text.ts', '--input', 'rows.csv.gz', '--delimiter', ';', '--rows', '1');
  expect(code).toBe(0);
  expect(out).toContain('{"text":"ONE; TWO"}');
  expect(out).toContain(" run text.ts --input rows.csv.gz --delimiter ';' --output out");
});

test('an input that is joined has a name, rules of its own, and stands in the commands that are printed next', async () => {
  await writeFile('orders.jsonl', '{"id":1,"sku":"a"}\n{"id":2,"sku":"c"}\n{"id":3,"sku":"b"}\n');
  await writeFile('prices.csv.gz', gzipSync('sku;price\na;2\nb;x\n"c\nd;5\n'));
  await writeFile(
    'joined.ts',
    `import { dataset, input, z } from 'mizu';
const prices = input('prices', z.object({ sku: z.string(), price: z.coerce.number() }));
export default dataset('joined', z.object({ id: z.number(), sku: z.string() }))
  .join('price', prices, { on: (row) => row.sku, key: (price) => price.sku, how: 'left' })
  .map('cents', (row) => ({ id: row.id, cents: row.price === null ? null : 100 * row.price.price }));
`,
  );
  const inputs = ['--input', 'prices=prices.csv.gz', '--delimiter', 'prices=;', '--input', 'orders.jsonl'];
  const { code, out } = await run('dev', 'joined.ts', ...inputs);
  expect(code).toBe(0);
  expect(out).toContain('input prices  4 in → 2 out, 2 rejected');
  expect(out).toContain('validate input  3 in → 3 out');
  expect(out).toContain('join price  3 in → 3 out');
  expect(out).toContain('rejected  2 by prices, the first: price: Invalid input');
  expect(out).toContain('result  train 3 · rejects 2');
  expect(out).toContain(" run joined.ts --input orders.jsonl --input prices=prices.csv.gz --delimiter 'prices=;'");
  for (const [given, message] of [
    [['orders.jsonl'], 'The workflow joins the input prices, which is not given.'],
    [['prices=prices.csv.gz'], 'expected: one input without a name'],
    [['-', 'prices=-'], 'expected: standard input for one of them'],
    [['orders.jsonl', 'rows.jsonl'], 'got:      two without a name'],
  ] as const) {
    const refused = await run('dev', 'joined.ts', ...given.flatMap((one) => ['--input', one]));
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining(message)]);
  }
});

test('dev reads standard input no further than it must', async () => {
  const bin = fileURLToPath(new URL('./mizu.mjs', import.meta.url));
  const child = startChild(
    process.execPath,
    [bin, 'dev', 'good.ts', '--input', '-', '--format', 'jsonl', '--rows', '2'],
    {
      stdio: ['pipe', 'pipe', 'pipe'],
      cwd: folder,
    },
  );
  const texts = { out: '', err: '' };
  child.stdout.on('data', (chunk) => {
    texts.out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    texts.err += chunk;
  });
  // Never ended by this side; what is not read may be refused.
  child.stdin.on('error', () => undefined);
  child.stdin.write(`{"id":1,"text":"one"}\n{"id":2,"text":"two"}\n${'{"id":3}\n'.repeat(1_000)}{"id":4`);
  const [code] = (await once(child, 'close')) as [number];
  // On a slow machine it says where it is.
  expect([code, texts.err.replace(/^.*, \d+ s\n/gm, '')]).toEqual([0, '']);
  expect(texts.out).toContain('result  train 2 · rejects 0');
  expect(texts.out).toContain(' run good.ts --input - --format jsonl --output out');
});

test('with --json everything is one JSON value a line', async () => {
  const { code, out } = await run('dev', 'good.ts', '--input', 'rows.jsonl', '--json');
  expect(code).toBe(0);
  const value = JSON.parse(out) as {
    parts: { train: unknown[] };
    rejects: { operator: string }[];
    operators: { label: string }[];
  };
  expect(value.parts.train).toEqual([{ id: 1, text: 'ONE' }]);
  expect(value.rejects.map(({ operator }) => operator)).toEqual(['input', 'input']);
  expect(value.operators.map(({ label }) => label)).toEqual(['validate input', 'map up']);
});

test.each([
  [['dev', 'bad.ts', '--input', 'rows.jsonl'], /bad\.ts:2:\d+: Property 'txt' does not exist .*Did you mean 'text'/],
  [['dev', 'none.ts', '--input', 'rows.jsonl'], /cannot be read: none\.ts/],
  [['dev', 'good.ts', '--input', 'none.jsonl'], /cannot be read: none\.jsonl/],
  [['runs', '--rpc', 'http://127.0.0.1:1'], /does not answer/],
  [['watch', 'nonsense'], /Expected 0x and 64 hex digits/],
  [['verify', 'nonsense', '--rpc', 'http://127.0.0.1:1'], /0x and 64 hex digits/],
  [['runs', '--rpc', 'nonsense'], /Expected an http or https URL/],
  [['rnus'], /Did you mean runs\?/],
  [['run', 'good.ts'], /required option/],
])('%j is a user error with what to do', async (argv, message) => {
  const { code, err } = await run(...argv);
  expect(code).toBe(1);
  expect(err).toMatch(message);
});

test('errors are JSON with --json', async () => {
  const { code, err } = await run('quote', 'none.ts', '--input', 'rows.jsonl', '--json');
  expect(code).toBe(1);
  expect(JSON.parse(err)).toMatchObject({ error: { code: 'cli/no-file', actual: 'ENOENT' } });
});

test('without arguments the commands are listed', async () => {
  const { code, out } = await run();
  expect(code).toBe(0);
  expect(out).toContain('Usage: mizu');
});

test('who reads the output may stop', async () => {
  const bin = fileURLToPath(new URL('./mizu.mjs', import.meta.url));
  const child = startChild(process.execPath, [bin, 'run', '--help'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.destroy();
  let err = '';
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  const [code] = (await once(child, 'close')) as [number];
  expect([code, err]).toEqual([141, '']);
});

test('every command has an example in its help', async () => {
  const { code, out } = await run('--help');
  expect(code).toBe(0);
  expect(out).toContain('Exit codes: 0 ok, 1 user error, 2 the run failed or has no row, 3 the verification failed');
  const names = [
    'demo',
    'devnet',
    'dev',
    'quote',
    'deploy',
    'run',
    'watch',
    'runs',
    'why',
    'dataset',
    'verify',
    'vm',
    'invite',
    'sequencer',
    'da',
  ];
  for (const name of names) expect(out).toMatch(new RegExp(`^  ${name} `, 'm'));
  for (const argv of [
    ['dev'],
    ['quote'],
    ['deploy'],
    ['run'],
    ['watch'],
    ['runs'],
    ['why'],
    ['dataset', 'get'],
    ['verify'],
    ['vm', 'run'],
    ['gateway'],
    ['invite'],
  ]) {
    const help = await run(...argv, '--help');
    expect(help.code).toBe(0);
    expect(help.out).toContain(`Example:\n`);
  }
});

test('a changed dataset folder fails the verification with exit code 3', async () => {
  const root = `0x${'01'.repeat(32)}`;
  const manifest = {
    mizu: 'dataset',
    run: root,
    datasetRoot: root,
    rpcUrl: 'http://127.0.0.1:1',
    chainId: 1,
    inbox: `0x${'02'.repeat(20)}`,
    files: [],
    entries: [],
  };
  await writeFile('manifest.json', JSON.stringify(manifest));
  const { code, err } = await run('verify', '.');
  expect(code).toBe(3);
  expect(err).toContain('The dataset was changed: manifest.json');
});
