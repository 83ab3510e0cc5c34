// docs/vm.md#example: the lowering and the one-step proof in the page are what the code makes of the module in the page.
import { expect, test } from 'vitest';
import { OP } from '../../protocol/isa.ts';
import { loadModule } from '../../vm/load.ts';
import { createProgram } from '../../vm/program.ts';
import { createStepMachine } from '../../vm/step/step-machine.ts';
import { assemble } from '../modules/test-modules.fixture.ts';
import { readText } from './pages.ts';

const [, section = ''] = /\{#example\}([\s\S]*?)\n## /.exec(readText('docs/vm.md')) ?? [];
const [, wat = ''] = /```wat\n([\s\S]*?)```/.exec(section) ?? [];
/** Lines are broken anywhere. */
const prose = section.replace(/\s+/g, ' ');
const [codeTable = '', proofTable = ''] = section.split('\n\n').filter((part) => part.startsWith('| '));
const program = createProgram({ module: loadModule(assemble(wat)) });
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
/** Cells of each row below the head. */
const rows = (table: string) =>
  table
    .trim()
    .split('\n')
    .slice(2)
    .map((line) => line.split('|').map((cell) => cell.trim().replaceAll('`', '')));

function startMachine() {
  return createStepMachine({ program, inputs: [], gasLimit: 1000n, timestampNs: 0n, seed: new Uint8Array(32) });
}

test('the lowered code of the page', () => {
  const lines = rows(codeTable);
  expect(lines.map(([, , bytes]) => bytes).join('')).toBe(hex(program.code));
  lines.forEach(([, pc, bytes = '', name = ''], index) => {
    expect(pc).toBe(String(index));
    expect(OP[name as keyof typeof OP]).toBe(Number.parseInt(bytes.slice(0, 4), 16) & 0x7fff);
  });
});

test('the run and the proof of the page', () => {
  const machine = startMachine();
  const pcs: (number | undefined)[] = [];
  for (let position = 0n; machine.result() === undefined; position++) {
    pcs.push(machine.machine()?.pc);
    machine.runTo(position + 1n);
  }
  expect(prose).toContain(`ten steps: instructions ${pcs.join(', ')}.`);
  const one = startMachine();
  one.runTo(5n);
  const proof = one.prove();
  expect(prose).toContain(`has ${proof.length} bytes`);
  const before = one.hash();
  one.runTo(6n);
  expect(prose).toContain(`\`${before}\` to \`${one.hash()}\``);
  let read = 0;
  for (const [, from, size, , value = ''] of rows(proofTable)) {
    expect(Number(from)).toBe(read);
    const bytes = hex(proof.subarray(read, read + Number(size)));
    if (value.endsWith('…')) expect(bytes.startsWith(value.slice(0, -1))).toBe(true);
    else expect(value).toBe(bytes);
    read += Number(size);
  }
  expect(read).toBe(proof.length);
});
