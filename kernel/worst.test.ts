// docs/kernel.md#who-pays: nobody's message makes the kernel work for which nobody pays.
import { expect, test } from 'vitest';
import { MAX_KERNEL_GAS } from '../protocol/constants.ts';
import { nativeEngine } from '../test/kernel/engine.fixture.ts';
import { measureMessages } from '../test/kernel/worst.fixture.ts';

/** The most gas that a refused message may cost the network without anyone paying: 20 ms at 20 ns a gas. */
const FREE = 1_000_000;

test('every message pays for the instructions of its step', async () => {
  const rows = await measureMessages(nativeEngine);
  for (const { name, instructions, gas } of rows) {
    expect(instructions, name).toBeLessThan(Number(MAX_KERNEL_GAS));
    // What comes from L1 is paid for there.
    if (name.startsWith('from L1')) expect(gas, name).toBe(0);
    else if (!name.startsWith('refused')) expect(instructions / gas, name).toBeLessThan(1);
    else if (!name.includes('32 items') && !name.includes('256 KiB')) expect(instructions, name).toBeLessThan(FREE);
  }
});
