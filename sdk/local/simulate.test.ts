// docs/sdk.md#simulate: a program of the workflow's own on each row, in both engines; whatever goes wrong costs its row alone.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import wabt from 'wabt';
import { objectsOfDefinition } from '../../protocol/definition.ts';
import { objectRef } from '../../protocol/tree.ts';
import { type BundledWorkflow, bundleWorkflow, compileWorkflow } from '../compile/compile.ts';
import { operatorCodes } from '../compile/operator-code.ts';
import { tryWorkflow } from '../testing.ts';
import type { EngineName } from './engine.ts';
import { runLocal } from './run-local.ts';

const WALKS = fileURLToPath(new URL('../../examples/walks/workflow.ts', import.meta.url));

// The first writes what it reads; the second says why on standard error and ends with exit code 3; the third starts with 257 MiB.
const IMPORTS = `(import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))`;
const copying = (to: number, then: string) => `(module ${IMPORTS}
  (memory (export "memory") 20)
  (func (export "_start")
    (i32.store (i32.const 0) (i32.const 64))
    (i32.store (i32.const 4) (i32.const 1200000))
    (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
    (i32.store (i32.const 4) (i32.load (i32.const 8)))
    (drop (call $write (i32.const ${to}) (i32.const 0) (i32.const 1) (i32.const 12)))
    ${then}))`;
