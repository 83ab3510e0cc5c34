// The whole path on real processes: run, verify, tamper, run again, kill everything once, withdraw nothing and lose nothing.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Devnet, startDevnet } from '../../devnet/devnet.ts';
import { extractGlosses } from '../../examples/gloss-domains/extract.ts';
import type { Hex } from '../../protocol/hex.ts';
import { waitForConfirmation } from '../../sdk/client/confirm.ts';
import { connectNetwork } from '../../sdk/client/network.ts';
import type { TaskView } from '../../sdk/client/views.ts';
import { readRun } from '../../sdk/client/watch.ts';
import { type Reject, runLocal } from '../../sdk/local/run-local.ts';
import { queueVoid } from '../network/inference.fixture.ts';
import { until } from '../network/network.fixture.ts';
import { type Ended, eventOf, events, mizu } from './mizu.fixture.ts';

const WORKFLOW = fileURLToPath(new URL('../../examples/gloss-domains/workflow.ts', import.meta.url));

// A space in the path, as strangers have it.
const folder = mkdtempSync(join(tmpdir(), 'mizu e2e '));
let devnet: Devnet;
let input: string;
let reference: { run: string; root: string };

beforeAll(async () => {
  [devnet, { input }] = await Promise.all([startDevnet({ folder }), extractGlosses(folder, 7)]);
});

afterAll(async () => {
  await devnet?.close();
  rmSync(folder, { recursive: true, force: true });
});

const runArgs = (output: string, ...more: string[]) => [
  'run',
  WORKFLOW,
  '--input',
  input,
  '--output',
  output,
  '--json',
  ...more,
];

test('a run ends with a dataset', async () => {
  const ended = await mizu(folder, runArgs('one'));
  expect(ended.code, ended.stderr).toBe(0);
  const dataset = eventOf(ended, 'dataset') as { run: string; datasetRoot: string };
  reference = { run: dataset.run, root: dataset.datasetRoot };
  const rows = readFileSync(join(folder, 'one/data/train.jsonl'), 'utf8').trim().split('\n');
  expect(rows.length).toBeGreaterThan(1000);
  expect(JSON.parse(rows[0] as string)).toHaveProperty('domain');
});

test('the same command again finds the run that is there', async () => {
  const ended = await mizu(folder, runArgs('one-again'));
  expect(ended.code, ended.stderr).toBe(0);
  expect(eventOf(ended, 'run')).toMatchObject({ run: reference.run, resumed: true });
  // Found before a dry run is made.
  expect(events(ended).map(({ event }) => event)).not.toContain('quote');
});

test('other runs of it have the same dataset root, with every process killed once on the way', async () => {
  const left = devnet.processes().map(({ name }) => name);
  // Steps come in bursts, and a run may be over after a few of them: at each that is seen one process is killed, so at one at least in a run.
  for (let i = 0; left.length > 0; i++) {
    const before = left.length;
    let ended = false;
    const running = mizu(folder, runArgs(i === 0 ? 'two' : `two-${i}`, '--new')).finally(() => {
      ended = true;
    });
    while (left.length > 0) {
      await nextStep(devnet, () => ended);
      if (ended) break;
      const name = left.shift();
      process.kill(devnet.processes().find((one) => one.name === name)?.pid as number, 'SIGKILL');
    }
    const result = await running;
    expect(result.code, result.stderr).toBe(0);
    expect(left.length).toBeLessThan(before);
    const dataset = eventOf(result, 'dataset') as { run: string; datasetRoot: string };
    expect(dataset.run).not.toBe(reference.run);
    expect(dataset.datasetRoot).toBe(reference.root);
  }
});

test('the dataset is verified from L1 and DA, and not with one byte changed', async () => {
  const good = await mizu(folder, ['verify', 'two', '--json']);
  expect(good.code, good.stderr).toBe(0);
  expect(events(good).at(-1)).toMatchObject({ event: 'verified', datasetRoot: reference.root });
  const file = join(folder, 'two/data/train.jsonl');
  const bytes = readFileSync(file);
  const at = bytes.indexOf('domain');
  bytes[at] = 'D'.charCodeAt(0);
  writeFileSync(file, bytes);
  const bad = await mizu(folder, ['verify', 'two']);
  expect(bad.code).toBe(3);
  expect(bad.stderr).toContain('train.jsonl');
});

