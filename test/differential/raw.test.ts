// docs/vm.md#checks: a little of `npm run fuzz -- --raw`; the seed of a program that differs is in the message.
import { beforeAll, expect, it } from 'vitest';
import { createOneStepVerifier, type OneStepVerifier } from '../../dispute/osp.ts';
import { INSTRUCTION_BYTES } from '../../protocol/isa.ts';
import { HostExit, HostFault } from '../../vm/host.ts';
import { MachineFault } from '../../vm/reference/fault.ts';
import { createReferenceState } from '../../vm/reference/state.ts';
import { createRawCounts } from './raw-compare.ts';
import { type Coverage, createObserver, observeHeader, reach, unreached } from './raw-coverage.ts';
import { compareRawSeed } from './raw-fuzz.ts';
import { GOALS } from './raw-goals.ts';
import { minimise } from './raw-minimise.ts';
import { createRawSubject } from './raw-subject.ts';

/** Half a minute of one core. */
const PROGRAMS = 240;
/** Run in the reference machine alone, as many as it takes: about 2,500 in seven seconds. */
const EDGES = 6_000;

let verifier: OneStepVerifier;

beforeAll(async () => {
  verifier = await createOneStepVerifier();
});

const NONE = new Uint8Array(0);

it('raw programs are the same in reference, step machine and verifier', async () => {
  const counts = createRawCounts();
  for (let seed = 1; seed <= PROGRAMS; seed++) {
    const complaint = await compareRawSeed(seed, verifier, counts);
    expect({ seed, complaint }).toEqual({ seed, complaint: undefined });
  }
  // Not only programs that fault at once.
  expect(counts.steps).toBeGreaterThan(PROGRAMS * 100);
  expect(counts.proofs).toBeGreaterThan(PROGRAMS * 3);
});

it('the generators reach every instruction, fault, edge, end of gas and limit of a header', () => {
  const shown: Coverage = new Map();
  for (let seed = 1; seed <= EDGES && shown.size < GOALS.length; seed++) {
    const { program, request } = createRawSubject(seed, 'edges');
    for (const goal of observeHeader(program, request)) reach(shown, goal);
    const state = createReferenceState(program, request);
    const observer = createObserver(state);
    try {
      while (!state.halted) observer.step((goal) => reach(shown, goal));
    } catch (error) {
      expect([HostExit, HostFault, MachineFault]).toContain((error as Error).constructor);
    }
  }
  expect(unreached(shown)).toEqual([]);
  expect([...shown.keys()].filter((goal) => !GOALS.includes(goal))).toEqual([]);
});

it('a program that shows something is made as small as it can be', async () => {
  const subject = createRawSubject(17);
  const smallest = await minimise(subject, async ({ program }) => program.code.length >= INSTRUCTION_BYTES);
  expect(smallest.program.code.length).toBe(INSTRUCTION_BYTES);
  expect(smallest.request).toMatchObject({ gasLimit: 1n, inputs: [] });
  expect(smallest.program).toMatchObject({ memory: NONE, slots: NONE, data: NONE });
});
