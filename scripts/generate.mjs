// Writes every generated file; with --check only compares and exits 1 on a difference. Order matters: constants before
// what is compiled from them.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generateKernel } from './generate/kernel.mjs';
import { generateKernelConstants } from './generate/kernel-constants.mjs';
import { generateLlama } from './generate/llama-program.mjs';
import { generateQuickJsGlue } from './generate/quickjs-glue.mjs';
import { generateStepCore } from './generate/step-core.mjs';
import { generateTree } from './generate/tree.mjs';
import { generateUseLite } from './generate/use-lite-program.mjs';
import { generateWasiAdapter } from './generate/wasi-adapter.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const check = process.argv.includes('--check');
const FILES = [
  generateTree,
  generateKernelConstants,
  generateKernel,
  generateWasiAdapter,
  generateQuickJsGlue,
  generateStepCore,
  generateLlama,
  generateUseLite,
];
const PROGRAMS = [
  'scripts/generate/isa-docs.ts',
  'scripts/generate/api.ts',
  'scripts/generate/contracts.ts',
  'scripts/generate/error-docs.ts',
  'scripts/generate/builtin-model.ts',
  'scripts/generate/models.ts',
  'scripts/generate/ids.ts',
];
let stale = 0;

for (const generate of FILES) {
  const { path, content } = await generate();
  const file = join(root, path);
  if (existsSync(file) && readFileSync(file).equals(Buffer.from(content))) continue;
  if (check) {
    stale++;
    console.error(`${path} is not what its source generates: run \`npm run generate\` and commit the result.`);
    continue;
  }
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  console.log(`wrote ${path}`);
}
for (const program of PROGRAMS) {
  const args = ['--import', './scripts/ts.mjs', program, ...(check ? ['--check'] : [])];
  if (spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status !== 0) stale++;
}
process.exitCode = stale === 0 ? 0 : 1;
