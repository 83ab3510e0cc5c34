// CONTRIBUTING.md#ids: writes test/vectors/ids.json, in which a change of compiled code shows as a difference.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as bytecode from '../../contracts/generated/bytecode.ts';
import { KERNEL_PATH, readKernel } from '../../kernel/file.ts';
import { createKernelEngine } from '../../kernel/native.ts';
import { hashProgram } from '../../protocol/program.ts';
import { keccakHex } from '../../protocol/tree.ts';
import { compileWorkflow } from '../../sdk/compile/compile.ts';
import { ENGINE } from '../../vm/quickjs/build.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const path = join(root, 'test/vectors/ids.json');

async function ids(): Promise<object> {
  const kernel = createKernelEngine(await readKernel(KERNEL_PATH));
  const examples = readdirSync(join(root, 'examples'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const workflows: Record<string, object> = {};
  for (const { name } of examples.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const { workflowId, program, bundle, metadata } = await compileWorkflow(
      join(root, 'examples', name, 'workflow.ts'),
    );
    workflows[name] = {
      workflowId,
      programId: hashProgram(program.program.header),
      bundle: hashText(bundle),
      metadata: hashText(JSON.stringify(metadata)),
      objects: program.objects.map((object) => keccakHex(object)),
    };
  }
  return {
    quickJs: ENGINE,
    kernel: { programId: kernel.programId, code: keccakHex(kernel.program.code) },
    contracts: Object.fromEntries(Object.entries(bytecode).map(([name, code]) => [name, hashText(code)])),
    workflows,
  };
}

function hashText(text: string): string {
  return keccakHex(new TextEncoder().encode(text));
}

const content = `${JSON.stringify(await ids(), null, 2)}\n`;
if (!process.argv.includes('--check')) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
} else if (readFileSync(path, 'utf8') !== content) {
  console.error(
    'test/vectors/ids.json names other ids than the code yields: run scripts/generate/ids.ts, and say in the commit why they changed',
  );
  process.exitCode = 1;
}
