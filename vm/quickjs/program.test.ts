// docs/vm.md#quickjs: what a JavaScript program can do, what it cannot, and that its image is the same everywhere.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type PlainTask, parameters, runPlain } from '../../test/modules/plain-host.fixture.ts';
import { createQuickJsProgram } from './program.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

async function run(main: string, inputs: readonly (string | Uint8Array)[] = [], task: PlainTask = {}, before = '') {
  const program = await createQuickJsProgram(`${before}\nglobalThis.__mizu_main = ${main};`, { fileName: 'flow.js' });
  const all = [parameters(['aflow']), ...inputs.map((input) => (typeof input === 'string' ? bytes(input) : input))];
  const result = await runPlain(program, { inputs: all, ...task });
  return { ...result, text: Buffer.from(result.output).toString() };
}

describe('input', () => {
  const EACH = `(io) => { io.open(1); while (io.next()) io.write('[' + io.line() + ']'); }`;

  it('reads lines, the last one with or without its newline, empty ones too', async () => {
    expect((await run(EACH, ['a\n\nbé\n'])).text).toBe('[a][][bé]');
    expect((await run(EACH, ['a\nb'])).text).toBe('[a][b]');
    expect((await run(EACH, [''])).text).toBe('');
  });

  it('reads lines longer than the buffer and lines that straddle its end', async () => {
    const lines = [1, 65_535, 65_536, 10, 200_000, 3, 65_537].map((length, i) =>
      String.fromCharCode(97 + i).repeat(length),
    );
    expect((await run(EACH, [lines.join('\n')])).text).toBe(lines.map((line) => `[${line}]`).join(''));
  });

  it('parses lines as JSON and goes on after a broken one', async () => {
    const main = `(io) => { io.open(1); while (io.next()) {
      try { io.write(JSON.stringify(io.json()) + ';'); } catch (error) { io.write(error.name + ':' + io.line() + ';'); } } }`;
    const lines = ['{"a":[1,"é\\u0000"]}', '{"a":', '3', '', '"\\ud83d\\ude00"'];
    expect((await run(main, [lines.join('\n')])).text).toBe(
      '{"a":[1,"é\\u0000"]};SyntaxError:{"a":;3;SyntaxError:;"😀";',
    );
  });

  it('reads bytes and text at any offset of any input', async () => {
    const main = `(io) => io.write([io.inputCount(), io.inputSize(2), io.readText(2, 1, 3), [...io.read(2, 4, 2)], io.read(1, 0, 0).length].join('|'))`;
    expect((await run(main, ['', 'xabcde'])).text).toBe('3|6|abc|100,101|0');
  });

  it('hands over arguments and environment', async () => {
    const program = await createQuickJsProgram(
      'globalThis.__mizu_main = (io) => io.write(JSON.stringify([io.params, io.env]))',
    );
    const inputs = [parameters(['aflow', 'a--x', 'eHOME=/a=b', 'eEMPTY='])];
    expect(Buffer.from((await runPlain(program, { inputs })).output).toString()).toBe(
      '[["flow","--x"],{"HOME":"/a=b","EMPTY":""}]',
    );
    expect(Buffer.from((await runPlain(program)).output).toString()).toBe('[[],{}]');
  });

  it('refuses inputs and ranges that do not exist', async () => {
    const main = `(io) => { for (const f of [() => io.inputSize(2), () => io.open(-1), () => io.read(1, 2, 2), () => io.readText(1, 0.5, 1)]) {
      try { f(); } catch (error) { io.write(error.name + ' '); } } }`;
    expect((await run(main, ['abc'])).text).toBe('RangeError RangeError RangeError RangeError ');
  });
});

describe('output', () => {
  it('writes strings as UTF-8, and bytes as they are', async () => {
    const result = await run(
      `(io) => { io.write('é😀\\0'); io.write(new Uint8Array([0, 255])); io.write(''); io.write(new Uint8Array(0)); }`,
    );
    expect(Buffer.from(result.output).toString('hex')).toBe('c3a9f09f98800000ff');
  });

  it('refuses anything else', async () => {
    expect((await run('(io) => io.write(3)')).log).toMatch(
      /TypeError: io.write takes a string or a Uint8Array, not number/,
    );
  });

  it('logs', async () => {
    const { log } = await run(
      `(io) => { io.log('one'); console.error('two', { a: 1 }, [2], new Error('three').message, undefined); }`,
    );
    expect(log).toBe('onetwo {"a":1} [2] three undefined\n');
  });
});

