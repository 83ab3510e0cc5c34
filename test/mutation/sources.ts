// docs/vm.md#engines: what a verdict on a mutant holds for. When one of these changes the mutant is judged again, and only then.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Mutant } from './mutant.ts';
import { hashSources } from './record.ts';

type Sources = {
  readonly paths: readonly string[];
  /** Packages whose version counts. */
  readonly packages: readonly string[];
};

const HARNESS = ['test/mutation/check.ts', 'test/mutation/compile.ts', 'test/mutation/copy.ts'];
/** They compile what a mutant is in. */
const GENERATORS = ['kernel', 'kernel-constants', 'step-core'].map((name) => `scripts/generate/${name}.mjs`);
/** The machine without what programs are made of. */
const MACHINE = [
  'vm/decode',
  'vm/fit.ts',
  'vm/inspect',
  'vm/host-functions.ts',
  'vm/host.ts',
  'vm/load.ts',
  'vm/lower',
  'vm/native',
  'vm/program.ts',
  'vm/run.ts',
  'vm/step',
  'vm/wasm',
];

/** By what runs a mutant's checks: all that these read of the repository, which a test compares with what they import. */
export const SOURCES: Readonly<Record<'forge' | 'kernel' | 'machines', Sources>> = {
  forge: {
    paths: [...HARNESS, 'contracts/src', 'contracts/test', 'foundry.toml'],
    packages: ['@foundry-rs/forge', '@openzeppelin/contracts', 'solc'],
  },
  kernel: {
    paths: [...HARNESS, ...MACHINE, 'kernel', 'protocol', 'test/differential', 'test/kernel', ...GENERATORS],
    packages: ['@ethereumjs/mpt', 'assemblyscript', 'binaryen', 'vitest'],
  },
  machines: {
    paths: [
      ...HARNESS,
      ...MACHINE,
      'contracts',
      'foundry.toml',
      'protocol',
      'dispute/osp.ts',
      'dispute/trial.ts',
      'service/l1/revert.ts',
      'service/process/mutex.ts',
      'test/conformance',
      'test/differential',
      'vm/reference',
      'test/modules/test-modules.fixture.ts',
      'test/vectors',
      ...GENERATORS,
    ],
    packages: ['@ethereumjs/evm', '@ethereumjs/vm', '@openzeppelin/contracts', 'assemblyscript', 'binaryen', 'solc'],
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
