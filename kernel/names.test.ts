// docs/vm.md#functions: every function of the kernel has a name, so that an instruction can be found in its sources.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { functionAt } from '../vm/inspect/functions.ts';
import { KERNEL_PATH } from './file.ts';
import { createKernelEngine } from './native.ts';

test('the functions of the kernel have the names of its sources', () => {
  const wasm = readFileSync(KERNEL_PATH);
  const { program } = createKernelEngine(wasm);
  const { codeRoot } = program.header;
  const instructions = program.code.length / 16;
  const found = [100, Math.floor(instructions / 2), instructions - 1].map((pc) => functionAt(wasm, codeRoot, pc)?.name);
  for (const name of found) expect(name).toMatch(/^(kernel|protocol|~lib)\/[\w/-]+/);
});
