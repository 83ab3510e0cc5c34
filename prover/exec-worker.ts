// docs/prover.md#pool: one thread: compiles programs, keeps them, and runs one job after another.
import { parentPort } from 'node:worker_threads';
import { MizuError } from '../protocol/errors.ts';
import { type Hex, hexToBytes } from '../protocol/hex.ts';
import { createNativeEngine, type NativeProgram, type NativeSource } from '../vm/native/engine.ts';
import { decodeHeader, type Program } from '../vm/program.ts';
import { runReference } from '../vm/reference/machine.ts';
import type { RunRequest, RunResult } from '../vm/run.ts';
import type { FromWorker, ProgramParts, ToWorker } from './exec-job.ts';

const port = parentPort;
if (port === null) throw new Error('this module runs as a worker thread');
const engine = createNativeEngine();
type Runnable = (request: RunRequest) => RunResult;
const programs = new Map<Hex, Runnable>();

port.on('message', (message: ToWorker) => {
  const answer = respond(message);
  port.postMessage(answer, 'outcome' in answer ? [answer.outcome.output.buffer as ArrayBuffer] : []);
});

function respond({ id, job, parts, drop }: ToWorker): FromWorker {
  try {
    for (const programId of drop) programs.delete(programId);
    if (parts !== undefined) programs.set(job.programId, load(parts));
    const run = programs.get(job.programId);
    if (run === undefined) throw new Error(`program ${job.programId} was not sent`);
    const { status, output, gasUsed } = run({
      inputs: job.inputs,
      gasLimit: job.gasLimit,
      timestampNs: job.timestampNs,
      seed: hexToBytes(job.seed),
    });
    return { id, outcome: { status, output: ownBuffer(output), gasUsed } };
  } catch (error) {
    const code = error instanceof MizuError ? error.code : 'prover/engine-failed';
    return { id, failure: { code, message: error instanceof Error ? error.message : String(error) } };
  }
}

// docs/vm.md#program: natively only if the module lowers to what was deployed, from its own state or from an image. What was
// deployed is the lowered code, so anything else runs as that: slowly, but with the same result for everybody.
function load(parts: ProgramParts): Runnable {
  const { code, image, slots, data, wasm } = parts;
  const program: Program = { header: decodeHeader(parts.header), code, memory: image, slots, data };
  for (const fromImage of [false, true]) {
    const native = tryNative({ ...program, wasm, fromImage });
    if (native !== undefined) return (request) => engine.run(native, request);
  }
  return (request) => runReference(program, request);
}

// The module may be any bytes: that it is refused says nothing about the program.
function tryNative(source: NativeSource): NativeProgram | undefined {
  try {
    const loaded = engine.load(source);
    return loaded.kind === 'native' ? loaded : undefined;
  } catch (error) {
    if (error instanceof MizuError) return undefined;
    throw error;
  }
}

// A view of a larger buffer cannot be handed over.
function ownBuffer(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
}
