// docs/machine.md#proof: the step machine in the states that the contracts' vectors are made of: every instruction, its faults and edges.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bytesToHex, hexToBytes } from '../../protocol/hex.ts';
import { IMMEDIATE_BIT, INSTRUCTIONS, instructionOf, OP } from '../../protocol/isa.ts';
import { loadModule } from '../../vm/load.ts';
import { createProgram, type Program } from '../../vm/program.ts';
import { CORE } from '../../vm/step/core.ts';
import { hashHalted, MACHINE_KIND, NO_PARENT } from '../../vm/step/encode.ts';
import { endingOf } from '../../vm/step/ending.ts';
import { createMachine, hashRunning, type Machine, runMachine } from '../../vm/step/machine.ts';
import { proveStep } from '../../vm/step/prove.ts';
import { assemble } from '../modules/test-modules.fixture.ts';
import { createOpVectors } from '../vectors/op-vectors.ts';
import { hashPlain, type PlainMachine } from '../vectors/plain-proof.fixture.ts';
import { buildPlainMachine, childProgram, type StepCase } from '../vectors/plain-step.fixture.ts';
import { createStepCases } from '../vectors/step-cases.fixture.ts';
import { SIGNATURE, type StepVectors } from '../vectors/step-vectors.ts';

/** The same machine as the reference machine's. */
function fromPlain({ kind, state, parent, resultAddress, preimages }: PlainMachine, recovered: Uint8Array): Machine {
  const { program, request } = state;
  const machine = createMachine({
    ...request,
    kind,
    program,
    resultAddress,
    parent: parent === undefined ? NO_PARENT : hashPlain(parent),
    preimage: () => preimages[0]!,
    ecrecover: () => recovered,
  });
  const { core } = machine;
  core.guest(0, state.memory.length).set(state.memory);
  for (let address = 0; address < state.memory.length; address += 128) core.mark(address);
  state.slots.forEach((value, slot) => {
    core.view().setBigUint64(CORE.slots + 8 * slot, value, true);
  });
  machine.output.append(state.host.output());
  machine.pc = state.pc;
  machine.fp = state.fp;
  machine.gasLeft = state.gasLeft;
  machine.debt = state.debt;
  return machine;
}

type Vector = { readonly proof: string; readonly before: string; readonly after: string };

/** The proofs that forge replays; proofs of the rest are made anew by the contracts' own tests. */
const VECTORS = readVectors();

function readVectors(): Map<string, Vector> {
  const path = new URL('../../contracts/test/vectors/steps.json', import.meta.url);
  const { names, proofs, befores, afters } = JSON.parse(readFileSync(path, 'utf8')) as StepVectors;
  return new Map(names.map((name, i) => [name, { proof: proofs[i]!, before: befores[i]!, after: afters[i]! }]));
}

function check(given: StepCase, vector: Vector): void {
  const plain = buildPlainMachine(given);
  const recovered = given.recovered ?? new Uint8Array(20);
  const machine = fromPlain(plain, recovered);
  const parent = plain.parent && fromPlain(plain.parent, recovered);
  expect(hashRunning(machine)).toBe(vector.before);
  const proof = proveStep(machine, parent, childProgram);
  expect(bytesToHex(proof) === vector.proof).toBe(true);
  expect(hashRunning(machine)).toBe(vector.before);
  expect(runMachine(machine, 1n)).toBe(1n);
  // What follows on the end of a program with a parent, and on `exec`, is the trace's matter: kernel-step.test.ts.
  if (machine.stop === undefined) expect(hashRunning(machine)).toBe(vector.after);
  else if (machine.stop.kind !== 'exec' && parent === undefined)
    expect(hashHalted(endingOf(machine).halted)).toBe(vector.after);
}

describe('single instructions', () => {
  const cases = createStepCases(SIGNATURE).flatMap((given) => {
    const vector = VECTORS.get(given.name);
    return vector === undefined ? [] : [[given.name, given, vector] as const];
  });

  it.each(cases)('%s', (_, given, vector) => {
    check(given, vector);
  });

  it('are all there', () => {
    expect(cases.length).toBe(VECTORS.size);
    const others = INSTRUCTIONS.filter(
      ({ family }) => family === 'control' || family === 'memory' || family === 'host',
    );
    const tested = new Set(cases.map(([, { op }]) => op));
    expect(others.filter(({ name }) => !tested.has(name))).toEqual([]);
  });

  it('compute what V8 computes, on every pair of edge operands, as slots and as immediates', async () => {
    const { values, pairs, ops, results } = createOpVectors();
    const base = createProgram({ module: loadModule(assemble('(module (func (export "_start")))')) });
    ops.forEach((op, index) => {
      const { name, shape } = instructionOf(op)!;
      const type = (/_(i32|i64|f32|f64)/.exec(name)?.[1] ?? name.slice(0, 3)) as keyof typeof values;
      const binary = shape === 'binary';
      const operands = (binary ? pairs : values)[type].map(BigInt);
      const expected = hexToBytes(results[index] as `0x${string}`);
      const machine = arithmetic(base, op);
      const wrong: string[] = [];
      const rows = binary
        ? operands.flatMap((b) => operands.map((c) => [b, c] as const))
        : operands.map((b) => [b, 0n] as const);
      rows.forEach(([b, c], row) => {
        const wanted = Buffer.from(expected.subarray(row * 9, row * 9 + 9)).toString('hex');
        const got = compute(machine, 0, b, c);
        if (got !== wanted) wrong.push(`${name} ${b} ${c}: ${got}, not ${wanted}`);
      });
      for (const row of [0, 1, rows.length >> 1, rows.length - 1]) {
        const [b, c] = rows[row]!;
        const immediate = arithmetic(base, op | IMMEDIATE_BIT, binary ? c : b);
        const wanted = Buffer.from(expected.subarray(row * 9, row * 9 + 9)).toString('hex');
        const got = compute(immediate, 0, b, c);
        if (got !== wanted) wrong.push(`${name} with an immediate, ${b} ${c}: ${got}, not ${wanted}`);
      }
      expect(wrong).toEqual([]);
    });
  });
});

/** Slot 2 = slot 3 op slot 4, and a halt. */
function arithmetic(base: Program, op: number, imm = 0n): Machine {
  const code = new Uint8Array(32);
  const view = new DataView(code.buffer);
  [op, 2, 3, 4].forEach((value, i) => {
    view.setUint16(i * 2, value);
  });
  view.setBigUint64(8, imm);
  view.setUint16(16, OP.halt);
  return createMachine({
    kind: MACHINE_KIND.user,
    program: { ...base, code },
    inputs: [],
    gasLimit: 1n << 40n,
    timestampNs: 0n,
    seed: new Uint8Array(32),
    resultAddress: 0,
    parent: NO_PARENT,
    preimage: (hash) => hash,
    ecrecover: (input) => input,
  });
}

/** A byte that says whether it faulted, and the result. */
function compute(machine: Machine, pc: number, b: bigint, c: bigint): string {
  const { core } = machine;
  const slot = (field: number): number => CORE.slots + 8 * (machine.fp + field);
  machine.pc = pc;
  machine.stop = undefined;
  core.view().setBigUint64(slot(2), 0n, true);
  core.view().setBigUint64(slot(3), b, true);
  core.view().setBigUint64(slot(4), c, true);
  runMachine(machine, 1n);
  const result = core.view().getBigUint64(slot(2), true);
  return `${machine.stop === undefined ? '00' : '01'}${result.toString(16).padStart(16, '0')}`;
}
