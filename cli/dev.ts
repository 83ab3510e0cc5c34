// docs/sdk.md#dev: `mizu dev`, which runs a workflow operator by operator on the first rows of a file, on this machine.
import { Command, InvalidArgumentError } from 'commander';
import pc from 'picocolors';
import type { Description } from '../sdk/compile/describe-guest.ts';
import type { InputRow } from '../sdk/input/rowset.ts';
import type { StageRun } from '../sdk/local/graph.ts';
import { shellWord } from '../sdk/output/shell-word.ts';
import type { OperatorStats } from '../sdk/runtime/rowset.ts';
import { CACHE_FOLDER } from './cache-folder.ts';
import type { Other } from './dev-inputs.ts';
import { type InputFlags, inputsFromFlags, inputWords, type RunInputs } from './input-flags.ts';
import { type BackendFlags, backendArguments, parseCount, withBackendOptions, withInputOptions } from './options.ts';
import { createOutput, nextCommands, type Output, shorten } from './output.ts';
import { rowsThrough, sayAnswers, sayRejects, sumRejects } from './rejects.ts';
import type { OperatorSamples, Sample } from './samples.ts';
import type { Ticker } from './ticker.ts';

type Flags = InputFlags & BackendFlags & { rows: number; columns?: readonly string[]; json?: boolean };

export function devCommand(setExitCode: (code: number) => void): Command {
  return withBackendOptions(withInputOptions(new Command('dev')))
    .description('try a workflow on a few rows, on this machine: before and after of each operator')
    .argument('<workflow>', 'workflow file')
    .option('--rows <n>', 'rows to take', parseCount, 20)
    .option('--columns <names>', 'fields of the rows that are shown, with commas between them', parseColumns)
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ npx mizu dev examples/gloss-domains/workflow.ts --input glosses.jsonl --rows 50',
    )
    .action(async (file: string, flags: Flags) => setExitCode(await run(file, flags)));
}

/** Returns the exit code: 2 if no row has come through. */
async function run(file: string, flags: Flags): Promise<number> {
  const output = createOutput(flags.json ?? false);
  const { startTicker } = await import('./ticker.ts');
  const ticker = startTicker(output.json);
  try {
    return await runOperators(file, flags, output, ticker);
  } finally {
    await ticker.end();
  }
}

async function runOperators(file: string, flags: Flags, output: Output, ticker: Ticker): Promise<number> {
  const inputs = inputsFromFlags(flags);
  ticker.tell('types and compilation');
  const { assertFile } = await import('./prepare.ts');
  const { bundleWorkflow } = await import('../sdk/compile/compile.ts');
  const { checkTypes } = await import('./check-types.ts');
  const { createLocalEngine, runPartitions } = await import('../sdk/local/run-local.ts');
  const { takeInputs } = await import('./dev-inputs.ts');
  const { collectSamples } = await import('./samples.ts');
  const { localBackends } = await import('./backends.ts');
  const { openReuse, sayReused } = await import('./reuse.ts');
  const { tellProgress } = await import('./ticker.ts');
  await assertFile(file);
  const [bundled] = await Promise.all([bundleWorkflow(file, false, { cacheFolder: CACHE_FOLDER }), checkTypes(file)]);
  ticker.tell('reading the input');
  const { rows, others, partitions } = await takeInputs(bundled.description.inputs, inputs, flags.rows);
  ticker.tell('building the program');
  const engine = await createLocalEngine(bundled, { cacheFolder: CACHE_FOLDER });
  const { backends, counts, close, endpoints } = await localBackends(bundled.description, flags);
  try {
    const reuse = await openReuse(bundled, partitions, endpoints, flags);
    const onProgress = tellProgress(ticker, bundled.metadata);
    const kept = reuse?.kept;
    const runs: StageRun[] = [];
    const result = await runPartitions(bundled, engine, partitions, { backends, onProgress, kept }, (run) => {
      runs.push(run);
    }).finally(() => reuse?.close(runs));
    const operators = collectSamples(bundled.description.operators, result.stages, partitions[0] as Uint8Array);
    const rejected = sumRejects(result.rejects);
    await ticker.end();
    printBroken(output, rows);
    for (const other of others) printOther(output, other, result.operators[other.name]);
    printLoose(output, bundled.description);
    for (const operator of operators) printOperator(output, operator, flags.columns);
    output.say(`\n${pc.dim(LEGEND)}`);
    sayMissingColumns(output, operators, flags.columns);
    sayReused(output, reuse?.operators ?? []);
    sayAnswers(output, counts?.());
    sayRejects(output, rejected, rows.length, bundled.description.inputs);
    const parts = Object.entries(result.parts).map(([name, list]) => `${name} ${list.length}`);
    output.say(`${pc.bold('result')}  ${parts.join(' · ')} · rejects ${result.rejects.length}`);
    output.data({
      workflow: bundled.description.name,
      operators,
      parts: result.parts,
      rejects: result.rejects,
      rejected,
      gasUsed: result.gasUsed,
      reused: reuse?.operators ?? [],
    });
    const isEmpty = rowsThrough(result) === 0;
    if (isEmpty) output.say(pc.red('No row has come through.'));
    output.say(nextCommands(isEmpty ? nextTry(file, flags, inputs) : nextSteps(file, flags, inputs)));
    return isEmpty ? 2 : 0;
  } finally {
    await close();
  }
}

