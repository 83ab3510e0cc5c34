// docs/disputes.md#clock-models: what a side of a dispute has been measured to take, against the clocks that it has.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { MAX_KERNEL_GAS, MAX_STAGE_GAS, SLOWEST_NS_PER_GAS } from '../protocol/constants.ts';
import { DEVNET_CONFIG } from './config.ts';

const LONGEST_GAS = Number(MAX_STAGE_GAS + MAX_KERNEL_GAS);
/** How often a measured side has the time that it takes. */
const FACTOR = 3;

const rowsOf = (name: string): readonly Record<string, unknown>[] =>
  JSON.parse(readFileSync(new URL(`../bench/results/${name}.json`, import.meta.url), 'utf8')).rows;
const { clockSeconds } = DEVNET_CONFIG;

describe('the clock of a side', () => {
  it('is two passes of the longest step, where one gas buys the most time that it may', () => {
    const passSeconds = (LONGEST_GAS * Number(SLOWEST_NS_PER_GAS)) / 1e9;
    expect(clockSeconds).toBeGreaterThanOrEqual(2 * passSeconds);
  });

  it('is three times what a side has taken for a model whose task had all its gas', () => {
    const rows = rowsOf('answers');
    const instructions = Number(rows.find(({ part }) => part === 'whole dispute')!.instructions);
    expect(instructions).toBeGreaterThan(0.95 * Number(MAX_STAGE_GAS));
    for (const part of ['challenger', 'liar']) {
      const { traceSeconds } = rows.find((row) => row.part === part)!;
      expect(clockSeconds).toBeGreaterThan((FACTOR * Number(traceSeconds) * LONGEST_GAS) / instructions);
    }
  });

  it('is three passes of the longest step for each program that is measured', () => {
    const speeds = [
      ...rowsOf('llama').map((row) => [`${row.kernel}`, Number(row.millionStepsPerSecond)] as const),
      ...rowsOf('step').map((row) => [`${row.name}`, Number(row.plain)] as const),
    ];
    expect(speeds.length).toBeGreaterThan(10);
    for (const [name, millionSteps] of speeds)
      expect({ name, holds: clockSeconds > (FACTOR * LONGEST_GAS) / millionSteps / 1e6 }).toEqual({
        name,
        holds: true,
      });
  });
});
