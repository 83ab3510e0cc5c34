// `npm test`: every check and every test, then one line that counts them all. Needs Node and npm only.
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import './ts.mjs';
import { endWithNpm } from './end-with-npm.mjs';

const { killChild, startChild } = await import('../service/process/child.ts');
const { NODE_LINES } = await import('../test/pack/nodes.fixture.ts');
const { smoke } = await import('../test/pack/smoke.fixture.ts');

const root = fileURLToPath(new URL('..', import.meta.url));
const total = { passed: 0, failed: 0, skipped: 0 };
const failures = [];
const folder = mkdtempSync(join(tmpdir(), 'mizu-test-'));

// Test suites of others that are not part of this repository: they are read beside it, or skipped with a message.
const SUITES = { ETHEREUM_TRIE_TESTS: '../shared/ethereum-trie-tests', WASM_TESTSUITE: '../shared/wasm-testsuite' };
for (const [variable, path] of Object.entries(SUITES)) {
  const suite = join(root, path);
  if (existsSync(suite)) process.env[variable] ??= suite;
  else
    console.log(`${variable}: no suite at ${path}, its tests are skipped; set the variable to its folder to run them`);
}

/** Checks of the sources; each takes seconds. */
const CHECKS = [
  ['types', ['node_modules/typescript/bin/tsc', '--noEmit']],
  ['types of pure folders', ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.pure.json']],
  ['lint', ['node_modules/@biomejs/biome/bin/biome', 'check', '.']],
  ['imports', ['scripts/check-imports.mjs']],
  ['names', ['scripts/check-names.mjs']],
];

process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
for (const [signal, code] of Object.entries({ SIGHUP: 129, SIGINT: 130, SIGTERM: 143 }))
  process.once(signal, () => process.exit(code));
endWithNpm();
// Each check prints its line when those before it have printed theirs.
for (const say of CHECKS.map(([name, args]) => check(name, args))) (await say)();
// solc compiles on one processor for minutes, so it runs beside Vitest, which prints by itself and needs nothing that
// forge writes.
const [says] = await Promise.all([checkContracts(), runVitest()]);
for (const say of says) say();
await checkOtherLines();
for (const failure of failures) console.error(`FAILED ${failure}`);
console.log(`${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`);
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;

/** Resolves, when the check has ended, to a function that prints and counts its result. */
async function check(name, args) {
  const run = await output(args);
  return () => {
    const ok = run.status === 0;
    console.log(`${ok ? 'ok  ' : 'FAIL'} check: ${name}`);
    if (!ok) console.error(`${run.stdout}${run.stderr}`);
    count(ok, `check: ${name}`);
  };
}

/**
 * Both compile into build/forge, so they run one after the other: what the tests have compiled is not compiled again.
 */
async function checkContracts() {
  const forge = await output(['scripts/forge.mjs', 'test', '--json']);
  const linted = await check('lint of contracts', ['scripts/forge.mjs', 'lint']);
  const generated = await check('generated files', ['scripts/generate.mjs', '--check']);
  return [() => countForge(forge), linted, generated];
}

function countForge(run) {
  const start = run.stdout.indexOf('{');
  if (start < 0) {
    console.error(`${run.stdout}${run.stderr}`);
    count(false, 'forge test printed no result');
    return;
  }
  for (const [suite, result] of Object.entries(JSON.parse(run.stdout.slice(start)))) {
    for (const [test, { status, reason }] of Object.entries(result.test_results)) {
      if (status === 'Skipped') total.skipped++;
      else count(status === 'Success', `${suite} ${test}${reason ? `: ${reason}` : ''}`);
    }
  }
  console.log(`${run.status === 0 ? 'ok  ' : 'FAIL'} forge test`);
}

async function runVitest() {
  const file = join(folder, 'vitest.json');
  const args = [
    '--import',
    './scripts/ts.mjs',
    'node_modules/vitest/vitest.mjs',
    'run',
    '--reporter=default',
    '--reporter=json',
    '--reporter=./scripts/unfinished.ts',
    `--outputFile=${file}`,
  ];
  const vitest = startChild(process.execPath, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  const [status] = await once(vitest, 'exit');
  // If Vitest was killed, its workers are still there.
  killChild(vitest);
  if (!existsSync(file)) {
    count(false, 'vitest wrote no result');
    return;
  }
  const result = JSON.parse(readFileSync(file, 'utf8'));
  for (const suite of result.testResults) {
    if (suite.assertionResults.length === 0 && suite.status === 'failed')
      count(false, `${suite.name}: ${suite.message}`);
    for (const { status, fullName } of suite.assertionResults) {
      if (status === 'passed' || status === 'failed') count(status === 'passed', `${suite.name} ${fullName}`);
      else total.skipped++;
    }
  }
  if (status !== 0 && result.numFailedTests === 0 && result.numFailedTestSuites === 0)
    count(false, 'vitest exited with an error outside a test');
}

/** Runs when everything else has ended: it starts two networks, and is measured in seconds that somebody waits. */
async function checkOtherLines() {
  if (process.env.CI !== 'true') {
    console.log('other lines of Node.js: left out, as CI is not true; `npm run smoke` tries them');
    return;
  }
  await smoke(NODE_LINES, ({ status, what, output }) => {
    console.log(`${status.padEnd(7)} ${what}`);
    if (output !== undefined) console.error(output);
    if (status === 'skipped') total.skipped++;
    else count(status === 'ok', what);
  });
}

async function output(args) {
  const child = startChild(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  const run = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'])
    child[name].setEncoding('utf8').on('data', (text) => {
      run[name] += text;
    });
  const [status] = await once(child, 'close');
  return { ...run, status };
}

function count(ok, name) {
  if (ok) total.passed++;
  else {
    total.failed++;
    failures.push(name);
  }
}
