// docs/operations.md#logs: one JSON object a line; on a terminal, one readable line.
import { inspect } from 'node:util';
import pc from 'picocolors';
import pino from 'pino';
import { MizuError } from '../../protocol/errors.ts';
import { bounded, oneLine } from '../../protocol/text.ts';
import type { Logger } from './logger.ts';
import { mapStack } from './stacks.mjs';

export type { Logger } from './logger.ts';

/** The most characters of one field of an error. */
const MAX_FIELD = 4_000;

const PAINT: Record<number, (text: string) => string> = {
  10: pc.dim,
  20: pc.dim,
  30: pc.green,
  40: pc.yellow,
  50: pc.red,
  60: pc.red,
};

/**
 * The level comes from MIZU_LOG (trace, debug, info, warn, error, fatal, silent), and is `info` without it. Lines go to
 * stderr: stdout is for results.
 */
export function createLogger(name: string, level: string = process.env.MIZU_LOG ?? 'info'): Logger {
  const readable = process.stderr.isTTY === true;
  const stream = readable ? { write: (line: string) => void process.stderr.write(toReadable(line)) } : process.stderr;
  return pino(
    {
      name,
      level: level in pino.levels.values || level === 'silent' ? level : 'info',
      serializers: { err: describeThrown },
    },
    stream,
  );
}

/** An error as plain fields: a refusal keeps what was expected and what came. */
export function describeThrown(error: unknown): Record<string, unknown> {
  if (error instanceof MizuError) {
    const { code, message, expected, actual, hint, retryable } = error;
    const cause = error.cause instanceof Error ? error.cause.message : error.cause;
    return boundedFields({ code, message, expected, actual, hint, retryable, cause });
  }
  if (!(error instanceof Error)) return boundedFields({ message: String(error) });
  // The stack is bounded first, because it begins with the message, which others may have written. What replaces a
  // place is shorter.
  const stack = mapStack(bounded(error.stack ?? '', MAX_FIELD));
  return { ...boundedFields({ message: error.message }), stack };
}

// Others decide how long what they send is: a small frame that is wrong in a thousand places must not fill the disk.
function boundedFields(fields: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(fields).map(([name, value]) => {
    if (typeof value === 'string') return [name, bounded(value, MAX_FIELD)];
    if (typeof value !== 'object' || value === null) return [name, value];
    const text = inspect(value, { depth: 2, maxArrayLength: 20, maxStringLength: MAX_FIELD, breakLength: Infinity });
    return [name, bounded(text, MAX_FIELD)];
  });
  return Object.fromEntries(entries);
}

/** A line for a terminal, which no field can steer. */
export function toReadable(line: string): string {
  const {
    level,
    time,
    name,
    msg,
    pid: _pid,
    hostname: _hostname,
    ...rest
  } = JSON.parse(line) as Record<string, unknown>;
  const number = level as number;
  const label = pino.levels.labels[number] ?? String(number);
  const clock = new Date(time as number).toISOString().slice(11, 23);
  const fields = Object.entries(rest).map(([key, value]) =>
    pc.dim(oneLine(`${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)),
  );
  return `${[pc.dim(clock), (PAINT[number] ?? String)(label.padEnd(5)), pc.bold(String(name)), oneLine(String(msg ?? '')), ...fields].join(' ')}\n`;
}
