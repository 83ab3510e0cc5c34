// docs/machine.md#proof: machines made by hand, one for each way an instruction can go, in the step machine.
import { isDeepStrictEqual } from 'node:util';
import { OP } from '../../protocol/isa.ts';
import { LEAF_BYTES } from '../../protocol/tree.ts';
import { step } from '../../vm/reference/machine.ts';
import { CORE } from '../../vm/step/core.ts';
import { hashHalted, NO_PARENT } from '../../vm/step/encode.ts';
import { endingOf } from '../../vm/step/ending.ts';
import { createMachine, hashRunning, type Machine, runMachine } from '../../vm/step/machine.ts';
import { proveStep } from '../../vm/step/prove.ts';
import { hashPlain, type PlainMachine } from '../vectors/plain-proof.fixture.ts';
import {
  buildPlainMachine,
  childProgram,
  createStepVector,
  type StepCase,
  type StepVector,
} from '../vectors/plain-step.fixture.ts';
import { createStepCases } from '../vectors/step-cases.fixture.ts';
import { SIGNATURE } from '../vectors/step-vectors.ts';

/** In bytes the core's 32-bit number of it is zero. */
const ENTER: StepCase = { name: 'enter 2^29 slots', op: 'enter', imm: 1n << 29n };

/** Cases without a parent, which only a kernel's trace has. */
export function handmadeCases(): StepCase[] {
  return [...createStepCases(SIGNATURE), ENTER].filter(({ resultAddress }) => resultAddress === undefined);
}

/** Hash before, proof and hash after one step against the reference machine's. Undefined: all the same. */
export function compareHandmade(given: StepCase): string | undefined {
  return compareStep(given, createStepVector(given));
}

/** `vector`: of the same case, as it was committed. */
export function compareStep(given: StepCase, { before, proof, after }: StepVector): string | undefined {
  const machine = load(buildPlainMachine(given), given);
  if (hashRunning(machine) !== before) return `${given.name}: another hash before`;
  if (!isDeepStrictEqual(new Uint8Array(proveStep(machine, undefined, childProgram)), new Uint8Array(proof)))
    return `${given.name}: another proof`;
  runMachine(machine, 1n);
  const { stop } = machine;
  // The kernel waits then: the child's hash belongs to the whole trace.
  if (stop?.kind === 'exec') return undefined;
  const hash = stop === undefined ? hashRunning(machine) : hashHalted(endingOf(machine).halted);
  return hash === after ? undefined : `${given.name}: another hash after`;
}

/** A frame at the end of the slots is run in short parts: one that halts has not taken the rest of its part. */
const HALT: StepCase = { name: 'halt in a frame at the end of the slots', op: 'halt', fp: 65_535 };
/** In such parts an instruction may cost more than is left of its part: what it owes is paid before the next one. */
const DEBTS: StepCase = {
  name: 'random again and again in a frame at the end of the slots',
  op: 'random',
  fp: 65_535,
  gasLeft: 20_000n,
  code: [[14, OP.jump, 13n]],
};
const DEBTS_STEPS = 10_000;

/** The halted machine's hash, which has the gas used, against that of its only step; and that of one which owes gas on its way there. */
export function compareHaltInFarFrame(): string | undefined {
  const machine = load(buildPlainMachine(HALT), HALT);
  runMachine(machine, machine.gasLeft);
  if (machine.stop === undefined) return `${HALT.name}: it goes on`;
  const same = hashHalted(endingOf(machine).halted) === createStepVector(HALT).after;
  return same ? compareDebtsInFarFrame() : `${HALT.name}: another hash after`;
}

/** Many steps at once against the reference machine's, one after another. */
function compareDebtsInFarFrame(): string | undefined {
  const [machine, plain] = [load(buildPlainMachine(DEBTS), DEBTS), buildPlainMachine(DEBTS)];
  for (let left = BigInt(DEBTS_STEPS); left > 0n; ) left -= runMachine(machine, left);
  for (let i = 0; i < DEBTS_STEPS; i++) step(plain.state);
  return hashRunning(machine) === hashPlain(plain) ? undefined : `${DEBTS.name}: another hash after`;
}

function load({ kind, state }: PlainMachine, given: StepCase): Machine {
  const { request, program, memory, slots, pc, fp, gasLeft, debt, host } = state;
  const { inputs, gasLimit, timestampNs, seed } = request;
  const machine = createMachine({
    kind: kind === 1 ? 1 : 0,
    program,
    inputs,
    gasLimit,
    timestampNs,
    seed,
    resultAddress: 0,
    parent: NO_PARENT,
    preimage: () => given.preimage ?? new Uint8Array(0),
    ecrecover: () => given.recovered ?? new Uint8Array(20),
  });
  const { core } = machine;
  core.guest(0, memory.length).set(memory);
  for (let address = 0; address < memory.length; address += LEAF_BYTES) core.mark(address);
  slots.forEach((value, i) => {
    core.view().setBigUint64(CORE.slots + i * 8, value, true);
  });
  machine.output.append(host.output());
  return Object.assign(machine, { pc, fp, gasLeft, debt });
}
