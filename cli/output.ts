// docs/sdk.md#cli: what commands print: text for people, or with --json one JSON value a line.
import pc from 'picocolors';
import { typedCommand } from './invocation.ts';

export type Output = {
  readonly json: boolean;
  /** Text for people; silent with --json. */
  say(text: string): void;
  /** One line of JSON with --json; silent without. */
  data(value: Record<string, unknown>): void;
};

export function createOutput(json: boolean, stream: NodeJS.WritableStream = process.stdout): Output {
  return {
    json,
    say: (text) => {
      if (!json) stream.write(`${text}\n`);
    },
    data: (value) => {
      if (json) stream.write(`${toJson(value)}\n`);
    },
  };
}

/** The next commands, each `mizu …`, as they are typed in this folder. */
export function nextCommands(commands: readonly (readonly [command: string, what: string])[]): string {
  const own = typedCommand();
  const width = Math.max(...commands.map(([command]) => command.length));
  return [
    '',
    pc.bold('Next:'),
    ...commands.map(
      ([command, what]) => `  ${pc.cyan(`${own}${command.padEnd(width).slice('mizu'.length)}`)}  ${pc.dim(what)}`,
    ),
  ].join('\n');
}

export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner));
}

export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

export function formatDuration(seconds: number): string {
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
}

/** `names` of operators in their order, one or more. */
export function operatorSpan(names: readonly string[]): string {
  return names.length === 1 ? `operator '${names[0]}'` : `operators '${names[0]}' to '${names.at(-1)}'`;
}

export function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
