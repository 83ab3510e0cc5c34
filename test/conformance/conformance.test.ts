// docs/vm.md#engines
import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createSampler } from './step-engine.ts';
import { runSuiteFile } from './suite.ts';
import { createStepCheck } from './verify.ts';

// The core test suite is not part of the repository; WASM_TESTSUITE names a folder of files that wast2json wrote.
const folder = process.env.WASM_TESTSUITE;
/** About 250 of the suite's calls. */
const SAMPLE_EVERY = 100;
const files = folder !== undefined && existsSync(folder) ? readdirSync(folder).filter((f) => f.endsWith('.json')) : [];

describe.skipIf(files.length === 0)('WebAssembly core test suite (WASM_TESTSUITE names its folder)', () => {
  it.each(files)('%s', (file) => {
    expect(runSuiteFile(folder!, file, ['native', 'reference', 'step']).failures).toEqual([]);
  });

  it('is proven one step at a time in the verifier, for a sample of the calls', async () => {
    const check = await createStepCheck();
    const sampler = createSampler(SAMPLE_EVERY, 1);
    for (const file of files) runSuiteFile(folder!, file, ['evm'], sampler);
    expect(sampler.steps.length).toBeGreaterThan(0);
    expect(await check(sampler.steps)).toEqual([]);
  });
});