type Commands = readonly (readonly [command: string, what: string])[];

function nextSteps(file: string, flags: Flags, inputs: RunInputs): Commands {
  const words = inputWords(inputs);
  const backend = backendArguments(flags);
  return [
    [`mizu quote ${shellWord(file)} ${words}${backend}`, 'what the whole file will cost'],
    [`mizu run ${shellWord(file)} ${words}${backend} --output out`, 'run it on the network'],
  ];
}

function nextTry(file: string, flags: Flags, inputs: RunInputs): Commands {
  const words = inputWords(inputs);
  const backend = backendArguments(flags);
  return [
    [
      `mizu dev ${shellWord(file)} ${words}${backend} --rows ${MORE * flags.rows}`,
      'when the operator is corrected, or with more rows',
    ],
  ];
}

const MORE = 5;
const MAX_COLUMNS = 100;

function parseColumns(value: string): readonly string[] {
  const columns = value.split(',').map((name) => name.trim());
  if (columns.length <= MAX_COLUMNS && columns.every((name) => name !== '')) return columns;
  throw new InvalidArgumentError('Expected names of fields with commas between them, such as id,text.');
}

const MAX_BROKEN = 10;
const LEGEND = '= kept   ✕ dropped   ! rejected   - before   + after (what is new)   ? what the model is asked';

// An input that is joined is matched with all that was read of it, so only its rejects are of interest.
function printOther(output: Output, { name, rows, isCut }: Other, stats: OperatorStats | undefined): void {
  const { in: read = 0, out = 0, rejected = 0 } = stats ?? {};
  const count = rows.length - read + rejected;
  const lost = count === 0 ? '' : pc.yellow(`, ${count} rejected`);
  const cut = isCut ? pc.dim(`  (the first ${rows.length} rows: what matches others has no match here)`) : '';
  output.say(`\n${pc.bold(`input ${name}`)}  ${rows.length} in → ${out} out${lost}${cut}`);
  printReasons(output, brokenOf(rows));
}

// Broken rows get to no operator.
function printBroken(output: Output, rows: readonly InputRow[]): void {
  const broken = brokenOf(rows);
  if (broken.length > 0) output.say(`\n${pc.bold('lines that are no rows')}  ${broken.length}`);
  printReasons(output, broken);
}

type BrokenRow = Extract<InputRow, { readonly kind: 'broken' }>;

function brokenOf(rows: readonly InputRow[]): BrokenRow[] {
  return rows.filter((row) => row.kind === 'broken');
}

function printReasons(output: Output, broken: readonly BrokenRow[]): void {
  for (const { index, text, reason } of broken.slice(0, MAX_BROKEN))
    for (const line of describeSample({ index, before: text, outcome: 'rejected', after: [], reason }))
      output.say(line);
}

