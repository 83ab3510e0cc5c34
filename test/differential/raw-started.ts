// docs/machine.md#step: a raw program as the child of a kernel: what L1 starts of its header, and the result that the kernel gets.
import type { OneStepVerifier } from '../../dispute/osp.ts';
import { createWriter } from '../../protocol/bytes.ts';
import { bytesToHex, type Hex } from '../../protocol/hex.ts';
import { IMMEDIATE_BIT, OP } from '../../protocol/isa.ts';
import { hashProgram } from '../../protocol/program.ts';
import { encodeExecInputs, encodeExecResult } from '../../protocol/state.ts';
import { LEAF_BYTES, objectRef, objectRoot } from '../../protocol/tree.ts';
import type { Program } from '../../vm/program.ts';
import type { ProgramRun, RunResult } from '../../vm/run.ts';
import { hashHalted } from '../../vm/step/encode.ts';
import { createStepMachine } from '../../vm/step/step-machine.ts';
import { writeFields } from './raw-code.ts';
import { createRawProgram } from './raw-subject.ts';

type Ended = {
  readonly stepped: Pick<RunResult, 'status' | 'gasUsed'>;
  /** Of the output. */
  readonly root: Hex;
  readonly outputLength: number;
};

/** Steps of the kernel below before it starts the child. */
const STEPS_BEFORE = 2n;

/** The step that starts the child and the one that ends it, and the leaf that the kernel commits: the child's result. */
export async function compareStarted(
  program: Program,
  request: ProgramRun,
  verifier: OneStepVerifier,
  { stepped, root, outputLength }: Ended,
): Promise<string | undefined> {
  const steps = createStepMachine({
    program: startingKernel(program, request),
    inputs: [],
    gasLimit: 1n << 39n,
    timestampNs: 0n,
    seed: new Uint8Array(32),
    kernel: {
      preimage: () => undefined,
      ecrecover: () => new Uint8Array(20),
      exec: () => ({ program, inputs: request.inputs }),
    },
  });
  const prove = async (what: string): Promise<string | undefined> => {
    const before = steps.hash();
    const verdict = await verifier.step(steps.prove());
    steps.runTo(steps.position() + 1n);
    if (verdict.kind === 'revert') return `${what}: the verifier refuses the proof: ${verdict.reason}`;
    return verdict.before === before && verdict.after === steps.hash()
      ? undefined
      : `${what}: the verifier goes elsewhere`;
  };
  steps.runTo(STEPS_BEFORE);
  const start = await prove('the start by a kernel');
  if (start !== undefined) return start;
  const end = createStepMachine({ program, ...request });
  end.runToEnd();
  steps.runTo(STEPS_BEFORE + end.position());
  const ending = await prove('the end with a parent');
  if (ending !== undefined) return ending;
  steps.runToEnd();
  const { status, gasUsed } = stepped;
  const leaf = encodeExecResult({ status, outputRoot: root, outputLength, gasUsed });
  return steps.hash() === hashHalted({ kind: 'commit', leaf }) ? undefined : 'the kernel gets another result leaf';
}

/** Two slots, exec, and a commit of the result leaf. */
function startingKernel(program: Program, request: ProgramRun): Program {
  const code = new Uint8Array(4 * 16);
  const mov = OP.mov | IMMEDIATE_BIT;
  writeFields(code, 0, { op: mov, a: 0, b: 0, c: 0, imm: 0n });
  writeFields(code, 1, { op: mov, a: 1, b: 0, c: 0, imm: BigInt(LEAF_BYTES) });
  writeFields(code, 2, { op: OP.exec, a: 0, b: 0, c: 0, imm: 0n });
  writeFields(code, 3, { op: OP.commit, a: 1, b: 0, c: 0, imm: 0n });
  const inputs = request.inputs.map(objectRef);
  const memory = createWriter()
    .hex(hashProgram(program.header), 32)
    .hex(objectRoot(encodeExecInputs(inputs)), 32)
    .hex(bytesToHex(request.seed), 32)
    .u64(request.gasLimit)
    .u64(request.timestampNs)
    .u32(inputs.length)
    .zeros(12)
    .finish();
  const none = new Uint8Array(0);
  return createRawProgram({ code, memory, slots: none, data: none }, { pagesInitial: 1, pagesMax: 1, globals: 0 });
}
