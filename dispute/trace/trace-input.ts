// docs/disputes.md#judged: gathers what the trace of one step reads, by running the step natively once more.
import { deriveBatch, type ObjectSource, requireObject } from '../../node/l1/derive.ts';
import type { MessagePlace } from '../../node/l1/message-place.ts';
import type { Mirror } from '../../node/l1/mirror.ts';
import { loadParts } from '../../node/program-parts.ts';
import type { ProgramRegistry } from '../../node/programs.ts';
import type { StepInput, StepOutcome, TouchedExec, Transition } from '../../node/transition.ts';
import { MizuError } from '../../protocol/errors.ts';
import type { Hex } from '../../protocol/hex.ts';
import { decodeProgramHeader } from '../../protocol/program.ts';
import { decodeExecRequest } from '../../protocol/state.ts';
import type { ObjectRef } from '../../protocol/tree.ts';
import type { Program } from '../../vm/program.ts';
import type { TracedExec, TraceInput } from './trace.ts';

export type TraceParts = {
  readonly mirror: Mirror;
  readonly objects: ObjectSource;
  readonly transition: Pick<Transition, 'step'>;
  readonly programs: Pick<ProgramRegistry, 'entries'>;
  readonly kernel: Program;
};

type Sources = Omit<TraceParts, 'mirror'>;

/** @throws MizuError `da/object-missing`, `l1/reorganised` (retryable) */
export async function readStep(
  { mirror, objects }: Pick<TraceParts, 'mirror' | 'objects'>,
  place: MessagePlace,
): Promise<StepInput> {
  const batch = await mirror.batch(place.batch);
  const step = batch === undefined ? undefined : (await deriveBatch(mirror, objects, batch))[place.message];
  if (step !== undefined) return step;
  throw new MizuError({
    code: 'l1/reorganised',
    message: 'A disputed message is not on L1 any more.',
    expected: `message ${place.message} of batch ${place.batch}`,
    actual: 'the inbox has none',
    retryable: true,
  });
}

/** `stateLeaf`: 128 bytes, the state before the step. @throws MizuError `da/object-missing` (retryable) */
export async function gatherTrace(
  parts: Sources,
  stateLeaf: Uint8Array,
  { context, message }: StepInput,
): Promise<TraceInput> {
  const outcome = await parts.transition.step(stateLeaf, context, message);
  const execs = await Promise.all(outcome.touched.execs.map((exec) => traceExec(parts, outcome, exec)));
  return { kernel: parts.kernel, stateLeaf, context, message: message.bytes, nodes: outcome.touched.nodes, execs };
}

async function traceExec(parts: Sources, outcome: StepOutcome, exec: TouchedExec): Promise<TracedExec> {
  const made = new Map(outcome.objects.map(({ root, bytes }) => [root, bytes]));
  const { programId } = decodeExecRequest(exec.request);
  const { status, gasUsed, outputRoot, outputLength } = exec.result;
  const [program, inputs, output] = await Promise.all([
    loadProgram(parts, programId),
    Promise.all(exec.inputs.map((ref) => read(parts.objects, made, ref, 'An input'))),
    read(parts.objects, made, { root: outputRoot, length: outputLength }, 'An output'),
  ]);
  return { request: exec.request, program, inputs, result: { status, gasUsed, output } };
}

async function loadProgram({ programs, objects }: Sources, programId: Hex): Promise<Program> {
  const [entry, ...others] = await programs.entries(programId);
  if (entry === undefined) throw new Error(`program ${programId} was run and is not known`);
  const { header, code, image, slots, data } = await loadParts([entry, ...others], objects);
  return { header: decodeProgramHeader(header), code, memory: image, slots, data };
}

async function read(
  objects: ObjectSource,
  made: ReadonlyMap<Hex, Uint8Array>,
  ref: ObjectRef,
  what: string,
): Promise<Uint8Array> {
  return made.get(ref.root) ?? requireObject(objects, ref, what);
}
