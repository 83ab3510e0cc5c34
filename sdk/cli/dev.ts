// docs/sdk.md#dev: `mizu dev`, a workflow on the first rows of a file, step by step, on this machine.
import { Command } from 'commander';
import pc from 'picocolors';
import type { Description } from '../compile/describe-guest.ts';
import type { InputRow } from '../input/rowset.ts';
import { inputArguments } from '../input/words.ts';
import { shellWord } from './invocation.ts';
import { type InputFlags, inputOptions, parseCount, withInputOptions } from './options.ts';
import { createOutput, nextCommands, type Output, shorten } from './output.ts';
import type { Sample, StepSamples } from './samples.ts';

type Flags = InputFlags & { rows: number; backend?: string; json?: boolean };

export function devCommand(): Command {
  return withInputOptions(new Command('dev'))
    .description('try a workflow on a few rows, on this machine: before and after of each step')
    .argument('<workflow>', 'workflow file')
    .option('--rows <n>', 'rows to take', parseCount, 20)
    .option(
      '--backend <url|file>',
      'OpenAI-compatible server for models other than builtin/small, or a file with its settings',
    )
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ npx mizu dev examples/gloss-domains/workflow.ts --input glosses.jsonl --rows 50',
    )
    .action(run);
}

async function run(file: string, flags: Flags): Promise<void> {
  const output = createOutput(flags.json ?? false);
  const { assertFile, CACHE_FOLDER } = await import('./prepare.ts');
  const { bundleWorkflow } = await import('../compile/compile.ts');
  const { assertTypes } = await import('../compile/typecheck.ts');
  const { createLocalEngine, runPartitions } = await import('../local/run-local.ts');
  const { encodeRowset } = await import('../input/rowset.ts');
  const { collectSamples } = await import('./samples.ts');
  const { localBackends } = await import('./backends.ts');
  await assertFile(file);
  const [bundled] = await Promise.all([bundleWorkflow(file, false), assertTypes(file)]);
  const rows = await takeRows(flags);
  const engine = await createLocalEngine(bundled, { cacheFolder: CACHE_FOLDER });
  const { backends, close } = await localBackends(bundled.description, flags.backend);
  try {
    const input = encodeRowset(rows);
    const result = await runPartitions(bundled, engine, [input], { backends });
    const steps = collectSamples(bundled.description.steps, result.stages, input);
    const parts = Object.entries(result.parts).map(([name, list]) => `${name} ${list.length}`);
    printBroken(output, rows);
    printLoose(output, bundled.description);
    for (const step of steps) printStep(output, step);
    output.say(`\n${pc.dim(LEGEND)}`);
    output.say(`${pc.bold('result')}  ${parts.join(' · ')} · rejects ${result.rejects.length}`);
    output.data({
      workflow: bundled.description.name,
      steps,
      parts: result.parts,
      rejects: result.rejects,
      gasUsed: result.gasUsed,
    });
    const words = inputArguments(flags.input, inputOptions(flags));
    output.say(
      nextCommands([
        [`mizu quote ${shellWord(file)} ${words}`, 'what the whole file will cost'],
        [`mizu run ${shellWord(file)} ${words} --output out`, 'run it on the network'],
      ]),
    );
  } finally {
    await close();
  }
}

const MAX_BROKEN = 10;
const LEGEND = '= kept   ✕ dropped   ! rejected   - before   + after (what is new)   ? what the model is asked';

async function takeRows(flags: Flags): Promise<InputRow[]> {
  const { readRows } = await import('../input/read-rows.ts');
  const rows: InputRow[] = [];
  for await (const row of readRows(flags.input, inputOptions(flags))) if (rows.push(row) >= flags.rows) break;
  return rows;
}

// They get to no step.
function printBroken(output: Output, rows: readonly InputRow[]): void {
  const broken = rows.filter((row) => row.kind === 'broken');
  if (broken.length > 0) output.say(`\n${pc.bold('lines that are no rows')}  ${broken.length}`);
  for (const { index, text, reason } of broken.slice(0, MAX_BROKEN))
    for (const line of describeSample({ index, before: text, outcome: 'rejected', after: [], reason }))
      output.say(line);
}

function printLoose(output: Output, { steps }: Description): void {
  for (const { label, looseReason } of steps)
    if (looseReason !== undefined)
      output.say(
        `\n${pc.bold(label)}  ${pc.yellow('not in strict mode')}: ${looseReason}; answers are checked all the same`,
      );
}

function printStep(output: Output, { label, stats, samples, gasPerRow, microsecondsPerRow }: StepSamples): void {
  const cost = `${Math.round(microsecondsPerRow)} us and ${Math.round(gasPerRow / 1000)}k gas a row`;
  const rejected = stats.rejected === 0 ? '' : pc.yellow(`, ${stats.rejected} rejected`);
  output.say(`\n${pc.bold(label)}  ${stats.in} in → ${stats.out} out${rejected}  ${pc.dim(cost)}`);
  for (const sample of samples) for (const line of describeSample(sample)) output.say(line);
}

export function describeSample(
  { index, before, outcome, after, reason, prompt }: Sample,
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
          .map((row) => `         ${pc.green('+')} ${shorten(JSON.stringify(changes(before, row)), room)}`),
        ...(after.length > 3 ? [`         ${pc.dim(`and ${after.length - 3} more`)}`] : []),
      ];
  }
}

/** Only the fields that are new or different, if some stayed. */
function changes(before: unknown, after: unknown): unknown {
  const [old, now] = [before, after] as [Record<string, unknown>, Record<string, unknown>];
  const changed = Object.entries(now).filter(([key, value]) => JSON.stringify(old[key]) !== JSON.stringify(value));
  return changed.length === 0 ? now : Object.fromEntries(changed);
}
