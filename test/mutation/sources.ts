// docs/vm.md#engines: what a verdict on a mutant holds for. When one of these changes the mutant is judged again, and only then.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Mutant } from './mutants.ts';
import { hashSources } from './record.ts';

type Sources = {
  readonly paths: readonly string[];
  /** Packages whose version counts. */
  readonly packages: readonly string[];
};

const HARNESS = ['test/mutation/check.ts', 'test/mutation/compile.ts', 'test/mutation/copy.ts'];

/** By what runs a mutant's checks. */
const SOURCES: Readonly<Record<'forge' | 'kernel' | 'machines', Sources>> = {
  forge: {
    paths: [...HARNESS, 'contracts/src', 'contracts/test', 'foundry.toml'],
    packages: ['@foundry-rs/forge', '@openzeppelin/contracts', 'solc'],
  },
  kernel: {
    paths: [...HARNESS, 'kernel', 'protocol', 'vm'],
    packages: ['@ethereumjs/mpt', 'assemblyscript', 'binaryen', 'vitest'],
  },
  machines: {
    paths: [
      ...HARNESS,
      'contracts',
      'kernel',
      'protocol',
      'prover',
      'service',
      'test/conformance',
      'test/differential',
      'vm',
    ],
    packages: ['@ethereumjs/evm', '@openzeppelin/contracts', 'assemblyscript', 'binaryen', 'solc'],
  },
};

/** For the repository in `root`. */
export function createSourcesOf(root: string): (mutant: Mutant) => string {
  const { dependencies, devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    readonly dependencies: Readonly<Record<string, string>>;
    readonly devDependencies: Readonly<Record<string, string>>;
  };
  const versions: Readonly<Record<string, string>> = { ...devDependencies, ...dependencies };
  const hashes = new Map<Sources, string>();
  return ({ checks }) => {
    const kind = checks[0]!.split(':')[0];
    const sources = kind === 'forge' || kind === 'kernel' ? SOURCES[kind] : SOURCES.machines;
    const { paths, packages } = sources;
    const known =
      hashes.get(sources) ?? `${hashSources(root, paths)} ${packages.map((name) => `${name}@${versions[name]}`)}`;
    hashes.set(sources, known);
    return known;
  };
}
