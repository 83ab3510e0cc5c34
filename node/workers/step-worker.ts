// docs/prover.md#pool: one thread of the step machine: it runs programs that have no native form, or for which the native engine had no result.
import { parentPort } from 'node:worker_threads';
import { hexToBytes } from '../../protocol/hex.ts';
import { decodeProgramHeader } from '../../protocol/program.ts';
import { createStepMachine, type StepMachine } from '../../vm/step/step-machine.ts';
import { type FromWorker, inputsOfJob, type ToWorker } from './exec-job.ts';

const port = parentPort;
if (port === null) throw new Error('this module runs as a worker thread');

/** The gas between two looks at the thread's messages: 2^28 take about a second. */
const STRETCH = 1n << 28n;

port.on('message', async (message: ToWorker) => {
  const answer = await respond(message);
  port.postMessage(answer, answer.kind === 'outcome' ? [answer.outcome.output.buffer as ArrayBuffer] : []);
});

async function respond({ id, job, parts }: ToWorker): Promise<FromWorker> {
  const from = performance.now();
  try {
    if (parts === undefined) throw new Error(`program ${job.programId} was not sent`);
    const { header, code, image, slots, data } = parts;
    const program = { header: decodeProgramHeader(header), code, memory: image, slots, data };
    const machine = createStepMachine({ ...job, program, inputs: inputsOfJob(job), seed: hexToBytes(job.seed) });
    const { status, output, gasUsed } = await runToEnd(machine);
    const outcome = { status, output: output.slice(), gasUsed };
    return { id, kind: 'outcome', outcome, keptBytes: 0, ms: performance.now() - from };
  } catch (error) {
    return {
      id,
      kind: 'refused',
      reason: error instanceof Error ? error.message : String(error),
      loaded: true,
      needsMemory: error instanceof RangeError,
    };
  }
}

// Runs in stretches: a thread that is told to end does so between two of them.
async function runToEnd(machine: StepMachine) {
  for (;;) {
    machine.runTo(machine.position() + STRETCH);
    const result = machine.result();
    if (result !== undefined) return result;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
