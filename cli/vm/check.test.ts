// docs/machine.md: `mizu vm check` finds what does not agree, and steps a run once.
import { describe, expect, it } from 'vitest';
import { assemble } from '../../test/modules/test-modules.fixture.ts';
import { createNativeEngine } from '../../vm/native/engine.ts';
import type { RunResult } from '../../vm/run.ts';
import { checkRun } from './check.ts';

const LOOP = '(loop (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 10))))';
const REQUEST = { inputs: [], gasLimit: 100_000n, timestampNs: 42n, seed: new Uint8Array(32) };

function load(body: string) {
  const engine = createNativeEngine();
  const { program, loaded } = engine.lower({ wasm: assemble(`(module (func (export "_start") (local i32) ${body}))`) });
  if (loaded.kind === 'mismatch') throw new Error(loaded.reason);
  const request = { program, ...REQUEST };
  return {
    native: engine.run(loaded, REQUEST),
    check: (result: RunResult) => checkRun(request, result, { samples: 8, sampleSeed: 3 }),
  };
}

describe('a run of 35 steps', () => {
  const { native, check } = load(LOOP);

  it('is proven, the last step too', async () => {
    const { steps, gasUsed, failures, ops } = await check(native);
    expect([steps, gasUsed, failures]).toEqual([35n, 35n, []]);
    expect(ops.map(({ name }) => name)).toContain('halt');
  });

  it.each([
    ['more gas', { gasUsed: 40n }],
    ['less gas', { gasUsed: 30n }],
    ['another status', { status: 1 }],
    ['another output', { output: Uint8Array.of(1) }],
  ])('does not agree with %s', async (_, wrong) => {
    const { steps, failures } = await check({ ...native, ...wrong });
    expect(steps).toBe(35n);
    expect(failures).toEqual([expect.stringMatching(/^native: status .*; stepped: status 0, 35 gas/)]);
  });
});

it('a run that faults is proven to its last step, of which its gas says nothing', async () => {
  const { native, check } = load(`${LOOP} unreachable`);
  const { steps, gasUsed, failures, ops } = await check(native);
  expect([steps, gasUsed, failures]).toEqual([34n, 100_000n, []]);
  expect(ops.map(({ name }) => name)).toContain('trap');
});
