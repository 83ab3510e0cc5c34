// docs/vm.md#engines
import { describe, expect, it } from 'vitest';
import { runBoth } from './engines.ts';
import { randomModule } from './random-module.ts';

const MODULES = 300;

describe('random modules', () => {
  it('run the same natively and in the reference machine', () => {
    const statuses = new Map<number, number>();
    for (let seed = 1; seed <= MODULES; seed++) {
      const { status } = runBoth(randomModule(seed));
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
    // Neither all faults nor none: both ways out are compared.
    expect(statuses.get(0)).toBeGreaterThan(MODULES / 10);
    expect(statuses.get(256)).toBeGreaterThan(MODULES / 10);
  });
});