// What a user writes, runs, corrects and tries again: docs/sdk.md#retry.
const WORDS = join(folder, 'words.ts');
const writeWords = (least: number) =>
  writeFileSync(
    WORDS,
    `import { dataset, z } from 'mizu';
export default dataset('words', z.object({ text: z.string() }))
  .flatMap('words', (row) => row.text.split(' ').map((word) => ({ word })))
  .check('long', (row) => row.word.length >= ${least})
  .map('upper', (row) => ({ word: row.word.toUpperCase() }))
  .split({ train: 0.5, test: 0.5 });
`,
  );
const runWords = (...more: string[]) =>
  mizu(folder, [
    'run',
    WORDS,
    '--input',
    join(folder, 'texts.jsonl'),
    '--output',
    'words',
    '--max',
    '5',
    '--json',
    ...more,
  ]);
const readWords = (place: string) =>
  ['train', 'test']
    .flatMap((part) => readFileSync(join(folder, place, `data/${part}.jsonl`), 'utf8').match(/[A-Z]+/g) ?? [])
    .sort();

test('the rejects of an operator are tried again into the next version of the dataset, which is verified', async () => {
  writeFileSync(join(folder, 'texts.jsonl'), '{"text":"a heron is"}\n{"text":"an oak"}\n{"text":"no"}\n');
  writeWords(3);
  const first = await runWords();
  expect(first.code, first.stderr).toBe(0);
  // The user has named a price: nothing was tried before.
  expect(events(first).map(({ event }) => event)).not.toContain('quote');
  expect(eventOf(first, 'dataset')).toMatchObject({ rejected: [{ operator: 'long', rows: 4 }] });
  expect(readWords('words')).toEqual(['HERON', 'OAK']);
  writeWords(2);
  const retried = await runWords('--retry-rejects', 'long');
  expect(retried.code, retried.stderr).toBe(0);
  expect(eventOf(retried, 'dataset')).toMatchObject({ folder: 'words-v2', gained: 3 });
  expect(readWords('words-v2')).toEqual(['AN', 'HERON', 'IS', 'NO', 'OAK']);
  expect(readFileSync(join(folder, 'words-v2/rejects.jsonl'), 'utf8')).toMatch(
    /^\{"index":0,"operator":"long",.*"row":\{"word":"a"\}\}\n$/,
  );
  const again = await runWords('--retry-rejects', 'long');
  expect(eventOf(again, 'run')).toMatchObject({ resumed: true });
  const verified = await mizu(folder, ['verify', 'words-v2']);
  expect(verified.code, verified.stdout + verified.stderr).toBe(0);
  expect(verified.stdout).toMatch(/inputs: the run has read these rejects[\s\S]*version: 6 rows of 2 runs/);
  const none = await runWords('--retry-rejects', 'upper');
  expect([none.code, none.stderr]).toEqual([1, expect.stringContaining('sdk/nothing-to-retry')]);
  // Rejects that the network never had were never tried again.
  const file = join(folder, 'words-v2/runs/1/rejects.jsonl');
  writeFileSync(file, readFileSync(file, 'utf8').replace('"an"', '"on"'));
  expect((await mizu(folder, ['verify', 'words-v2'])).code).toBe(3);
});

