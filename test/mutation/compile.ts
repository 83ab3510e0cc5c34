// Compiles what one changed source goes into, and writes it where the checks read it.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import solc from 'solc';

const OSP = 'contracts/src/osp';
const CONTRACTS = ['OneStepVerifier', 'ControlSteps', 'IntegerSteps', 'FloatSteps', 'MemorySteps', 'HostSteps'];
const MAX_OUTPUT_BYTES = 2 ** 24;
const BYTECODE = 'contracts/generated/bytecode.ts';
// As in foundry.toml.
const SETTINGS = {
  evmVersion: 'cancun',
  optimizer: { enabled: true, runs: 10_000 },
  metadata: { bytecodeHash: 'none', appendCBOR: false },
};

/** `file` in the copy of the repository has been changed. Returns what writes the generated file back. */
export function compileMutant(copy: string, file: string): () => void {
  if (file.endsWith('.sol')) return compileContracts(copy, file);
  if (file.startsWith('kernel/')) return buildKernel(copy);
  const { path, content } = generateStepCore(copy);
  return replace(join(copy, path), content);
}

/** The tests build the kernel themselves; a mutant that does not compile would only look as if it had been caught. */
function buildKernel(copy: string): () => void {
  execFileSync(process.execPath, ['kernel/build.mjs'], { cwd: copy, stdio: ['ignore', 'ignore', 'pipe'] });
  // What is put back is newer than this build, so that the next check builds it again.
  return () => undefined;
}

// In a process of its own: a module that was imported once is not read again.
function generateStepCore(copy: string): { path: string; content: string } {
  const url = pathToFileURL(join(copy, 'vm/step/build.mjs')).href;
  const script = `import { generateStepCore } from '${url}'; console.log(JSON.stringify(await generateStepCore()));`;
  const options = { cwd: copy, maxBuffer: MAX_OUTPUT_BYTES };
  return JSON.parse(execFileSync(process.execPath, ['--input-type=module', '--eval', script], options).toString()) as {
    path: string;
    content: string;
  };
}

function compileContracts(copy: string, file: string): () => void {
  const path = join(copy, BYTECODE);
  let text = readFileSync(path, 'utf8');
  for (const name of CONTRACTS.filter((name) => imports(copy, `${OSP}/${name}.sol`, file))) {
    const line = new RegExp(`export const ${name} = '0x[0-9a-f]*';`);
    if (!line.test(text)) throw new Error(`${BYTECODE} has no ${name}`);
    text = text.replace(line, `export const ${name} = '0x${compile(copy, name)}';`);
  }
  return replace(path, text);
}

function compile(copy: string, name: string): string {
  const path = `${OSP}/${name}.sol`;
  const input = {
    language: 'Solidity',
    sources: { [path]: { content: readFileSync(join(copy, path), 'utf8') } },
    settings: { ...SETTINGS, outputSelection: { [path]: { [name]: ['evm.bytecode.object'] } } },
  };
  const readSource = (wanted: string) => ({ contents: readFileSync(sourcePath(copy, wanted), 'utf8') });
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: readSource }));
  const code = output.contracts?.[path]?.[name]?.evm.bytecode.object;
  if (typeof code !== 'string' || code === '') throw new Error(`${name}: ${JSON.stringify(output.errors)}`);
  return code;
}

/** Whether a source is the file or imports it, directly or not. */
function imports(copy: string, source: string, file: string): boolean {
  const seen = new Set<string>();
  const visit = (path: string): boolean => {
    if (path === file) return true;
    if (seen.has(path)) return false;
    seen.add(path);
    const text = readFileSync(join(copy, path), 'utf8');
    return [...text.matchAll(/from "(\.[^"]+)"/g)].some(([, relative]) => visit(join(dirname(path), relative!)));
  };
  return visit(source);
}

function sourcePath(copy: string, path: string): string {
  return join(copy, path.startsWith('@') ? join('node_modules', path) : path);
}

function replace(path: string, content: string): () => void {
  const before = readFileSync(path, 'utf8');
  writeFileSync(path, content);
  return () => writeFileSync(path, before);
}
