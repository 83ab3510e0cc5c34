// docs/isa.md#integer, docs/isa.md#float, docs/machine.md#proof: the committed vectors in the engines.
import { readFileSync } from 'node:fs';
import { createOneStepVerifier, type OneStepVerifier } from '../../dispute/osp.ts';
import { hexToBytes } from '../../protocol/hex.ts';
import { INSTRUCTIONS, type Instruction } from '../../protocol/isa.ts';
import { loadModule } from '../../vm/load.ts';
import type { Module } from '../../vm/wasm/module.ts';
import { acceptedLies, changedLengths, flippedBits } from '../differential/lies.ts';
import { assemble } from '../modules/test-modules.fixture.ts';
import { type NumberType, type OpVectors, signatureOf } from '../vectors/op-vectors.ts';
import type { StepVectors } from '../vectors/step-vectors.ts';
import { exportBits } from './bits.ts';
import { type ConformanceEngine, instantiate } from './engines.ts';
import { createFileResult, type FileResult } from './result.ts';
import type { Sampler } from './sampled-step.ts';
import { createProofSampler } from './sampler.ts';
import type { CallOutcome } from './test-instance.ts';
import { firstComplaint } from './verify.ts';

const FOLDER = new URL('../../contracts/test/vectors/', import.meta.url);
/** A result: one byte that says whether it is a fault, and the bits. */
const RESULT_DIGITS = 18;
/** A call of one instruction is shorter. */
const STEPS_OF_CALL = 64;
/** One proof of each family, of whose every bit a flipped one is tried. */
const FLIPPED = ['call', 'i64_div_s by zero', 'f64_sqrt immediate', 'load64 over two leaves', 'input_read'];

export function readStepVectors(): StepVectors {
  return JSON.parse(readFileSync(new URL('steps.json', FOLDER), 'utf8')) as StepVectors;
}

/** Single instructions on edge operands, each as a function of a module; in evm the instruction's own step is proven, of one in `every` calls. */
export async function runOpVectors(
  names: readonly ConformanceEngine[],
  every: number,
  wanted: (name: string) => boolean = () => true,
): Promise<FileResult> {
  const { values, pairs, ops, results } = JSON.parse(readFileSync(new URL('ops.json', FOLDER), 'utf8')) as OpVectors;
  const verifier = names.includes('evm') ? await createOneStepVerifier() : undefined;
  const result = createFileResult('ops.json', names);
  for (const [index, op] of ops.entries()) {
    const instruction = INSTRUCTIONS.find((i) => i.op === op)!;
    if (!wanted(instruction.name)) continue;
    const module = exportBits(loadModule(moduleOf(instruction)));
    const { operand } = signatureOf(instruction.name);
    const sampler = samplerOf(instruction, module, every);
    const instances = names.map((name) => instantiate(name, module, sampler));
    const expected = results[index]!.slice(2).match(new RegExp(`.{${RESULT_DIGITS}}`, 'g'))!;
    for (const [i, args] of operandsOf(instruction, operand, values, pairs).entries()) {
      const outcomes = instances.map((instance) => instance.invoke('f', args));
      const steps = sampler.steps.splice(0);
      const proofs = verifier && (await firstComplaint(verifier, steps));
      result.assertions++;
      result.proven += steps.length;
      names.forEach((name, at) => {
        const got = encode(outcomes[at]!);
        const complaint = got === expected[i] ? (name === 'evm' ? proofs : undefined) : `${got}, not ${expected[i]}`;
        const call = `${instruction.name}(${args.map((x) => `0x${x.toString(16)}`).join(', ')})`;
        result.judge(name, complaint && `${call}: ${complaint}`, true);
      });
    }
  }
  return result;
}

/** One-step proofs of every instruction in the verifier's bytecode. */
export async function runStepVectors(): Promise<FileResult> {
  const result = createFileResult('steps.json', ['evm']);
  const verifier = await createOneStepVerifier();
  const { names, proofs, befores, afters } = readStepVectors();
  for (const [i, name] of names.entries()) {
    const step = { name, proof: hexToBytes(proofs[i]!), before: befores[i]!, after: afters[i]! };
    const complaint = await firstComplaint(verifier, [step]);
    result.assertions++;
    result.proven++;
    result.judge('evm', complaint, true);
  }
  return result;
}

/** Proofs of each family with any one bit flipped, or with a field of another length: none may be taken. */
export async function runLies(): Promise<FileResult> {
  const result = createFileResult('changed proofs', ['evm']);
  const verifier = await createOneStepVerifier();
  const { names, proofs, befores } = readStepVectors();
  for (const wanted of FLIPPED) {
    const i = names.findIndex((name) => name.startsWith(wanted));
    const { tried, accepted } = await triedLies(verifier, hexToBytes(proofs[i]!), befores[i]!);
    result.assertions += tried;
    for (let k = accepted.length; k < tried; k++) result.judge('evm', undefined, true);
    for (const what of accepted) result.judge('evm', `${wanted}: ${what} is taken`, true);
  }
  return result;
}

async function triedLies(verifier: OneStepVerifier, proof: Uint8Array, before: string) {
  const bits = await acceptedLies(verifier, before, flippedBits(proof));
  const lengths = await acceptedLies(verifier, before, changedLengths(proof));
  return { tried: bits.tried + lengths.tried, accepted: [...bits.accepted, ...lengths.accepted] };
}

/** Picks the instruction's own step, wherever the function has it. */
function samplerOf({ name, shape }: Instruction, module: Module, every: number): Sampler {
  const whole = createProofSampler({ every: 1, samples: STEPS_OF_CALL, seed: 1 });
  const ones = shape === 'unary' ? [1n] : [1n, 1n];
  instantiate('evm', module, whole).invoke('f', ones);
  const own = whole.steps.findIndex((step) => step.name === name);
  if (own < 0) throw new Error(`${name} is not lowered to itself, but to ${whole.steps.map((s) => s.name).join(', ')}`);
  let calls = 0;
  return { steps: [], wantsCall: () => calls++ % every === 0, pick: () => [BigInt(own)] };
}

function operandsOf(
  { shape }: Instruction,
  operand: NumberType,
  values: OpVectors['values'],
  pairs: OpVectors['pairs'],
): bigint[][] {
  if (shape === 'unary') return values[operand].map((x) => [BigInt(x)]);
  return pairs[operand].flatMap((x) => pairs[operand].map((y) => [BigInt(x), BigInt(y)]));
}

function moduleOf({ name, shape }: Instruction): Uint8Array {
  const { operand, result } = signatureOf(name);
  const params = shape === 'unary' ? operand : `${operand} ${operand}`;
  const gets = shape === 'unary' ? '(local.get 0)' : '(local.get 0) (local.get 1)';
  return assemble(`(module (func (export "f") (param ${params}) (result ${result}) (${textOf(name)} ${gets})))`);
}

/** `i32_trunc_sat_f64_s` is `i32.trunc_sat_f64_s`. */
function textOf(name: string): string {
  return name.replace('_', '.');
}

function encode(outcome: CallOutcome): string {
  if (outcome.kind === 'fault') return `01${'0'.repeat(RESULT_DIGITS - 2)}`;
  return `00${outcome.values[0]!.toString(16).padStart(RESULT_DIGITS - 2, '0')}`;
}
