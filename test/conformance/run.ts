// docs/vm.md#engines: `node --import ./scripts/ts.mjs test/conformance/run.ts FOLDER [--engine native|reference]` prints a table per file.
import { existsSync, readdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { EngineName } from './engines.ts';
import { runSuiteFile } from './suite.ts';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { engine: { type: 'string' } } });
const folder = positionals[0];
const engines: EngineName[] =
  values.engine === 'native' || values.engine === 'reference' ? [values.engine] : ['native', 'reference'];

if (folder === undefined || !existsSync(folder)) {
  console.log(`Skipped: no folder ${folder ?? 'given'} with the files that wast2json wrote.`);
} else {
  const total = { passed: 0, refused: 0, text: 0, failed: 0 };
  for (const file of readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()) {
    const { passed, refused, text, failures } = runSuiteFile(folder, file, engines);
    console.log(`${file.padEnd(36)} ${passed} passed, ${refused} refused, ${text} text, ${failures.length} failed`);
    for (const failure of failures.slice(0, 10)) console.log(`    ${failure}`);
    total.passed += passed;
    total.refused += refused;
    total.text += text;
    total.failed += failures.length;
  }
  console.log(
    `${total.passed} passed, ${total.refused} refused, ${total.text} text, ${total.failed} failed (${engines.join(' and ')})`,
  );
  process.exitCode = total.failed === 0 ? 0 : 1;
}
