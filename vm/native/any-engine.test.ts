// docs/vm.md#total
import { expect, it } from 'vitest';
import { encodeModule } from '../encode-module.fixture.ts';
import { deepRecursion, HOSTILE } from '../hostile-modules.fixture.ts';
import { createStepMachine } from '../step/step-machine.ts';
import { loadAnyProgram, lowerAnyProgram } from './any-engine.ts';
import { createNativeEngine } from './engine.ts';

const REQUEST = { inputs: [], gasLimit: 1n << 30n, timestampNs: 0n, seed: new Uint8Array(32) };

// Here V8 has its usual stack of 984 KiB.
it.each([
  ['whose recursion needs more stack than V8 has', deepRecursion(300, 1, 2_600)],
  ['that V8 refuses', encodeModule(HOSTILE['calls of an empty function']!(900_000))],
])('a program %s has the result of the step machine', (_, wasm) => {
  const engine = createNativeEngine();
  const { program, run } = lowerAnyProgram(engine, { wasm });
  const { status, output, gasUsed } = run(REQUEST);
  expect(status).toBe(0);
  expect({ status, output, gasUsed }).toEqual(createStepMachine({ program, ...REQUEST }).runToEnd());
  const source = { ...program, wasm, fromImage: false };
  const compared = loadAnyProgram(engine, source).run(REQUEST);
  expect({ ...compared, committed: undefined }).toEqual({ status, output, gasUsed, committed: undefined });
  const loaded = engine.load(source);
  if (loaded.kind === 'native') expect(() => engine.run(loaded, REQUEST)).toThrow('The native engine failed.');
});