const MODULES: Readonly<Record<string, string>> = {
  echo: copying(1, ''),
  other: copying(1, '(call $exit (i32.const 0))'),
  sad: copying(2, '(call $exit (i32.const 3))'),
  huge: '(module (memory (export "memory") 4097) (func (export "_start")))',
  reactor: '(module (memory (export "memory") 1) (func (export "_initialize")))',
  browser:
    '(module (import "env" "alert" (func $alert)) (memory (export "memory") 1) (func (export "_start") (call $alert)))',
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mizu-simulate-'));
  const { parseWat } = await wabt();
  for (const [name, wat] of Object.entries(MODULES))
    await writeFile(join(folder, `${name}.wasm`), parseWat(name, wat).toBinary({}).buffer);
  await mkdir(join(folder, 'sub'));
  await writeFile(join(folder, 'text.wasm'), '(module)');
  await writeFile(join(folder, 'long.wasm'), new Uint8Array(8 * 1024 * 1024 + 1));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let count = 0;
async function bundle(options: string, before = '', after = ''): Promise<BundledWorkflow> {
  const file = join(folder, `w${count++}.ts`);
  const text = `import { dataset, z } from 'mizu';\nexport default dataset<any>('w')${before}.simulate('x', { ${options} })${after};\n`;
  await writeFile(file, text);
  return bundleWorkflow(file);
}

const ECHO = "program: 'echo.wasm', input: (r: any) => r.t";

const JSON_ECHO = `${ECHO}, output: z.object({ n: z.number().refine((n) => n > 1, 'too small') })`;
const SEEDED_ECHO = `${ECHO}, seed: (r: any) => r.s ?? 0`;

test.each<[string, string, readonly (readonly [row: object, output: unknown])[]]>([
  [
    'a text',
    SEEDED_ECHO,
    [
      // As it is, and it may be empty.
      [{ t: ' a\n```\n' }, ' a\n```\n'],
      [{ t: '' }, ''],
      // An object is canonical JSON on standard input.
      [{ t: { t: 'é', b: [1, undefined], a: 0.1 } }, '{"a":0.1,"b":[1,null],"t":"é"}'],
      [{ t: 'a'.repeat(65_537) }, /65537 bytes of output, at most 65536 are kept$/],
      [{ t: 'a', x: 1 }, /^the input failed: TypeError: the row has a field 'x' already/],
      [{ t: 1 }, /^the input failed: TypeError: input is a text or an object, not a number/],
      [{}, /^the input failed: TypeError: input is a text or an object, not undefined/],
      [{ t: 'a', s: 0.5 }, /^the input failed: TypeError: the seed is an integer, not 0.5/],
      [{ t: 'a', s: '1' }, /^the input failed: TypeError: the seed is an integer, not a string/],
    ],
  ],
  [
    'JSON',
    JSON_ECHO,
    [
      [{ t: '{"n":2}\n' }, { n: 2 }],
      [{ t: '{n}' }, /^the simulator gave no output: edge\/schema: not JSON: .*; the program wrote: \{n\}$/],
      [{ t: '{"n":"1"}' }, /edge\/schema: \/n must be number; the program wrote: \{"n":"1"\}$/],
      [{ t: '{"n":1}' }, /^the output does not fit: .*too small; the program wrote: \{"n":1\}$/],
      [{ t: '{"n":9007199254740993}' }, /^the number 9007199254740993 of the output cannot be kept/],
    ],
  ],
  ['an exit code', "program: 'sad.wasm', input: (r: any) => r.t", [[{ t: 'no map' }, /exit code 3: no map$/]]],
  ['nothing for want of gas', `${ECHO}, gasLimit: 10`, [[{ t: 'a' }, /it has used up its gas, 10$/]]],
])(
  'a program that writes %s gives the field, or its row is rejected with the reason',
  async (_name, options, cases) => {
    const rows = cases.map(([row]) => row);
    const { parts, rejects } = await runLocal(await bundle(options), rows, { engine: 'node' });
    const good = parts.train!.map(({ x }) => x);
    expect(good).toEqual(cases.flatMap(([, output]) => (output instanceof RegExp ? [] : [output])));
    const bad = cases.flatMap(([, output], index) => (output instanceof RegExp ? [[index, output] as const] : []));
    expect(rejects.map(({ index }) => index)).toEqual(bad.map(([index]) => index));
    for (const [i, [, reason]] of bad.entries()) expect(rejects[i]!.reason).toMatch(reason);
  },
);

test('the same input and seed give the same bytes in both engines, whatever stands around them', async () => {
  const bundled = await bundleWorkflow(WALKS);
  const walk = (rows: readonly object[], engine: EngineName, partitions: number) =>
    runLocal(bundled, rows, { engine, partitions }).then(({ parts, rejects }) => [
      parts,
      rejects.map(({ index, reason }) => [index, reason]),
    ]);
  const rows = fc.array(fc.record({ id: fc.maxSafeInteger(), steps: fc.integer({ min: 1, max: 3_000 }) }), {
    minLength: 1,
    maxLength: 6,
  });
  await fc.assert(
    fc.asyncProperty(rows, fc.integer({ min: 1, max: 3 }), async (some, partitions) => {
      expect(await walk(some, 'native', partitions)).toEqual(await walk(some, 'node', 1));
    }),
    { numRuns: 5 },
  );
});

test('in a test the program answers, or who stands in for it', async () => {
  const row = { id: 4, steps: 400 };
  expect((await tryWorkflow(WALKS, [row])).rows).toEqual([{ ...row, end: 2, furthest: 15 }]);
  const answers = { walk: () => ({ end: 1, furthest: 1 }) };
  const tried = await tryWorkflow(WALKS, [row], { answers });
  expect(tried.rows).toEqual([{ ...row, end: 1, furthest: 1 }]);
  expect(tried.questions).toMatchObject([{ operator: 'walk', model: 'simulator/wasi', prompt: '400' }]);
});

describe('a program', () => {
  test.each([
    ['is not there', 'none.wasm', /no such file/],
    ['is a folder', 'sub', /no file|directory/],
    ['is not WebAssembly', 'text.wasm', /The WebAssembly module is malformed/],
    ['is larger than 8 MiB', 'long.wasm', /8388609 bytes/],
    ['is no command', 'reactor.wasm', /WASI reactor/],
    ['is not for WASI', 'browser.wasm', /alert/],
    ['starts with more memory than there is', 'huge.wasm', /4097 pages/],
  ])('that %s is refused when the workflow is compiled', async (_name, file, actual) => {
    const error = await bundle(`program: '${file}', input: () => ''`).catch((one) => one);
    expect(error.code).toBe('sdk/simulator');
    expect(error.actual + error.expected).toMatch(actual);
  });

  test('is deployed with the workflow, once, and is part of its id and of the code of the operators from there on', async () => {
    const twice = `.simulate('y', { ${ECHO} })`;
    const file = (await bundle(ECHO, ".map('m', (r) => r)", twice)).file;
    const { definition, objects, simulators, workflowId, codes } = await compileWorkflow(file);
    const { ref } = simulators.get('x')!;
    expect(simulators.get('y')!.ref).toEqual(ref);
    expect(definition.programs.map(({ wasmRoot }) => wasmRoot)[1]).toBe(ref.root);
    expect(definition.programs).toHaveLength(2);
    expect(objects.map(objectRef)).toEqual(objectsOfDefinition(definition));
    // The file of the program changes, and nothing else.
    const { parseWat } = await wabt();
    await writeFile(join(folder, 'echo.wasm'), parseWat('other', MODULES.other!).toBinary({}).buffer);
    const changed = await compileWorkflow(file);
    await writeFile(join(folder, 'echo.wasm'), parseWat('echo', MODULES.echo!).toBinary({}).buffer);
    expect(changed.workflowId).not.toBe(workflowId);
    const same = codes!.operators.map(({ code }, i) => code === changed.codes!.operators[i]!.code);
    expect(same).toEqual([true, false, false]);
    expect(codes!.whole).toBe(null);
    const settings = codes!.operators[1]!.settings;
    expect(settings).toEqual({ model: 'simulator/wasi', gasLimit: 100_000_000, program: ref.root });
    expect(await operatorCodes(file, changed.description.operators, '')).toMatchObject({
      operators: changed.codes!.operators,
    });
  });
});
