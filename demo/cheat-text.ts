// docs/operations.md#cheat: the words of a dispute.
import { formatCount } from '../sdk/client/money.ts';
import type { Metadata } from '../sdk/compile/definition.ts';
import type { CodeFunction } from '../vm/inspect/functions.ts';
import type { Seen, WatchedFault } from './watcher.ts';

export function describeMessage({ message }: WatchedFault, { stages }: Metadata): string {
  if (message.kind !== 'Advance') return message.kind;
  const stage = stages[message.stage];
  const what = stage?.sink == null ? `stage "${stage?.name}"` : `the program that writes "${stage.sink}"`;
  return `${what}, partition ${message.partition + 1}`;
}

export function describeProgram({ place: { machine, programId, pc: at } }: Seen): string {
  const place = `at ${formatCount(at ?? 0)} of its code`;
  if (machine === 'kernel') return `the kernel, ${place}`;
  return `the workflow's program ${shortHash(programId ?? '0x')}, ${place}`;
}

export function describeFunction({ index, name, offset }: CodeFunction): string {
  const place = `instruction ${formatCount(offset + 1)}`;
  if (name !== undefined) return `function ${name}, ${place}`;
  return `function ${formatCount(index)} of its WebAssembly, ${place} (it names none)`;
}

export function row(list: string, by: string, range: string, count: string, gas: string): string {
  return `  ${list.padEnd(5)}  ${by.padEnd(9)}  ${range.padEnd(26)}  ${count.padStart(17)}  ${gas.padStart(8)}`;
}

export function shortHash(hash: string): string {
  return hash.length <= 20 ? hash : `${hash.slice(0, 12)}…${hash.slice(-6)}`;
}
