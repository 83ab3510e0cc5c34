// Run in a copy of the repository in which a source is broken: `compile.ts FILE` compiles what it goes into and writes it where the checks read it.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import solc from 'solc';
import { generateKernel } from '../../scripts/generate/kernel.mjs';
import { generateStepCore } from '../../scripts/generate/step-core.mjs';
import { BYTECODE_FILE, CORE_FILE, KERNEL_FILE } from './generated.ts';

const OSP = 'contracts/src/osp';
const CONTRACTS = ['OneStepVerifier', 'ControlSteps', 'IntegerSteps', 'FloatSteps', 'MemorySteps', 'HostSteps'];
// As in foundry.toml.
const SETTINGS = {
  evmVersion: 'cancun',
  optimizer: { enabled: true, runs: 10_000 },
  metadata: { bytecodeHash: 'none', appendCBOR: false },
};

/** Exit code where the mutant does not compile: it proves nothing. */
const UNUSABLE = 2;
const [file = ''] = process.argv.slice(2);
try {
  if (file.endsWith('.sol')) compileContracts(file);
  else if (file.startsWith('kernel/')) writeFileSync(KERNEL_FILE, generateKernel().content);
  else {
    const { content } = await generateStepCore();
    writeFileSync(CORE_FILE, content);
  }
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = UNUSABLE;
}

function compileContracts(file: string): void {
  let text = readFileSync(BYTECODE_FILE, 'utf8');
  for (const name of CONTRACTS.filter((name) => imports(`${OSP}/${name}.sol`, file))) {
    const line = new RegExp(`export const ${name} = '0x[0-9a-f]*';`);
    if (!line.test(text)) throw new Error(`${BYTECODE_FILE} has no ${name}`);
    text = text.replace(line, `export const ${name} = '0x${compile(name)}';`);
  }
  writeFileSync(BYTECODE_FILE, text);
}

function compile(name: string): string {
  const path = `${OSP}/${name}.sol`;
  const input = {
    language: 'Solidity',
    sources: { [path]: { content: readFileSync(path, 'utf8') } },
    settings: { ...SETTINGS, outputSelection: { [path]: { [name]: ['evm.bytecode.object'] } } },
  };
  const readSource = (wanted: string) => ({ contents: readFileSync(sourcePath(wanted), 'utf8') });
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: readSource })) as {
    readonly contracts?: Record<
      string,
      Record<string, { readonly evm: { readonly bytecode: { readonly object: string } } }>
    >;
    readonly errors?: readonly { readonly severity: string; readonly formattedMessage: string }[];
  };
  const code = output.contracts?.[path]?.[name]?.evm.bytecode.object;
  if (code) return code;
  throw new Error(
    output.errors?.find(({ severity }) => severity === 'error')?.formattedMessage ?? `${name} has no code`,
  );
}

/** Whether a source is the file or imports it, directly or not. */
function imports(source: string, file: string): boolean {
  const seen = new Set<string>();
  const visit = (path: string): boolean => {
    if (path === file) return true;
    if (seen.has(path)) return false;
    seen.add(path);
    const text = readFileSync(path, 'utf8');
    return [...text.matchAll(/from "(\.[^"]+)"/g)].some(([, relative]) => visit(join(dirname(path), relative!)));
  };
  return visit(source);
}

function sourcePath(path: string): string {
  return path.startsWith('@') ? join('node_modules', path) : path;
}
