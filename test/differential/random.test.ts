// docs/vm.md#engines
import { describe, expect, it } from 'vitest';
import { runBoth } from './engines.ts';
import { randomModule } from './random-module.ts';

const MODULES = 150;

describe('random modules', () => {
  it('run the same natively and in the reference machine, down to the last gas', () => {
    const statuses = new Map<number, number>();
    for (let seed = 1; seed <= MODULES; seed++) {
      const wasm = randomModule(seed);
      const { status, gasUsed } = runBoth(wasm);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (status === 256) continue;
      expect(runBoth(wasm, { gasLimit: gasUsed }).status).toBe(status);
      expect(runBoth(wasm, { gasLimit: gasUsed - 1n }).status).toBe(256);
    }
    // Neither all faults nor none: both ways out are compared.
    expect(statuses.get(0)).toBeGreaterThan(MODULES / 10);
    expect(statuses.get(256)).toBeGreaterThan(MODULES / 10);
  });
});
