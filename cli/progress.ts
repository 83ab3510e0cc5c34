// docs/sdk.md#watch: a run's progress on a terminal (redrawn) or in a log (a line every few seconds).
import pc from 'picocolors';
import { formatCount, formatLarge, formatMizu } from '../sdk/client/money.ts';
import type { Progress, StageProgress } from '../sdk/client/watch.ts';
import { formatDuration, type Output, shorten } from './output.ts';

export type ProgressView = { show(progress: Progress): void; end(): void };

const LINE_SECONDS = 3;
const BAR = 20;

export function createProgressView(output: Output, stream: NodeJS.WriteStream = process.stdout): ProgressView {
  if (output.json) return { show: (progress) => output.data({ event: 'progress', ...progress }), end: () => undefined };
  return stream.isTTY ? createScreen(stream) : createLog(output);
}

function createScreen(stream: NodeJS.WriteStream): ProgressView {
  let drawn = 0;
  return {
    show: (progress) => {
      const lines = render(progress, stream.columns ?? 100);
      stream.write(`${drawn > 0 ? `\x1b[${drawn}A` : ''}\x1b[0J${lines.join('\n')}\n`);
      drawn = lines.length;
    },
    end: () => {
      drawn = 0;
    },
  };
}

function createLog(output: Output): ProgressView {
  let last = 0;
  let held: Progress | undefined;
  const print = (progress: Progress): void => {
    last = Date.now();
    held = undefined;
    output.say(`${progress.status} · ${summary(progress)}`);
  };
  return {
    show: (progress) => {
      if (progress.status !== 'running' || Date.now() - last >= LINE_SECONDS * 1000) print(progress);
      else held = progress;
    },
    end: () => {
      if (held !== undefined) print(held);
    },
  };
}

export function render(progress: Progress, columns: number): string[] {
  const stages = progress.stages.map((stage) => renderStage(stage, columns));
  const head = `${pc.bold(progress.workflowName)} ${statusText(progress.status)} ${pc.dim(progress.run)}`;
  return [head, ...stages, ...wrap(summaryParts(progress), columns)].map((line) => cut(line, columns));
}

// What the stages of one operator do. Sinks and row operators have names of their own.
const ROLES: Readonly<Record<string, string>> = {
  keys: 'keys',
  reduce: 'compare',
  other: 'other side',
  cluster: 'group',
  apply: 'result',
  send: 'send',
  request: 'prompts',
  infer: 'answers',
  receive: 'results',
  sink: 'write',
  rejects: 'write',
};
// Stages whose rows are keys and lists of duplicates, and not rows of the dataset.
const NOT_ROWS = ['other', 'keys', 'reduce', 'cluster', 'send'];
const WIDE = 100;

function renderStage(
  { name, kind, operators, done, width, rows, gasUsed, underway }: StageProgress,
  columns: number,
): string {
  const [barWidth, labelWidth] = columns < WIDE ? [8, 26] : [BAR, 34];
  const filled = width === 0 ? 0 : Math.floor((barWidth * done) / width);
  const bar = `${'█'.repeat(filled)}${'░'.repeat(barWidth - filled)}`;
  const counts =
    rows.in + rows.out === 0 || NOT_ROWS.includes(kind)
      ? ''
      : `${formatCount(rows.in)} → ${formatCount(rows.out)} rows`;
  const rejected = rows.rejected === 0 ? '' : pc.yellow(`${formatCount(rows.rejected)} rejected`);
  const answered =
    underway === undefined ? '' : `${formatCount(underway.done)} of ${formatCount(underway.total)} rows answered`;
  const gas = gasUsed === 0n ? '' : pc.dim(`${formatLarge(gasUsed)} gas`);
  const label = shorten(stageLabel(name, kind, operators), labelWidth).padEnd(labelWidth);
  return `  ${label} ${bar} ${`${done} of ${width}`.padStart(9)}  ${[counts, rejected, answered, gas].filter(Boolean).join('  ')}`;
}

/** The name of a stage, like `dedupe near-dup: keys`; a stage of row operators has the names of all of them. */
export function stageLabel(name: string, kind: string, operators: readonly string[]): string {
  const role = ROLES[kind];
  const [first = name, ...fused] = operators;
  return [role === undefined ? first : `${first}: ${role}`, ...fused].join(' · ');
}

export function summary(progress: Progress): string {
  return summaryParts(progress).join(' · ');
}

function wrap(parts: readonly string[], columns: number): string[] {
  const lines: string[] = [];
  for (const part of parts) {
    const longer = `${lines.at(-1)} · ${part}`;
    if (lines.length > 0 && longer.length < columns) lines[lines.length - 1] = longer;
    else lines.push(part);
  }
  return lines;
}

function summaryParts(progress: Progress): string[] {
  const parts = [
    `${progress.tasksDone} of ${progress.tasks} tasks`,
    `${formatLarge(progress.gasUsed)} gas`,
    `${formatCount(progress.inputTokens)} + ${formatCount(progress.outputTokens)} tokens`,
    `spent ${formatMizu(progress.spentWei)}`,
    `${progress.tasksPerSecond.toFixed(1)} tasks/s`,
    formatDuration(progress.elapsedSeconds),
  ];
  const { items = 0 } = progress.voided ?? {};
  if (items > 0)
    parts.push(pc.yellow(`L1 has voided ${items === 1 ? 'an item' : `${items} items`}: what had used it runs again`));
  if (progress.secondsLeft !== undefined) parts.push(`about ${formatDuration(progress.secondsLeft)} left`);
  return parts;
}

function statusText(status: Progress['status']): string {
  return status === 'done' ? pc.green(status) : status === 'running' ? pc.cyan(status) : pc.red(status);
}

// Cuts a line to the terminal's width: a line that wraps would break the redrawing. Colours take no room.
function cut(line: string, columns: number): string {
  let room = columns - 1;
  let text = '';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control characters
  for (const part of line.split(/(\x1b\[[0-9;]*m)/)) {
    if (part.startsWith('\x1b')) text += part;
    else {
      text += part.slice(0, Math.max(0, room));
      room -= part.length;
    }
  }
  return text;
}
