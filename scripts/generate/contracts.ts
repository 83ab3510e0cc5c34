// docs/contracts.md#generated: Solidity constants out of protocol/, ABIs and bytecode out of the compiled contracts.
// `node --import ./scripts/ts.mjs scripts/generate/contracts.ts [--check]`; with --check nothing is written, a
// difference exits 1.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generateVectors } from '../../test/vectors/vectors.ts';
import { generateSolidityConstants, SOLIDITY_CONSTANTS_PATH } from './contract-constants.ts';
import { generateEnums } from './contract-enums.ts';
import { generateSolidityInstructions, SOLIDITY_INSTRUCTIONS_PATH } from './contract-instructions.ts';
import type { GeneratedFile } from './generated-file.ts';

const CONTRACTS = [
  'MizuToken',
  'DelegationPool',
  'DelegationPools',
  'StakeManager',
  'EigenStakeSource',
  'Inbox',
  'DACommittee',
  'DAChallenges',
  'GatewayRegistry',
  'Rollup',
  'Bridge',
  'Attestations',
  'Audits',
  'Escape',
  'KernelStart',
  'Dispute',
  'Demands',
  'SignedItems',
  'InferenceCourt',
  'Samples',
  'GasPrices',
  'OneStepVerifier',
  'ControlSteps',
  'IntegerSteps',
  'FloatSteps',
  'MemorySteps',
  'HostSteps',
] as const;

/** Of contracts/test/support: what tests in TypeScript deploy. */
const DOUBLES = ['EigenLayerDouble', 'StrategyDouble'] as const;

const root = fileURLToPath(new URL('../..', import.meta.url));

type Named = readonly [name: string, artifact: Artifact];
type Artifact = { readonly abi: readonly unknown[]; readonly bytecode: { readonly object: string } };

const SOURCES = ['contracts/src', ...DOUBLES.map((name) => `contracts/test/support/${name}.sol`)];

/** Compiles the contracts; the constants they import must already be written. */
export function generateArtifacts(): GeneratedFile[] {
  const build = spawnSync(process.execPath, [join(root, 'scripts/forge.mjs'), 'build', ...SOURCES], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (build.status !== 0) throw new Error('forge build failed');
  const artifacts = artifactsOf(CONTRACTS);
  const doubles = artifactsOf(DOUBLES);
  return [
    { path: 'protocol/generated/abi.ts', content: banner('contracts/src', artifacts.map(abiLine)) },
    { path: 'contracts/generated/bytecode.ts', content: banner('contracts/src', artifacts.map(bytecodeLine)) },
    {
      path: 'test/doubles/generated/eigen-layer.ts',
      content: banner('contracts/test/support', [...doubles.map(abiLine), ...doubles.map(bytecodeLine)]),
    },
  ];
}

export function generateConstants(): GeneratedFile[] {
  return [
    { path: SOLIDITY_CONSTANTS_PATH, content: generateSolidityConstants() },
    { path: SOLIDITY_INSTRUCTIONS_PATH, content: generateSolidityInstructions() },
  ];
}

/** Writes a file if its content differs; with `check` only reports that it does. */
export function writeGenerated({ path, content }: GeneratedFile, check: boolean): boolean {
  const file = join(root, path);
  if (existsSync(file) && readFileSync(file, 'utf8') === content) return true;
  if (check) {
    console.error(`${path} is not what its source generates: run scripts/generate/contracts.ts and commit the result`);
    return false;
  }
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  console.log(`wrote ${path}`);
  return true;
}

function artifactsOf(names: readonly string[]): Named[] {
  return names.map((name) => {
    const file = join(root, 'build/forge/out', `${name}.sol`, `${name}.json`);
    return [name, JSON.parse(readFileSync(file, 'utf8')) as Artifact] as const;
  });
}

function abiLine([name, { abi }]: Named): string {
  return `export const ${abiName(name)} = ${formatAbi(abi)} as const;`;
}

function bytecodeLine([name, { bytecode }]: Named): string {
  return `export const ${name} = '${bytecode.object}';`;
}

function abiName(contract: string): string {
  return `${contract.replace(/^[A-Z]+(?=[A-Z][a-z])|^[A-Z]/, (start) => start.toLowerCase())}Abi`;
}

/** One line for each entry, so that a change of the interface shows as a diff. */
function formatAbi(abi: readonly unknown[]): string {
  return `[\n${abi.map((entry) => `  ${JSON.stringify(entry)},\n`).join('')}]`;
}

function banner(source: string, lines: string[]): string {
  return `// Generated from ${source} by scripts/generate/contracts.ts.\n${lines.join('\n')}\n`;
}

async function main(check: boolean): Promise<void> {
  // The order matters: the artifacts are compiled from the constants.
  let fits = true;
  for (const file of generateConstants()) fits = writeGenerated(file, check) && fits;
  for (const file of [generateEnums(root), ...(await generateVectors()), ...generateArtifacts()])
    fits = writeGenerated(file, check) && fits;
  if (!fits) process.exitCode = 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv.includes('--check'));