test('rows that are tried again, and a corrected row of the input, meet the others at a sort and a second input that is joined', async () => {
  const write = (least: number) =>
    writeFileSync(
      join(folder, 'priced.ts'),
      `import { dataset, input, z } from 'mizu';
const prices = input('prices', z.object({ sku: z.string(), price: z.coerce.number() }));
export default dataset('priced', z.object({ sku: z.string() }))
  .check('good', (row) => row.sku.length >= ${least})
  .sort('by', (row) => row.sku, { buckets: 2 })
  .join('price', prices, { on: (row) => row.sku, key: (price) => price.sku, how: 'left' })
  .map('flat', (row) => ({ sku: row.sku, price: row.price?.price ?? null }));
`,
    );
  const orders = ['c3', 'b', 'a1'].map((sku) => `${JSON.stringify({ sku })}\n`).join('');
  writeFileSync(join(folder, 'orders.jsonl'), `${orders}{"sku":\n`);
  writeFileSync(join(folder, 'prices.tsv'), 'sku\tprice\na1\t1\nb\t2\nb\t3\nx\tdear\n');
  const run = (output: string, ...more: string[]) => {
    const inputs = ['--input', 'orders.jsonl', '--input', 'prices=prices.tsv'];
    return mizu(folder, ['run', 'priced.ts', ...inputs, '--output', output, '--max', '5', '--json', ...more]);
  };
  const read = (place: string, file: string) =>
    readFileSync(join(folder, place, file), 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as { sku: string; price: number; operator: string; index: number });
  write(2);
  const first = await run('priced');
  expect(first.code, first.stderr).toBe(0);
  expect(read('priced', 'data/train.jsonl').map(({ sku, price }) => [sku, price])).toEqual([
    ['a1', 1],
    ['c3', null],
  ]);
  const rejects = (place: string) =>
    read(place, 'rejects.jsonl')
      .map(({ operator, index }) => [operator, index])
      .sort();
  expect(rejects('priced')).toEqual([
    ['good', 1],
    ['input', 3],
    ['prices', 3],
  ]);
  write(1);
  const retried = await run('priced', '--retry-rejects', 'good');
  expect(retried.code, retried.stderr).toBe(0);
  expect(read('priced-v2', 'data/train.jsonl').map(({ sku, price }) => [sku, price])).toEqual([
    ['a1', 1],
    ['b', 2],
    ['b', 3],
    ['c3', null],
  ]);
  expect(rejects('priced-v2')).toEqual([
    ['input', 3],
    ['prices', 3],
  ]);
  writeFileSync(join(folder, 'orders.jsonl'), `${orders}{"sku":"a1"}\n`);
  const mended = await run('priced-v2', '--retry-rejects', 'input');
  expect(mended.code, mended.stderr).toBe(0);
  expect(read('priced-v3', 'data/train.jsonl').map(({ sku, price }) => [sku, price])).toEqual([
    ['a1', 1],
    ['a1', 1],
    ['b', 2],
    ['b', 3],
    ['c3', null],
  ]);
  expect(rejects('priced-v3')).toEqual([['prices', 3]]);
  const verified = await mizu(folder, ['verify', 'priced-v3']);
  expect(verified.code, verified.stdout + verified.stderr).toBe(0);
  expect(verified.stdout).toContain("it goes on at 'by' with rows that were kept before, partitions: 1");
});

// A workflow is changed behind a model, then further behind: docs/sdk.md#reuse.
const OPERATORS = join(folder, 'operators.ts');
const writeOperators = (least: number, last: string) =>
  writeFileSync(
    OPERATORS,
    `import { dataset, z } from 'mizu';
export default dataset('operators', z.object({ text: z.string() }))
  .flatMap('words', (row) => row.text.split(' ').map((word) => ({ word })))
  .classify('kind', { model: 'builtin/small', labels: ['animal', 'plant', 'food'], text: (row) => row.word })
  .check('long', (row) => row.word.length >= ${least})
  .dedupe('same', (row) => row.word)
  .map('last', (row) => ({ ...row, word: row.word.${last}() }));
`,
  );
type OperatorsRun = { run: string; spentWei: string; operators: unknown };

async function runOperators(
  output: string,
  ...more: string[]
): Promise<{ ended: Ended; dataset: OperatorsRun; text: string }> {
  const input = join(folder, 'operators.jsonl');
  const ended = await mizu(folder, ['run', OPERATORS, '--input', input, '--output', output, '--json', ...more]);
  expect(ended.code, ended.stderr).toBe(0);
  const files = ['data/train.jsonl', 'rejects.jsonl'].map((file) => readFileSync(join(folder, output, file), 'utf8'));
  return { ended, dataset: eventOf(ended, 'dataset') as OperatorsRun, text: files.join('') };
}

