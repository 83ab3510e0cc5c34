// docs/vm.md#engines
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { ENGINES, type Engines } from './engines.ts';
import { failuresOf } from './result.ts';
import { runSuiteFile } from './suite.ts';
import { runOpVectors, runStepVectors } from './vectors.ts';
import { createEngines } from './verify.ts';

// The core test suite is not part of the repository.
const SUITE = process.env.WASM_TESTSUITE ?? fileURLToPath(new URL('../../../shared/wasm-testsuite', import.meta.url));
const files = existsSync(SUITE) ? readdirSync(SUITE).filter((file) => file.endsWith('.json')) : [];
/** About one step in sixty of the suite's short calls goes to the verifier. */
const PROVEN = { every: 16, samples: 2, seed: 1 };

let engines: Engines;

beforeAll(async () => {
  engines = await createEngines(ENGINES, PROVEN);
});

describe('committed vectors', () => {
  it('give the same in every engine', async () => {
    const result = await runOpVectors(ENGINES, 40);
    expect(failuresOf(result)).toEqual([]);
    expect(result.assertions).toBeGreaterThan(20_000);
  });

  it('are proven in the verifier', async () => {
    expect(failuresOf(await runStepVectors())).toEqual([]);
  });
});

describe.skipIf(files.length === 0)('WebAssembly core test suite (WASM_TESTSUITE names its folder)', () => {
  it.each(files)('%s', async (file) => {
    const result = await runSuiteFile(join(SUITE, file), engines);
    expect(failuresOf(result)).toEqual([]);
    for (const { passed } of result.engines.values())
      expect(passed + result.refused + result.text).toBe(result.assertions);
  });
});
