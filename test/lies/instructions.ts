// docs/disputes.md#lies: one lie for each instruction that a step executes: right up to it, wrong after it.
import { createTrace } from '../../dispute/trace/trace.ts';
import { gatherTrace } from '../../dispute/trace/trace-input.ts';
import type { StepInput } from '../../node/transition.ts';
import { LEAF_BYTES } from '../../protocol/tree.ts';
import type { CorpusWorld } from './corpus-world.ts';
import type { Lie } from './lie.ts';

/** Positions looked at from the start of the step, and around the program that it runs. */
const LOOKED_AT = 60_000n;

export async function instructionLies({ node, steps, inputs, stepOf }: CorpusWorld): Promise<Lie[]> {
  const step = stepOf('task');
  const leaf = (at: number) => steps.slice(at * LEAF_BYTES, (at + 1) * LEAF_BYTES);
  const input = await gatherTrace(node, leaf(step), inputs[step] as StepInput);
  const trace = createTrace(input);
  const length = trace.length();
  const found = new Map<string, bigint>();
  const look = (from: bigint, to: bigint) => {
    for (let position = from < 0n ? 0n : from; position < to && position < length; position++) {
      const place = trace.place(position);
      const name = `${place.machine}: ${place.instruction ?? 'fault'} (${place.family ?? 'none'})`;
      if (!found.has(name)) found.set(name, position);
    }
  };
  look(0n, LOOKED_AT);
  const gas = input.execs[0]?.result.gasUsed ?? 0n;
  look(length - LOOKED_AT / 2n - gas, length);
  return [...found].map(([name, position], i) => {
    const claimed = leaf(step + 1);
    new DataView(claimed.buffer).setUint32(28, i + 1);
    return { name: `wrong after one instruction of the ${name}`, step, leaf: claimed, from: position + 1n };
  });
}
