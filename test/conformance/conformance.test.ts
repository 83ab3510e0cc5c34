// docs/vm.md#engines
import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runSuiteFile } from './suite.ts';

// The core test suite is not part of the repository; WASM_TESTSUITE names a folder of files that wast2json wrote.
const folder = process.env.WASM_TESTSUITE;
const files = folder !== undefined && existsSync(folder) ? readdirSync(folder).filter((f) => f.endsWith('.json')) : [];

describe.skipIf(files.length === 0)('WebAssembly core test suite (WASM_TESTSUITE names its folder)', () => {
  it.each(files)('%s', (file) => {
    expect(runSuiteFile(folder!, file, ['native', 'reference']).failures).toEqual([]);
  });
});