test('what is before a changed operator is not run again, and its dataset is verified with the run that has made it', async () => {
  const network = await connectNetwork({ rpcUrl: devnet.rpcUrl });
  const tokensOf = async (run: string) => (await readRun(network, run as Hex)).inputTokens;
  try {
    writeFileSync(join(folder, 'operators.jsonl'), '{"text":"a heron is an oak"}\n{"txt":1}\n{"text":"an oak"}\n');
    writeOperators(2, 'toUpperCase');
    const first = await runOperators('operators', '--max', '5');
    expect(await tokensOf(first.dataset.run)).toBeGreaterThan(0);
    await waitForConfirmation(network, first.dataset.run as Hex, 240);
    writeOperators(3, 'toUpperCase');
    const why = await mizu(folder, ['why', '--cache', OPERATORS, '--json']);
    expect(why.code, why.stderr).toBe(0);
    expect((events(why)[0] as { run: unknown }).run).toMatchObject([
      { operator: 'input', reused: true },
      { operator: 'words', reused: true },
      { operator: 'kind', reused: true },
      { operator: 'long', reused: false, reason: "the code of operator 'long' has changed, or what it uses" },
      { operator: 'same', reused: false },
      { operator: 'last', reused: false },
    ]);
    const second = await runOperators('operators-2');
    const reused = { run: first.dataset.run, operators: ['input', 'words'], answered: 'kind', rows: 7 };
    expect(eventOf(second.ended, 'reused')).toMatchObject(reused);
    expect(await tokensOf(second.dataset.run)).toBe(0);
    expect(BigInt(second.dataset.spentWei)).toBeLessThan(BigInt(first.dataset.spentWei));
    // A run that goes on with another is gone on with itself.
    await waitForConfirmation(network, second.dataset.run as Hex, 240);
    writeOperators(3, 'toLowerCase');
    const third = await runOperators('operators-3', '--max', '5');
    const { run } = second.dataset;
    expect(eventOf(third.ended, 'reused')).toMatchObject({
      run,
      operators: ['input', 'words', 'kind', 'long'],
      reuses: { run: first.dataset.run },
    });
    expect(third.text).toContain('"word":"heron"');
    const chain = await mizu(folder, ['verify', 'operators-3']);
    expect(chain.code, chain.stdout + chain.stderr).toBe(0);
    expect(chain.stdout).toContain(`the rows behind operator 'long' of run ${run}`);
    expect(chain.stdout).toContain(`the answers to operator 'kind' of run ${first.dataset.run}`);
    // A dataset that says something else of where its rows are from.
    const path = join(folder, 'operators-3/manifest.json');
    const manifest = JSON.parse(readFileSync(path, 'utf8')) as { reuses: { run: string; operators: string[] } };
    const { reuses } = manifest;
    for (const lie of [undefined, { ...reuses, run: first.dataset.run }]) {
      writeFileSync(path, JSON.stringify({ ...manifest, reuses: lie }));
      const refused = await mizu(folder, ['verify', 'operators-3']);
      expect([refused.code, refused.stderr]).toEqual([
        3,
        expect.stringContaining('does not go on with the run that it names'),
      ]);
    }
    // All operators again give the same.
    writeOperators(3, 'toUpperCase');
    const whole = await runOperators('operators-whole', '--no-cache', '--max', '5');
    expect([second.text, second.dataset.operators]).toEqual([whole.text, whole.dataset.operators]);
    expect(await tokensOf(whole.dataset.run)).toBeGreaterThan(0);
  } finally {
    await network.close();
  }
});

