// docs/prover.md#pool: one thread of the native engine: compiles programs, keeps them, and runs one job after another.
import { parentPort } from 'node:worker_threads';
import { type Hex, hexToBytes } from '../../protocol/hex.ts';
import { decodeProgramHeader } from '../../protocol/program.ts';
import { createNativeEngine, NativeFailed, type NativeProgram, startsFromImage } from '../../vm/native/engine.ts';
import { type FromWorker, inputsOfJob, type ProgramParts, type ToWorker } from './exec-job.ts';

const port = parentPort;
if (port === null) throw new Error('this module runs as a worker thread');
const engine = createNativeEngine();
const programs = new Map<Hex, NativeProgram>();

port.on('message', (message: ToWorker) => {
  const answer = respond(message);
  port.postMessage(answer, answer.kind === 'outcome' ? [answer.outcome.output.buffer as ArrayBuffer] : []);
});

// Whatever is thrown here, from a module that V8 refuses to a fault of ours, sends the job to the step machine.
function respond({ id, job, parts, pages, drop }: ToWorker): FromWorker {
  const from = performance.now();
  let loaded = false;
  try {
    for (const programId of drop) programs.delete(programId);
    if (parts !== undefined) programs.set(job.programId, load(parts));
    const program = programs.get(job.programId);
    if (program === undefined) throw new Error(`program ${job.programId} was not sent`);
    loaded = true;
    port?.postMessage({ id, kind: 'loaded' } satisfies FromWorker);
    const request = { ...job, inputs: inputsOfJob(job), seed: hexToBytes(job.seed) };
    const { status, output, gasUsed } = engine.run(program, request, pages);
    const outcome = { status, output: ownBuffer(output), gasUsed };
    return { id, kind: 'outcome', outcome, keptBytes: program.keptBytes(), ms: performance.now() - from };
  } catch (error) {
    programs.delete(job.programId);
    const needsMemory = error instanceof NativeFailed && error.needsMemory;
    const cause = error instanceof NativeFailed ? error.cause : error;
    const reason = cause instanceof Error ? cause.message : String(cause);
    return { id, kind: 'refused', reason, loaded, needsMemory };
  }
}

function load({ header, code, image, slots, data, wasm }: ProgramParts): NativeProgram {
  const program = { header: decodeProgramHeader(header), code, memory: image, slots, data };
  const loaded = engine.load({ ...program, wasm, fromImage: startsFromImage(code) });
  if (loaded.kind === 'mismatch') throw new Error(loaded.reason);
  return loaded;
}

// Only a buffer of its own can be handed over to another thread: a view of a larger one is copied.
function ownBuffer(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
}
