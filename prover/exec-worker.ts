// docs/prover.md#pool: one thread: compiles programs, keeps them, and runs one job after another.
import { parentPort } from 'node:worker_threads';
import { MizuError } from '../protocol/errors.ts';
import { type Hex, hexToBytes } from '../protocol/hex.ts';
import { createNativeEngine, type NativeEngine, type NativeProgram, type NativeSource } from '../vm/native/engine.ts';
import { decodeHeader } from '../vm/program.ts';
import type { FromWorker, ProgramParts, ToWorker } from './exec-job.ts';

const port = parentPort;
if (port === null) throw new Error('this module runs as a worker thread');
const engine = createNativeEngine();
const programs = new Map<Hex, NativeProgram>();

port.on('message', (message: ToWorker) => {
  const answer = respond(message);
  port.postMessage(answer, 'outcome' in answer ? [answer.outcome.output.buffer as ArrayBuffer] : []);
});

function respond({ id, job, parts, drop }: ToWorker): FromWorker {
  try {
    for (const programId of drop) programs.delete(programId);
    if (parts !== undefined) programs.set(job.programId, load(engine, parts));
    const program = programs.get(job.programId);
    if (program === undefined) throw new Error(`program ${job.programId} was not sent`);
    const { status, output, gasUsed } = engine.run(program, {
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

// docs/vm.md#program: run natively only if the module lowers to what was deployed, from its own state or from an image.
function load(native: NativeEngine, parts: ProgramParts): NativeProgram {
  const { code, image, slots, data, wasm } = parts;
  const source: NativeSource = {
    header: decodeHeader(parts.header),
    code,
    memory: image,
    slots,
    data,
    wasm,
    fromImage: false,
  };
  const plain = native.load(source);
  if (plain.kind === 'native') return plain;
  const imaged = native.load({ ...source, fromImage: true });
  if (imaged.kind === 'native') return imaged;
  throw new MizuError({
    code: 'prover/not-native',
    message: `Program ${plain.programId} does not lower from its module (${plain.reason}).`,
  });
}

// A view of a larger buffer cannot be handed over.
function ownBuffer(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
}
