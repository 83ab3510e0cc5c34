// docs/vm.md#total
import { expect, it } from 'vitest';
import { encodeParts } from '../../test/modules/encode-module.fixture.ts';
import { deepRecursion, HOSTILE } from '../../test/modules/hostile-modules.fixture.ts';
import { createStepMachine } from '../step/step-machine.ts';
import { loadAnyProgram, lowerAnyProgram } from './any-engine.ts';
import { createNativeEngine } from './engine.ts';

const REQUEST = { inputs: [], gasLimit: 1n << 30n, timestampNs: 0n, seed: new Uint8Array(32) };

// Here V8 has its usual stack of 984 KiB.
it.each([
  ['whose recursion needs more stack than V8 has', deepRecursion(300, 1, 2_600)],
  ['that V8 refuses', encodeParts(HOSTILE['calls of an empty function']!(900_000))],
])('a program %s has the result of the step machine', (_, wasm) => {
  const engine = createNativeEngine();
  const { program, run } = lowerAnyProgram(engine, { wasm });
  const { status, output, gasUsed } = run(REQUEST);
  expect(status).toBe(0);
  expect({ status, output, gasUsed }).toEqual(createStepMachine({ program, ...REQUEST }).runToEnd());
  const source = { ...program, wasm, fromImage: false };
  const compared = loadAnyProgram(engine, source).run(REQUEST);
  expect({ ...compared, committed: undefined }).toEqual({ status, output, gasUsed, committed: undefined });
  // Whether V8's stack is enough depends on how far it has optimised the code by now: then the result is the same, else
  // it says so.
  const loaded = engine.load(source);
  const native = () => (loaded.kind === 'native' ? engine.run(loaded, REQUEST) : undefined);
  const outcome = attempt(native);
  if (typeof outcome === 'string') expect(outcome).toBe('The native engine failed.');
  else if (outcome !== undefined)
    expect({ ...outcome, committed: undefined }).toMatchObject({ status, output, gasUsed });
});

function attempt<T>(act: () => T): T | string {
  try {
    return act();
  } catch (error) {
    return (error as Error).message;
  }
}
