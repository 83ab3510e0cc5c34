// docs/vm.md#engines: `node --import ./scripts/ts.mjs test/conformance/run.ts FOLDER|FILE.json ... [--engine native|reference|step|evm] [--every N] [--seed N]`
// prints a table by file. With evm one step of every Nth call is proven in the verifier's bytecode; without an engine all but evm run and must agree.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import type { EngineName } from './engines.ts';
import { createSampler } from './step-engine.ts';
import { runSuiteFile } from './suite.ts';
import { createStepCheck } from './verify.ts';

const ENGINES: readonly EngineName[] = ['native', 'reference', 'step', 'evm'];
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    engine: { type: 'string' },
    every: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
  },
});
const chosen = ENGINES.find((engine) => engine === values.engine);
if (values.engine !== undefined && chosen === undefined)
  throw new Error(`no engine ${values.engine}: ${ENGINES.join(', ')}`);
const engines: readonly EngineName[] = chosen === undefined ? ['native', 'reference', 'step'] : [chosen];
const total = { passed: 0, refused: 0, text: 0, failed: 0, proven: 0 };
const check = chosen === 'evm' ? await createStepCheck() : undefined;

for (const file of positionals.flatMap(filesOf)) {
  const sampler = check === undefined ? undefined : createSampler(Number(values.every), Number(values.seed));
  const { passed, refused, text, failures } = runSuiteFile(dirname(file), basename(file), engines, sampler);
  const wrong = sampler === undefined ? [] : await check!(sampler.steps);
  const all = [...failures, ...wrong];
  const proven = sampler?.steps.length ?? 0;
  const proofs = sampler === undefined ? '' : `, ${proven} steps proven`;
  console.log(
    `${basename(file).padEnd(36)} ${passed} passed, ${refused} refused, ${text} text, ${all.length} failed${proofs}`,
  );
  for (const failure of all.slice(0, 10)) console.log(`    ${failure}`);
  total.passed += passed;
  total.refused += refused;
  total.text += text;
  total.failed += all.length;
  total.proven += proven;
}
if (positionals.length === 0) console.log('Skipped: no folder or file that wast2json wrote was given.');
console.log(
  `${total.passed} passed, ${total.refused} refused, ${total.text} text, ${total.failed} failed, ${total.proven} steps proven (${engines.join(' and ')})`,
);
process.exitCode = total.failed === 0 ? 0 : 1;

function filesOf(path: string): string[] {
  if (!existsSync(path)) {
    console.log(`Skipped: there is no ${path}.`);
    return [];
  }
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => join(path, name));
}