function printLoose(output: Output, { operators }: Description): void {
  for (const { label, looseReason } of operators)
    if (looseReason !== undefined)
      output.say(
        `\n${pc.bold(label)}  ${pc.yellow('not in strict mode')}: ${looseReason}; answers are checked all the same`,
      );
}

function printOperator(
  output: Output,
  { label, stats, samples, gasPerRow, microsecondsPerRow }: OperatorSamples,
  columns: readonly string[] | undefined,
): void {
  const cost = `${(microsecondsPerRow / 1000).toFixed(1)} ms and ${Math.round(gasPerRow / 1000)}k gas a row`;
  const rejected = stats.rejected === 0 ? '' : pc.yellow(`, ${stats.rejected} rejected`);
  output.say(`\n${pc.bold(label)}  ${stats.in} in → ${stats.out} out${rejected}  ${pc.dim(cost)}`);
  for (const sample of samples)
    for (const line of columns === undefined
      ? describeSample(sample)
      : describeSample(pickColumns(sample, columns), true))
      output.say(line);
}

/** Fields that no shown row has, before or after any operator: a misspelt name would show nothing. */
function sayMissingColumns(
  output: Output,
  operators: readonly OperatorSamples[],
  columns: readonly string[] = [],
): void {
  const shown = operators.flatMap(({ samples }) => samples.flatMap(({ before, after }) => [before, ...after]));
  const fields = new Set(shown.flatMap((row) => Object.keys(row as object)));
  const missing = columns.filter((name) => !fields.has(name));
  if (missing.length > 0)
    output.say(pc.yellow(`No row has the field ${missing.join(', ')}. There are: ${[...fields].join(', ')}`));
}

/** The columns in their order, whether an operator has changed them or not. */
function pickColumns(sample: Sample, columns: readonly string[]): Sample {
  const pick = (row: unknown): object => {
    const fields = row as Record<string, unknown>;
    return Object.fromEntries(columns.flatMap((name) => (name in fields ? [[name, fields[name]]] : [])));
  };
  return { ...sample, before: pick(sample.before), after: sample.after.map(pick) };
}

/** Shows what a row became: the fields that are new or different, or all of them with `isWhole`. */
function describeSample(
  { index, before, outcome, after, reason, prompt }: Sample,
  isWhole = false,
  width = process.stdout.columns ?? 140,
): string[] {
  const room = Math.max(60, width) - 14;
  const tag = `  ${pc.dim(`#${index}`.padEnd(6))}`;
  const asked =
    prompt === undefined ? [] : [`${tag} ${pc.dim('?')} ${shorten(JSON.stringify(prompt).slice(1, -1), room)}`];
  const text = shorten(JSON.stringify(before), room);
  switch (outcome) {
    case 'kept':
      return [...asked, `${tag} ${pc.green('=')} ${text}`];
    case 'dropped':
      return [...asked, `${tag} ${pc.dim('✕')} ${pc.dim(text)}`];
    case 'rejected':
      return [...asked, `${tag} ${pc.yellow('!')} ${text}`, `         ${pc.yellow(shorten(reason ?? '', room))}`];
    case 'changed':
      return [
        ...asked,
        `${tag} ${pc.red('-')} ${text}`,
        ...after
          .slice(0, 3)
          .map(
            (row) => `         ${pc.green('+')} ${shorten(JSON.stringify(isWhole ? row : changes(before, row)), room)}`,
          ),
        ...(after.length > 3 ? [`         ${pc.dim(`and ${after.length - 3} more`)}`] : []),
        ...(reason === undefined ? [] : [`         ${pc.yellow(`! ${shorten(reason, room)}`)}`]),
      ];
  }
}

/** The fields that are new or different, if some others stayed; else all. */
function changes(before: unknown, after: unknown): unknown {
  const [old, now] = [before, after] as [Record<string, unknown>, Record<string, unknown>];
  const changed = Object.entries(now).filter(([key, value]) => JSON.stringify(old[key]) !== JSON.stringify(value));
  return changed.length === 0 ? now : Object.fromEntries(changed);
}