describe('promises', () => {
  it('runs jobs to their end', async () => {
    expect((await run(`async (io) => { for (let i = 0; i < 3; i++) { await null; io.write(String(i)); } }`)).text).toBe(
      '012',
    );
  });

  it('fails when main rejects, when a rejection is left alone, and when main never ends', async () => {
    const late = await run(`async () => { await null; throw new RangeError('too far'); }`);
    expect([late.exitCode, late.log]).toEqual([1, expect.stringMatching(/^RangeError: too far\n.*flow\.js:2/)]);
    const lost = await run(`() => { Promise.reject(new Error('lost')); }`);
    expect([lost.exitCode, lost.log]).toEqual([1, expect.stringMatching(/^Error: lost/)]);
    const handled = await run(
      `() => { const p = Promise.reject(new Error('late')); Promise.resolve().then(() => p.catch(() => {})); }`,
    );
    expect(handled.exitCode).toBe(0);
    const never = await run('() => new Promise(() => {})');
    expect([never.exitCode, never.log]).toEqual([1, expect.stringMatching(/still pending/)]);
  });
});

describe('failure', () => {
  it('logs an uncaught error with its stack and cause, and exits with 1', async () => {
    const result = await run(
      '(io) => deep()',
      [],
      {},
      `function deep() { throw new TypeError('no é', { cause: new Error('why') }); }`,
    );
    expect(result.exitCode).toBe(1);
    expect(result.log).toMatch(/^TypeError: no é\n {4}at deep \(flow\.js:1:\d+\)\n[\s\S]*caused by Error: why/);
    expect((await run(`() => { throw { code: 7 }; }`)).log).toBe('Uncaught {"code":7}\n');
  });

  it('turns endless recursion into a RangeError that can be caught', async () => {
    const recursions = [
      'const f = (n) => f(n + 1) + 1; f(0)',
      'const f = () => [1].map(f); f()',
      'const f = () => [2, 1].sort(f); f()',
      'const f = { toString: () => String(f) }; String(f)',
      'class A { get x() { return this.x; } } new A().x',
      'const p = new Proxy({}, { get: (t, k, r) => r[k] }); p.x',
      'function* g() { yield* g(); } [...g()]',
    ];
    const main = `(io) => { for (const text of ${JSON.stringify(recursions)}) {
      try { (0, eval)('{' + text + '}'); } catch (error) { io.write(error.name + ' '); } } }`;
    expect((await run(main)).text.trim().split(' ')).toEqual(recursions.map(() => 'RangeError'));
  });

  it('turns too much memory into an error', async () => {
    const { exitCode, log } = await run(`() => { const all = []; for (;;) all.push(new Uint8Array(1 << 24)); }`);
    expect([exitCode, log]).toEqual([1, expect.stringMatching(/out of memory/)]);
  });
});

