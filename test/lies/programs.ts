// docs/disputes.md#lies: lies about what a program has put out: bytes, records, gas, and how it ended.
import type { ExecResult } from '../../node/exec-result.ts';
import { STATUS_FAULT } from '../../protocol/constants.ts';
import { objectRoot } from '../../protocol/tree.ts';
import type { CorpusWorld } from './corpus-world.ts';
import { RECORDS } from './inbox.ts';
import { createCorpus, type Lie } from './lie.ts';
import { createSteps } from './steps.ts';

const EMPTY = new Uint8Array(0);

export async function programLies(world: CorpusWorld): Promise<Lie[]> {
  const { after, execOf, withExec } = createSteps(world);
  const { lies, add } = createCorpus(after);
  const [task, records, trap] = ['task', 'records', 'trap'].map(world.stepOf) as [number, number, number];

  const exec = await execOf(task);
  const output = (await world.node.objects.get(exec.outputRoot)) as Uint8Array;
  const withOutput = (bytes: Uint8Array): Partial<ExecResult> => ({
    outputRoot: objectRoot(bytes),
    outputLength: bytes.length,
  });
  const results: readonly (readonly [string, Partial<ExecResult>])[] = [
    ['one byte of the output', withOutput(output.map((byte, i) => (i === 3 ? byte ^ 1 : byte)))],
    ['the first byte of the output', withOutput(output.map((byte, i) => (i === 0 ? byte ^ 0x80 : byte)))],
    ['a byte is dropped from the output', withOutput(output.slice(0, -1))],
    ['a byte is added to the output', withOutput(Uint8Array.from([...output, 10]))],
    ['the bytes are reversed', withOutput(output.slice().reverse())],
    ['the output is the input', withOutput(output.map((byte) => byte - 1))],
    ['the output is empty', withOutput(EMPTY)],
    ['another length of the same output', { outputLength: exec.outputLength + 1 }],
    ['one gas more', { gasUsed: exec.gasUsed + 1n }],
    ['one gas less', { gasUsed: exec.gasUsed - 1n }],
    ['no gas at all', { gasUsed: 0n }],
    ['an exit code instead of success', { status: 1 }],
    ['success is called a trap', { status: STATUS_FAULT, ...withOutput(EMPTY) }],
  ];
  for (const [name, result] of results) add(`program: ${name}`, task, withExec(task, { ...exec, ...result }));

  const fault = await execOf(trap);
  if (fault.status !== STATUS_FAULT) throw new Error(`the program that shall trap ended with ${fault.status}`);
  const traps: readonly (readonly [string, Partial<ExecResult>])[] = [
    ['is called a success', { status: 0 }],
    ['is called a success with an output', { status: 0, ...withOutput(Uint8Array.of(0, 2, 3)) }],
    ['is called an exit code', { status: 1 }],
    ['with one gas less', { gasUsed: fault.gasUsed - 1n }],
    ['with no gas', { gasUsed: 0n }],
    ['with an output', withOutput(Uint8Array.of(1))],
  ];
  for (const [name, result] of traps) add(`trap: ${name}`, trap, withExec(trap, { ...fault, ...result }));

  const kept = await execOf(records);
  const [a, b, c, d] = RECORDS as [string, string, string, string];
  const claimed: readonly (readonly [string, readonly string[]])[] = [
    ['the first is dropped', [b, c, d]],
    ['one in the middle is dropped', [a, c, d]],
    ['the last is dropped', [a, b, c]],
    ['one is added at the end', [a, b, c, d, '{"id":"x","n":9}\n']],
    ['one is added in front', ['{"id":"x","n":9}\n', a, b, c, d]],
    ['one is there twice', [a, b, b, c, d]],
    ['two have changed places', [b, a, c, d]],
    ['all in reverse order', [d, c, b, a]],
    ['a field of one has another value', [a, b.replace('1', '7'), c, d]],
    ['one is replaced by another', [a, b, c, c]],
  ];
  for (const [name, list] of claimed) {
    const result = withOutput(new TextEncoder().encode(list.join('')));
    add(`records: ${name}`, records, withExec(records, { ...kept, ...result }));
  }
  return lies;
}
