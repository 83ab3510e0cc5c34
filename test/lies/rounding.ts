// docs/disputes.md#lies: a floating-point result one unit in the last place off, right after the instruction that rounds it.
import { createTrace } from '../../dispute/trace/trace.ts';
import { gatherTrace } from '../../dispute/trace/trace-input.ts';
import type { StepInput } from '../../node/transition.ts';
import { LEAF_BYTES, objectRoot } from '../../protocol/tree.ts';
import type { CorpusWorld } from './corpus-world.ts';
import { createCorpus, type Lie } from './lie.ts';
import { createSteps } from './steps.ts';

/** Where the results of `ROUNDING` stand in its output. */
const RESULTS = [
  ['f64_add', 0],
  ['f64_sub', 8],
  ['f64_mul', 16],
  ['f64_div', 24],
  ['f64_sqrt', 32],
  ['f32_demote_f64', 40],
  ['f32_div', 48],
] as const;
/** Instructions of the kernel after the program. */
const KERNEL_END = 400_000n;

export async function roundingLies(world: CorpusWorld): Promise<Lie[]> {
  const { after, before, execOf, withExec } = createSteps(world);
  const { lies, add } = createCorpus(after);
  const step = world.stepOf('rounding');
  const exec = await execOf(step);
  const output = (await world.node.objects.get(exec.outputRoot)) as Uint8Array;
  const trace = createTrace(await gatherTrace(world.node, before(step), world.inputs[step] as StepInput));
  const length = trace.length();
  const found = new Map<string, bigint>();
  const start = length > KERNEL_END ? length - KERNEL_END : 0n;
  for (let position = start; position < length && found.size < RESULTS.length; position++) {
    const { machine, instruction } = trace.place(position);
    if (machine === 'kernel' && found.size > 0) break;
    if (machine !== 'program' || instruction === undefined) continue;
    if (RESULTS.some(([name]) => name === instruction) && !found.has(instruction)) found.set(instruction, position);
  }
  for (const [name, at] of RESULTS) {
    const position = found.get(name);
    if (position === undefined) throw new Error(`the program has executed no ${name}`);
    const off = output.map((byte, i) => (i === at ? byte ^ 1 : byte));
    const leaf = withExec(step, { ...exec, outputRoot: objectRoot(off) });
    if (leaf.length !== LEAF_BYTES) throw new Error('not a leaf');
    add(`rounding: ${name} is one unit in the last place off`, step, leaf, { from: position + 1n });
  }
  return lies;
}
