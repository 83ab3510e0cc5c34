// Gas of one-step proofs of a JavaScript program: `node --import ./scripts/ts.mjs prover/measure-step-gas.ts [samples]`. Prints a table by family.
import { instructionOf } from '../protocol/isa.ts';
import { loadModule } from '../vm/load.ts';
import { createProgram } from '../vm/program.ts';
import { createQuickJsImage } from '../vm/quickjs/program.ts';
import { fetchInstruction } from '../vm/step/fetch.ts';
import { createStepMachine } from '../vm/step/step-machine.ts';
import { createOneStepVerifier, type StepGas } from './osp.ts';

const samples = Number(process.argv[2] ?? 400);
const MAIN = `(io) => {
  io.open(1);
  while (io.next()) {
    const row = io.json();
    const words = row.text.toLowerCase().split(' ').map((word) => word.length * 1.1);
    io.write(JSON.stringify({ id: row.id, mean: Math.sqrt(words.reduce((a, b) => a + b, 0) / words.length) }) + '\\n');
  }
}`;
const ROW = JSON.stringify({ id: 7, text: 'The quick brown fox jumps over the lazy dog '.repeat(8) });

const { wasm, image } = await createQuickJsImage(`globalThis.__mizu_main = ${MAIN};`);
const program = createProgram({ module: loadModule(wasm), image });
const steps = createStepMachine({
  program,
  inputs: [new Uint8Array(0), new TextEncoder().encode(`${ROW}\n`.repeat(40))],
  gasLimit: 1n << 36n,
  timestampNs: 0n,
  seed: new Uint8Array(32),
});
const start = steps.snapshot();
const { gasUsed } = steps.runToEnd();
steps.restore(start);

const verifier = await createOneStepVerifier();
const families = new Map<string, { gas: StepGas; bytes: number; name: string }[]>();
for (let i = 0; i < samples; i++) {
  // Spread by the golden ratio, so that no loop of the program is hit in step.
  steps.runTo((gasUsed * BigInt(i)) / BigInt(samples) + BigInt(Math.floor(((i * 0.618) % 1) * 1_000)));
  const machine = steps.machine();
  if (machine === undefined) break;
  const { instruction } = fetchInstruction(machine);
  const proof = steps.prove();
  const before = steps.hash();
  steps.runTo(steps.position() + 1n);
  const verdict = await verifier.step(proof);
  if (verdict.kind === 'revert') throw new Error(`step ${steps.position()}: ${verdict.reason}`);
  if (verdict.before !== before || verdict.after !== steps.hash()) throw new Error(`step ${steps.position()} differs`);
  const family = instructionOf(instruction?.op ?? 0)!.family;
  const measured = families.get(family) ?? [];
  measured.push({ gas: verdict.gas, bytes: proof.length, name: instruction!.name });
  families.set(family, measured);
}

const { codeRoot, pagesInitial, pagesMax } = program.header;
console.log(
  `code ${program.code.length / 16} instructions (${codeRoot}), ${pagesInitial} of ${pagesMax} pages, ${gasUsed} steps`,
);
console.log('family    proofs  bytes mean  execution mean / max   transaction mean / max');
for (const [family, measured] of families) {
  const mean = (of: (item: (typeof measured)[number]) => number): number =>
    Math.round(measured.reduce((sum, item) => sum + of(item), 0) / measured.length);
  const most = measured.reduce((a, b) => (a.gas.transaction > b.gas.transaction ? a : b));
  const execution = `${mean(({ gas }) => Number(gas.execution))} / ${Math.max(...measured.map(({ gas }) => Number(gas.execution)))}`;
  const transaction = `${mean(({ gas }) => Number(gas.transaction))} / ${most.gas.transaction} (${most.name})`;
  console.log(
    `${family.padEnd(9)} ${String(measured.length).padStart(6)}  ${String(mean(({ bytes }) => bytes)).padStart(10)}  ${execution.padEnd(21)}  ${transaction}`,
  );
}
