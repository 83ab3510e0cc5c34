// docs/sdk.md#compile, docs/sdk.md#packages: what a workflow's file may hold, and what is refused before anything runs.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { MizuError } from '../../protocol/errors.ts';
import { bundleWorkflow } from '../../sdk/compile/compile.ts';
import { runLocal } from '../../sdk/local/run-local.ts';
import { type Case, type CaseKind, told } from './case.ts';

/** Lines of the file; the row that it is run on is {text: "a|b"}. */
type FileCase = readonly [name: string, lines: readonly string[], wanted: string];

const HEAD = "import { dataset, z } from 'mizu';";
const map = (code: string) => `export default dataset<any>('w').map('m', (r: any) => (${code}));`;
const generate = (options: string) => `export default dataset<any>('w').generate('a', { ${options} });`;

/** What lies beside the file. */
const BESIDE: Readonly<Record<string, string>> = {
  'words.txt': 'one\ntwo\n',
  'data.json': '{"items":[1,2]}',
  'tsconfig.json': '{"compilerOptions":{"paths":{"@lib/*":["./lib/*"]}}}',
  'lib/x.ts': 'export const x = 5;',
  'node_modules/old/package.json': '{"name":"old","main":"index.js"}',
  'node_modules/old/index.js': 'exports.twice = (n) => 2 * n;',
  'node_modules/web/package.json':
    '{"name":"web","main":"index.js","browser":{"./index.js":"./web.js","stream":false}}',
  'node_modules/web/index.js': "require('stream'); exports.where = 'node';",
  'node_modules/web/web.js': "exports.where = 'browser'; exports.stream = typeof require('stream').Readable;",
  'node_modules/hashes/package.json': '{"name":"hashes","type":"module","exports":"./index.js"}',
  'node_modules/hashes/index.js': "import { createHash } from 'crypto'; export const hash = createHash;",
};

const FILES: readonly FileCase[] = [
  [
    'JSON and text',
    [
      HEAD,
      "import data from './data.json' with { type: 'json' };",
      "import words from './words.txt';",
      map("{ n: (data as any).items.length, w: (words as any).split('\\n')[1] }"),
    ],
    '{"n":2,"w":"two"}',
  ],
  [
    'enums, classes, a namespace of mizu',
    [
      HEAD,
      "import * as mizu from 'mizu';",
      'enum E { A = 3 }',
      'class C { #x = 4; get x() { return this.#x; } }',
      map('{ a: E.A, x: new C().x, z: typeof mizu.z.string }'),
    ],
    '{"a":3,"x":4,"z":"function"}',
  ],
  ['a package of CommonJS', [HEAD, "import { twice } from 'old';", map('{ n: twice(4) }')], '{"n":8}'],
  [
    'a package with a part for browsers',
    [HEAD, "import { stream, where } from 'web';", map('{ where, stream }')],
    '{"stream":"undefined","where":"browser"}',
  ],
  [
    'a package that needs Node',
    [HEAD, "import { hash } from 'hashes';", map('{ h: typeof hash }')],
    'refused: …crypto…',
  ],
  [
    'a package that is not there',
    [HEAD, "import slugify from 'slugify';", map('{ s: slugify(r.text) }')],
    'refused: sdk/bundle: w.ts:2:… Could not resolve "slugify"…',
  ],
  [
    'paths of a tsconfig',
    [HEAD, "import { x } from '@lib/x';", map('{ x }')],
    'refused: sdk/bundle: w.ts:2:… Could not resolve "@lib/x"…',
  ],
  [
    'top-level await',
    [HEAD, 'const v = await Promise.resolve(3);', map('{ v }')],
    'refused: sdk/bundle: w.ts:2:… Top-level await …',
  ],
  ['a clock', [HEAD, map('{ t: Date.now() }')], 'refused: …w.ts:2…'],
  ['fetch', [HEAD, map("{ t: fetch('http://a/') }")], 'refused: …w.ts:2…'],
  [
    'a local variable with the name of a global',
    [HEAD, "const process = { argv: 'mine' };", map('{ a: process.argv }')],
    '{"a":"mine"}',
  ],
  [
    'an async function',
    [HEAD, "export default dataset<any>('w').map('m', (async (r: any) => r) as any);"],
    '✗ TypeError: a promise is not allowed in an operator: …(w.ts:2)',
  ],
  [
    'the line of an error, below an import of many lines',
    [
      'import {',
      '  dataset,',
      '  z,',
      "} from 'mizu';",
      '',
      'const Row = z.object({ text: z.string() });',
      '',
      "export default dataset('w', Row)",
      "  .map('boom', (row) => {",
      "    const parts = row.text.split('|');",
      '    return { text: parts[5]!.trim() };',
      '  });',
    ],
    '✗ TypeError: …(w.ts:11)',
  ],
  [
    'fields that a schema does not name',
    [HEAD, "export default dataset('w', z.object({})).map('m', (r) => ({ ...r, n: 1 }));"],
    '{"n":1}',
  ],
  [
    'a model named like a field',
    [
      HEAD,
      "export default dataset<any>('w').generate('text', { model: 'builtin/small', prompt: (r: any) => r.text });",
    ],
    "✗ the prompt failed: TypeError: the row has a field 'text' already: give the operator another name, or take the field away (w.ts:2)",
  ],
  [
    'a prompt that is undefined',
    [HEAD, generate("model: 'builtin/small', prompt: (r: any) => r.nope")],
    '✗ the prompt failed: TypeError: a prompt is a string or a list of messages, not undefined (w.ts:2)',
  ],
  [
    'a prompt that throws',
    [HEAD, generate("model: 'builtin/small', prompt: (r: any) => r.nope.x")],
    '✗ the prompt failed: TypeError: …(w.ts:2)',
  ],
  [
    'an optional field of an answer',
    [HEAD, generate("model: 'builtin/small', prompt: () => '', output: z.object({ x: z.string().optional() })")],
    'refused: sdk/output-schema: answer.x is optional…',
  ],
  ['no workflow', [HEAD, 'export const x = 1;'], 'refused: …'],
  [
    'an operator twice',
    [HEAD, "export default dataset<any>('w').map('m', (r) => r).map('m', (r) => r);"],
    'refused: …',
  ],
];

async function cameOf(file: string): Promise<string> {
  try {
    const { parts, rejects } = await runLocal(await bundleWorkflow(file), [{ text: 'a|b' }], { engine: 'node' });
    return told(
      parts.train!,
      rejects.map(({ reason }) => reason),
    );
  } catch (error) {
    if (!(error instanceof MizuError)) throw error;
    return `refused: ${error.code}: ${[error.actual, error.message, error.hint].join('; ')}`;
  }
}

export const FILES_KIND: CaseKind = {
  kind: 'files',
  page: 'docs/sdk.md#compile',
  run: async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mizu-cases-'));
    try {
      for (const [name, text] of Object.entries(BESIDE)) {
        await mkdir(dirname(join(folder, name)), { recursive: true });
        await writeFile(join(folder, name), text);
      }
      const cases: Case[] = [];
      for (const [name, lines, wanted] of FILES) {
        const file = join(folder, 'w.ts');
        await writeFile(file, `${lines.join('\n')}\n`);
        const input = lines.filter((line) => line !== HEAD).join(' ');
        cases.push({ name, input, came: await cameOf(file), wanted });
      }
      return cases;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};
