// docs/isa.md#integer, docs/isa.md#float, docs/machine.md#proof: the committed vectors in the engines.
import { readFileSync } from 'node:fs';
import { type NumberType, type OpVectors, signatureOf } from '../../contracts/op-vectors.ts';
import type { StepVectors } from '../../contracts/step-vectors.ts';
import { hexToBytes } from '../../protocol/hex.ts';
import { INSTRUCTIONS, type Instruction } from '../../protocol/isa.ts';
import { createOneStepVerifier, type OneStepVerifier } from '../../prover/osp.ts';
import { loadModule } from '../../vm/load.ts';
import { assemble } from '../../vm/test-modules.fixture.ts';
import { exportBits } from './bits.ts';
import { type Engines, instantiate, type Outcome } from './engines.ts';
import { createFileResult, type FileResult } from './result.ts';

const FOLDER = new URL('../../contracts/test/vectors/', import.meta.url);
/** A result: one byte that says whether it is a fault, and the bits. */
const RESULT_DIGITS = 18;

export function readStepVectors(): StepVectors {
  return JSON.parse(readFileSync(new URL('steps.json', FOLDER), 'utf8')) as StepVectors;
}

/** Single instructions on edge operands, each as a function of a module. */
export async function runOpVectors(engines: Engines): Promise<FileResult> {
  const { values, pairs, ops, results } = JSON.parse(readFileSync(new URL('ops.json', FOLDER), 'utf8')) as OpVectors;
  const result = createFileResult('ops.json', engines.names);
  for (const [index, op] of ops.entries()) {
    const instruction = INSTRUCTIONS.find((i) => i.op === op)!;
    const module = exportBits(loadModule(moduleOf(instruction)));
    const instances = engines.names.map((name) => instantiate(name, module, engines.sampler));
    const { operand } = signatureOf(instruction.name);
    const expected = results[index]!.slice(2).match(new RegExp(`.{${RESULT_DIGITS}}`, 'g'))!;
    for (const [i, args] of operandsOf(instruction, operand, values, pairs).entries()) {
      const outcomes = instances.map((instance) => instance.invoke('f', args));
      const proofs = await engines.checkProofs(result);
      result.assertions++;
      engines.names.forEach((name, at) => {
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
  const vectors = readStepVectors();
  for (const [i, name] of vectors.names.entries()) {
    result.assertions++;
    result.proven++;
    const complaint = await checkVector(verifier, vectors, i);
    result.judge('evm', complaint && `${name}: ${complaint}`, true);
  }
  return result;
}

async function checkVector(verifier: OneStepVerifier, vectors: StepVectors, i: number): Promise<string | undefined> {
  const verdict = await verifier.step(hexToBytes(vectors.proofs[i]!));
  if (verdict.kind === 'revert') return `the proof is refused: ${verdict.reason}`;
  if (verdict.before === vectors.befores[i] && verdict.after === vectors.afters[i]) return undefined;
  return `from ${verdict.before} to ${verdict.after}, not from ${vectors.befores[i]} to ${vectors.afters[i]}`;
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

function encode(outcome: Outcome): string {
  if (outcome.kind === 'fault') return `01${'0'.repeat(RESULT_DIGITS - 2)}`;
  return `00${outcome.values[0]!.toString(16).padStart(RESULT_DIGITS - 2, '0')}`;
}