test('an item that L1 voids is answered again, by the gateway and its workers, and the run ends once more', async () => {
  const network = await connectNetwork({ rpcUrl: devnet.rpcUrl });
  try {
    const { run } = JSON.parse(readFileSync(join(folder, 'operators-whole/manifest.json'), 'utf8')) as { run: Hex };
    const before = await readRun(network, run);
    const stage = before.stages.findIndex(({ kind }) => kind === 'infer');
    const tasksOf = async () => (await network.rpc('mizu_getTasks', [run, { stage }])) as TaskView[];
    const [task] = await tasksOf();
    const names = { run, stage, partition: 0, attempt: 0, resultRoot: task?.outputRoot as Hex };
    const { inbox, gatewayRegistry } = devnet.chain.contracts;
    await queueVoid(devnet.l1Url, { inbox, gatewayRegistry }, { kind: 'ItemVoided', ...names, refund: 0n });
    await until('the void', async () => (await readRun(network, run)).voided?.items === 1);
    const watched = await mizu(folder, ['watch', run, '--json']);
    expect(watched.code, watched.stderr).toBe(0);
    expect(eventOf(watched, 'end')).toMatchObject({ status: 'done', datasetRoot: before.dataset?.root });
    expect((await tasksOf())[0]).toMatchObject({ status: 'done', attempt: 1, outputRoot: task?.outputRoot });
    const after = await readRun(network, run);
    expect(after.stages.map(({ done, gasUsed }) => [done, gasUsed])).toEqual(
      before.stages.map(({ done, gasUsed }) => [done, gasUsed]),
    );
    expect(BigInt(after.spent)).toBeGreaterThan(BigInt(before.spent));
    await waitForConfirmation(network, run, 240);
    const verified = await mizu(folder, ['verify', 'operators-whole', '--replay']);
    expect(verified.code, verified.stdout + verified.stderr).toBe(0);
  } finally {
    await network.close();
  }
});

test('a run that fails for the gas of a task says so when the task is run again', async () => {
  const failed = await runWords('--new', '--task-gas', '1k');
  expect(failed.code, failed.stderr).toBe(2);
  const { run, failure } = eventOf(failed, 'end') as { run: string; failure: unknown };
  expect(failure).toMatchObject({ kind: 'gas-or-trap', stage: 0, partition: 0, gasUsed: 1_000 });
  const why = await mizu(folder, ['why', run, '--workflow', WORDS, '--json']);
  expect(why.code, why.stderr).toBe(0);
  expect(events(why)[0]).toMatchObject({ status: 'failed', replayed: { kind: 'task-gas' } });
});

/** Resolves when the run has moved on: the sequencer's next answer with another step, or the end. */
async function nextStep({ rpcUrl }: Devnet, ended: () => boolean): Promise<void> {
  const first = await headStep(rpcUrl);
  while (!ended()) {
    const step = await headStep(rpcUrl);
    if (step !== undefined && step !== first) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function headStep(rpcUrl: string): Promise<number | undefined> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'mizu_chain' });
  const answer = await fetch(rpcUrl, { method: 'POST', headers: { 'content-type': 'application/json' }, body }).catch(
    () => null,
  );
  if (answer === null) return undefined;
  // Without a result it is busy.
  return ((await answer.json()) as { result?: { head: { step: number } } }).result?.head.step;
}

test('a simulator of the workflow runs on workers that nobody has set up for it, as in a dry run, and its dataset is verified', async () => {
  const workflow = fileURLToPath(new URL('../../examples/walks/workflow.ts', import.meta.url));
  const walks = fileURLToPath(new URL('../../examples/walks/walks.jsonl', import.meta.url));
  const ended = await mizu(folder, ['run', workflow, '--input', walks, '--output', 'walks', '--json']);
  expect(ended.code, ended.stderr).toBe(0);
  const lines = (path: string) =>
    readFileSync(join(folder, `walks/${path}.jsonl`), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  const local = await runLocal(
    workflow,
    readFileSync(walks, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  );
  expect(lines('data/train')).toEqual(local.parts.train);
  const rejects = (all: readonly Reject[]) => all.map(({ index, operator, reason }) => [index, operator, reason]);
  expect(rejects(lines('rejects'))).toEqual(rejects(local.rejects));
  const verified = await mizu(folder, ['verify', 'walks', '--replay']);
  expect(verified.code, verified.stderr + verified.stdout).toBe(0);
});
