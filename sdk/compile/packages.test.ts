// docs/sdk.md#packages: which part of an npm package is bundled, and what is said of one that needs Node.
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runLocal } from '../local/run-local.ts';
import { bundleWorkflow } from './compile.ts';

const PACKAGES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'field-browser': {
    'package.json': '{"main":"./node.js","browser":"./browser.js"}',
    'node.js': "module.exports = require('stream').Readable;",
    'browser.js': "module.exports = 'browser';",
  },
  'field-module': {
    'package.json': '{"main":"./node.js","module":"./module.js"}',
    'node.js': "module.exports = require('fs');",
    'module.js': "export default 'module';",
  },
  'map-browser': {
    'package.json': '{"main":"./index.js","browser":{"fs":false,"node:path":false,"./read.js":"./read-browser.js"}}',
    'index.js':
      "const fs = require('fs'); require('node:path'); module.exports = [require('./read.js'), Object.keys(fs).length];",
    'read.js': "module.exports = require('fs').readFileSync('x');",
    'read-browser.js': "module.exports = 'mapped';",
  },
  conditions: {
    'package.json':
      '{"exports":{".":{"node":"./node.js","browser":"./browser.js","default":"./default.js"},"./dom":{"worker":"./default.js","browser":"./dom.js"},"./plain":{"node":"./node.js","default":"./default.js"}}}',
    'node.js': "import fs from 'fs'; export default fs;",
    'browser.js': "export default 'condition browser';",
    'dom.js': 'export default document.title;',
    'default.js': "export default 'default';",
  },
  'common-js': {
    'package.json': '{"main":"./index.js"}',
    'index.js':
      "'use strict'; const { twice } = require('./twice'); exports.four = twice(2); if (process.env.NODE_ENV !== 'production') throw new Error('dev'); exports.where = typeof global.URL + typeof process + typeof window;",
    'twice.js': 'exports.twice = (n) => n * 2;',
  },
  lazy: {
    'package.json': '{"main":"./index.js"}',
    'index.js':
      "let crypto = null; try { crypto = require('crypto'); } catch {} module.exports = { has: crypto !== null, read: () => require('fs').readFileSync('x') };",
  },
  '@scope/needs-path': {
    'package.json': '{"main":"./lib/index.js"}',
    'lib/index.js': "const path = require('path'); module.exports = path.sep;",
  },
  outer: { 'package.json': '{"main":"./index.js"}', 'index.js': "module.exports = require('@scope/needs-path');" },
  'esm-fs': {
    'package.json': '{"type":"module","main":"./index.js"}',
    'index.js': "import { readFileSync } from 'node:fs';\nexport default readFileSync;",
  },
  'needs-dom': { 'package.json': '{"main":"./index.js"}', 'index.js': "module.exports = document.createElement('a');" },
  'needs-intl': { 'package.json': '{"main":"./index.js"}', 'index.js': 'module.exports = new Intl.Collator();' },
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mizu-packages-'));
  for (const [name, files] of Object.entries(PACKAGES)) {
    for (const [file, text] of Object.entries(files)) {
      const path = join(folder, 'node_modules', name, file);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, text);
    }
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function write(name: string, text: string): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, text);
  return file;
}

test('the part that needs no Node is bundled', async () => {
  const file = await write(
    'good.ts',
    `import { dataset } from 'mizu';
import a from 'field-browser';
import b from 'field-module';
import c from 'map-browser';
import d from 'conditions';
import e from 'conditions/dom';
import f from 'conditions/plain';
import { four, where } from 'common-js';
import lazy from 'lazy';
export default dataset<any>('w')
  .map('m', () => ({ all: [a, b, c, d, e, f, four, where, lazy.has] }))
  .map('reads', () => lazy.read());
`,
  );
  const { rejects } = await runLocal(file, [{ n: 1 }], { engine: 'node' });
  expect(rejects).toEqual([
    {
      index: 0,
      operator: 'reads',
      reason:
        "Error: good.ts:9: the package 'lazy' needs Node's module 'fs', which is not there in a workflow. (good.ts:12)",
      row: {
        all: [
          'browser',
          'module',
          ['mapped', 0],
          'condition browser',
          'default',
          'default',
          4,
          'functionundefinedundefined',
          false,
        ],
      },
    },
  ]);
});

test.each([
  [
    '@scope/needs-path',
    'sdk/bundle',
    /^bad.ts:4: the package '@scope\/needs-path' needs Node's module 'path', which is not there/,
  ],
  ['outer', 'sdk/bundle', /^bad.ts:4: the package '@scope\/needs-path' needs Node's module 'path', which is not there/],
  [
    'esm-fs',
    'sdk/bundle',
    /bad.ts:4:16: the package 'esm-fs' needs Node's module 'node:fs', .* Use a package that runs in browsers/,
  ],
  [
    'needs-dom',
    'sdk/evaluation',
    /^bad.ts:4: in the package 'needs-dom': document is not there in an operator: operators run in no browser/,
  ],
  [
    'needs-intl',
    'sdk/evaluation',
    /^bad.ts:4: in the package 'needs-intl': Intl is not there in an operator: .* compare texts/,
  ],
])('%s is refused with the line that imports it', async (name, code, says) => {
  const file = await write(
    'bad.ts',
    `// é\nimport {\n  dataset, z } from 'mizu';\nimport it from '${name}';\nexport default dataset<any>('w', z.any()).map('m', () => ({ it }));\n`,
  );
  const error = await bundleWorkflow(file).then(
    () => undefined,
    (reason) => reason,
  );
  expect(error).toMatchObject({ name: 'MizuError', code });
  expect(error.message.startsWith('The workflow cannot') ? error.actual : error.message).toMatch(says);
});

test("a column counts characters, and what the user's own file needs is said of its line", async () => {
  const file = await write('own.ts', `/* ééé */ import { readFileSync } from 'fs';\nexport default readFileSync;\n`);
  await expect(bundleWorkflow(file)).rejects.toMatchObject({
    code: 'sdk/bundle',
    actual: expect.stringMatching(/^own.ts:1:40: 'fs' is not there in a workflow/),
  });
});

test('a program is the same wherever its packages lie', async () => {
  const file = await write(
    'place.ts',
    `import { dataset } from 'mizu';\nimport { four } from 'common-js';\nexport default dataset<any>('w')\n  .map('m', () => ({ four }));\n`,
  );
  const elsewhere = join(folder, 'some', 'where else');
  await cp(join(folder, 'node_modules', 'common-js'), join(elsewhere, 'node_modules', 'common-js'), {
    recursive: true,
  });
  await cp(file, join(elsewhere, 'place.ts'));
  const [one, two] = [await bundleWorkflow(file), await bundleWorkflow(join(elsewhere, 'place.ts'))];
  expect(one.bundle === two.bundle).toBe(true);
  expect(one.bundle).toContain('"common-js/twice.js"(');
});
