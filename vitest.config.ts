import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { openRunFolder } from './test/run-folder.ts';

openRunFolder();

/** They take minutes, most of which they wait for L1's seconds: whoever begins with one of them last waits alone. */
const FIRST = [
  'test/pack',
  'test/docs/networks',
  'test/e2e/cheat',
  'test/e2e/model-cheat',
  'test/docs/commands',
  'test/e2e/network',
  'test/conformance/',
];

/** Each in a process of its own: they change what belongs to the process, measure it, or fill its memory. */
const APART = [
  'test/**/*.test.ts',
  'edge/gateway/memory.test.ts',
  'bin/main.test.ts',
  'service/process/child.test.ts',
  'service/http/http-guard.test.ts',
  'service/process/process.test.ts',
  'vm/native/stack.test.ts',
];

/** What `mizu init` writes is tested where it was written: test/pack. */
const NO_TESTS = ['node_modules/**', 'build/**', 'cli/template/**'];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId, project }: TestSpecification) => {
      const at = FIRST.findIndex((path) => moduleId.includes(path));
      if (at >= 0) return at;
      return project.config.isolate ? FIRST.length : FIRST.length + 1;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  test: {
    projects: [
      { extends: true, test: { name: 'apart', include: APART, exclude: NO_TESTS } },
      // A process takes one file after another: it loads the libraries once.
      {
        extends: true,
        test: { name: 'together', include: ['**/*.test.ts'], exclude: [...NO_TESTS, ...APART], isolate: false },
      },
    ],
    setupFiles: ['test/end-with-vitest.ts'],
    // All but the tests themselves is loaded by Node, as it is in production: Vitest's own modules reach each other's functions by
    // accessors, with which an interpreter takes twice its time.
    execArgv: ['--import', new URL('scripts/ts.mjs', import.meta.url).href],
    server: { deps: { external: [/^(?!.*\/node_modules\/).*(?<!\.test)\.m?[jt]s$/] } },
    // A last net, the same for all: no verdict depends on the machine's speed.
    testTimeout: 900_000,
    hookTimeout: 900_000,
    // Colours are on where CI is set, whatever the output is.
    env: { NO_COLOR: '1' },
    pool: 'forks',
    // One more than a small machine has processors: networks of processes wait for the time to pass.
    maxWorkers: 3,
    // Of the tests of a file that say `concurrent`: each has a network of twelve processes.
    maxConcurrency: 2,
    sequence: { sequencer: LongestFirst },
  },
});