describe('determinism', () => {
  it('has the clock of the run, in UTC', async () => {
    const timestamp = 1_700_000_000_123_000_000n;
    const main = `(io) => io.write([Date.now(), new Date().toString(), new Date(2024, 6, 1).getTimezoneOffset(), new Date('2024-01-01T00:00:00').getTime()].join('|'))`;
    expect((await run(main, [], { timestamp })).text).toBe(
      '1700000000123|Tue Nov 14 2023 22:13:20 GMT+0000 (UTC)|0|1704067200000'.replace(' (UTC)', ''),
    );
  });

  it('has random numbers of the seed', async () => {
    const main = `(io) => io.write(JSON.stringify([Math.random(), Math.random()]))`;
    const draw = async (seed: number): Promise<number[]> =>
      JSON.parse((await run(main, [], { seed: new Uint8Array(32).fill(seed) })).text);
    const [first, second] = (await draw(1)) as [number, number];
    expect(await draw(1)).toEqual([first, second]);
    expect(await draw(2)).not.toEqual([first, second]);
    for (const value of [first, second]) expect(value >= 0 && value < 1).toBe(true);
    expect(first).not.toBe(second);
  });

  it('has no network, timers, files or modules', async () => {
    const main = `(io) => io.write(['fetch', 'setTimeout', 'process', 'require', 'WebAssembly', 'Intl'].filter((name) => name in globalThis).join())`;
    expect((await run(main)).text).toBe('');
    expect((await run(`async () => { await import('node:fs'); }`)).exitCode).toBe(1);
  });

  it('codes text as UTF-8', async () => {
    const main = `(io) => { const e = new TextEncoder(), d = new TextDecoder(); io.write([[...e.encode('é\\ud800')].join(), d.decode(e.encode('a😀')), d.decode(new Uint8Array([97, 98]).buffer), JSON.stringify(e.encodeInto('aé', new Uint8Array(2)))].join('|')); }`;
    expect((await run(main)).text).toBe('195,169,239,191,189|a😀|ab|{"read":1,"written":1}');
  });

  it('builds one image from one bundle in any process', async () => {
    const bundle = `const table = new Map([...'mizu'].map((c, i) => [c, i])); globalThis.__mizu_main = (io) => io.write(String(table.get('z')));`;
    const here = createHash('sha256')
      .update(await createQuickJsProgram(bundle))
      .digest('hex');
    const script = `import { createHash } from 'node:crypto';
      const { createQuickJsProgram } = await import(${JSON.stringify(new URL('./program.ts', import.meta.url).href)});
      console.log(createHash('sha256').update(await createQuickJsProgram(${JSON.stringify(bundle)})).digest('hex'));`;
    const loader = new URL('../../scripts/ts.mjs', import.meta.url).href;
    const there = execFileSync(process.execPath, ['--import', loader, '--input-type=module', '-e', script], {
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
      env: { ...process.env, TZ: 'Asia/Kolkata', LANG: 'de_DE.UTF-8' },
      encoding: 'utf8',
    });
    expect(there.trim()).toBe(here);
  });

  it('codes text, draws numbers and logs at the top level as in a run', async () => {
    const before = `
      const coded = [...new TextEncoder().encode('aé😀')];
      const decoded = new TextDecoder().decode(new Uint8Array([98, 195, 169]));
      const target = new Uint8Array(4);
      const { read, written } = new TextEncoder().encodeInto('é😀', target);
      const drawn = Math.random();
      console.log(drawn >= 0 && drawn < 1);`;
    const main = `(io) => io.write(JSON.stringify([coded, decoded, read, written, drawn > 0 && drawn < 1,
      [...new TextEncoder().encode('aé😀')]]))`;
    const bytesOf = [97, 195, 169, 240, 159, 152, 128];
    expect(JSON.parse((await run(main, [], {}, before)).text)).toEqual([bytesOf, 'bé', 1, 2, true, bytesOf]);
  });

  it('keeps nothing between runs and starts from what the top level left', async () => {
    const program = await createQuickJsProgram(
      'let n = 40; n++; globalThis.__mizu_main = (io) => io.write(String(++n));',
    );
    for (let i = 0; i < 2; i++) expect(Buffer.from((await runPlain(program)).output).toString()).toBe('42');
  });
});

describe('bundles that are refused', () => {
  const refusals: readonly (readonly [string, RegExp])[] = [
    ['globalThis.main = 1;', /__mizu_main is not a function/],
    ['globalThis.__mizu_main = 3;', /__mizu_main is not a function/],
    ['const x = ;', /SyntaxError[\s\S]*flow\.js:1/],
    ['\nthrow new Error("at top");', /Error: at top[\s\S]*flow\.js:2/],
    ['globalThis.t = Date.now();', /clock/],
    ['new Date();', /clock/],
    ['Promise.reject(new Error("left")); globalThis.__mizu_main = () => {};', /Error: left/],
    ['(async () => { await null; throw new Error("later"); })(); globalThis.__mizu_main = () => {};', /Error: later/],
  ];
  it.each(refusals)('%s', async (bundle, said) => {
    const error = await createQuickJsProgram(bundle, { fileName: 'flow.js' }).then(
      () => undefined,
      (reason) => reason,
    );
    expect(error).toMatchObject({ name: 'MizuError', code: 'vm/bundle' });
    expect(`${error.message} ${error.actual}`).toMatch(said);
  });
});
