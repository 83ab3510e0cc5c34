// docs/vm.md#fit: an engine runs what Deploy accepts and nothing else, and what it accepts runs the same in every engine and on L1.
import { beforeAll, beforeEach, expect, it } from 'vitest';
import { createOneStepVerifier, type OneStepVerifier } from '../../dispute/osp.ts';
import { encodeDefinition, objectsOfDefinition, type ProgramEntry } from '../../protocol/definition.ts';
import { MEMORY_PAGES_MAX, SLOT_COUNT } from '../../protocol/isa.ts';
import type { ProgramHeader } from '../../protocol/program.ts';
import { objectRef } from '../../protocol/tree.ts';
import { programToEntry } from '../../vm/entry.ts';
import { loadModule } from '../../vm/load.ts';
import { createNativeEngine } from '../../vm/native/engine.ts';
import { createProgram, PAGE_BYTES, type Program } from '../../vm/program.ts';
import { runReference } from '../../vm/reference/machine.ts';
import type { ProgramRun } from '../../vm/run.ts';
import { createStepMachine } from '../../vm/step/step-machine.ts';
import { nativeEngine } from '../kernel/engine.fixture.ts';
import { ALICE, certify, createWorld, makeDefinition, sign, type World } from '../kernel/world.fixture.ts';
import { REQUEST } from './compare.ts';
import { compareNearly, withGlobals, withParts } from './nearly.ts';
import { createRandom, type Random } from './random.ts';
import { randomModule } from './random-module.ts';
import { compareRaw } from './raw-compare.ts';

const PROGRAMS = 48;
const MOST_CODE = 2 ** 27;
const MOST_DATA = 2 ** 30;

let verifier: OneStepVerifier;
let world: World;
let nonce: bigint;

beforeAll(async () => {
  verifier = await createOneStepVerifier();
});
beforeEach(async () => {
  world = await createWorld(nativeEngine);
  world.deposit(ALICE.address, 10n ** 24n);
  nonce = 0n;
});

const wasm = randomModule(3);
const BASE = createProgram({ module: loadModule(wasm) });

/** Why the kernel refuses the program; undefined if it accepts it. */
async function deploy(program: Program, lengths: Partial<ProgramEntry> = {}): Promise<string | undefined> {
  const entry = { ...programToEntry(program, wasm), ...lengths };
  // Each is another workflow.
  const metadata = objectRef(new TextEncoder().encode(String(nonce)));
  const [stage] = makeDefinition().stages;
  const definition = { programs: [entry], stages: [{ ...stage!, sink: true }], metadata };
  const certificate = await certify(objectsOfDefinition(definition));
  const encoded = encodeDefinition(definition, certificate);
  const message = await sign(ALICE, { kind: 'Deploy', nonce: nonce++, maxFee: 10n ** 20n, definition: encoded });
  return world.apply(message).receipt.error;
}

const ENGINES: Readonly<Record<string, (program: Program) => unknown>> = {
  reference: (program) => runReference(program, { ...REQUEST, gasLimit: 1n }),
  'step machine': (program) => createStepMachine({ program, ...REQUEST }),
  native: (program) => createNativeEngine().load({ ...program, wasm, fromImage: true }),
};

function refusals(program: Program): string[] {
  return Object.entries(ENGINES).flatMap(([name, start]) => {
    try {
      start(program);
      return [];
    } catch (error) {
      expect(error, name).toMatchObject({ code: 'vm/unfit-program' });
      return [name];
    }
  });
}

const withHeader = (fields: Partial<ProgramHeader>): Program =>
  withParts({ ...BASE, header: { ...BASE.header, ...fields } }, {});
const { globals, pagesInitial } = BASE.header;

it.each<[string, Program, Partial<ProgramEntry>?]>([
  ['version 0', withHeader({ version: 0n })],
  ['version 2', withHeader({ version: 2n })],
  ['entry 1', withHeader({ entry: 1 })],
  ['the last entry', withHeader({ entry: 2 ** 32 - 1 })],
  ['more pages than the most', withHeader({ pagesInitial: 3, pagesMax: 2 })],
  ['more pages than there may be', withHeader({ pagesMax: MEMORY_PAGES_MAX + 1 })],
  ['65,536 globals', withGlobals(BASE, SLOT_COUNT)],
  ['a global without its slot', withHeader({ globals: globals + 1 })],
  ['a slot without its global', withParts(BASE, { slots: new Uint8Array((globals + 1) * 8) })],
  ['a slot that is cut', withParts(BASE, { slots: BASE.slots.slice(0, -1) })],
  [
    'an image beyond the first pages',
    withParts(BASE, { memory: new Uint8Array(pagesInitial * PAGE_BYTES + 1).fill(1) }),
  ],
  ['no code', withParts(BASE, { code: new Uint8Array(0) })],
  ['an instruction that is cut', withParts(BASE, { code: BASE.code.slice(0, -1) })],
  ['too much code', { ...BASE, code: new Uint8Array(MOST_CODE + 16) }, { codeLength: MOST_CODE + 16 }],
  ['too much data', { ...BASE, data: new Uint8Array(MOST_DATA + 1) }, { dataLength: MOST_DATA + 1 }],
])('neither Deploy nor an engine takes %s', async (_, program, lengths) => {
  expect(BASE.header).toMatchObject({ entry: 0, globals: expect.any(Number) });
  const entry = lengths === undefined ? await deploy(program) : await deploy(BASE, lengths);
  expect(entry).toMatch(/^program /);
  expect(refusals(program)).toEqual(Object.keys(ENGINES));
});

it.each<[string, Program]>([
  ['no globals', withGlobals(BASE, 0)],
  ['65,535 globals', withGlobals(BASE, SLOT_COUNT - 1)],
  ['one page, no more', withHeader({ pagesInitial: 1, pagesMax: 1 })],
  ['all pages that there may be', withHeader({ pagesMax: MEMORY_PAGES_MAX })],
  ['an image of all first pages', withParts(BASE, { memory: new Uint8Array(pagesInitial * PAGE_BYTES).fill(1) })],
  ['one instruction', withParts(BASE, { code: BASE.code.slice(0, 16) })],
])('Deploy and every engine take %s, and all end alike', async (_, program) => {
  expect(await deploy(program)).toBe(undefined);
  expect(refusals(program)).toEqual([]);
  expect(await compareAll(program, { ...REQUEST, gasLimit: 2_000n }, createRandom(1))).toBe(undefined);
});

it('any header over any parts: the same are taken by Deploy and by the engines, and end alike', async () => {
  let taken = 0;
  for (let seed = 1; seed <= PROGRAMS; seed++) {
    const random = createRandom(seed);
    const program = changed(random);
    const refusal = await deploy(program);
    expect({ seed, refusal, engines: refusals(program) }).toEqual({
      seed,
      refusal,
      engines: refusal === undefined ? [] : Object.keys(ENGINES),
    });
    if (refusal !== undefined) continue;
    taken++;
    const complaint = await compareAll(program, { ...REQUEST, gasLimit: BigInt(random.below(2_000)) }, random);
    expect({ seed, complaint }).toEqual({ seed, complaint: undefined });
  }
  expect(taken).toBeGreaterThan(PROGRAMS / 4);
  expect(taken).toBeLessThan(PROGRAMS);
});

/** What differs between reference, step machine, native engine and verifier; undefined if nothing does. */
async function compareAll(program: Program, request: ProgramRun, random: Random): Promise<string | undefined> {
  return compareNearly({ wasm, program }, request) ?? compareRaw({ program, request }, verifier, random);
}

/** One or two fields or lengths at a border. */
function changed(random: Random): Program {
  let program = BASE;
  for (let changes = 1 + random.below(2); changes > 0; changes--) program = change(program, random);
  return program;
}

function change(program: Program, random: Random): Program {
  const { header, code, slots } = program;
  const put = (fields: Partial<ProgramHeader>): Program =>
    withParts({ ...program, header: { ...header, ...fields } }, {});
  const longer = (bytes: Uint8Array, by: number): Uint8Array => {
    const other = new Uint8Array(Math.max(0, bytes.length + by));
    other.set(bytes.subarray(0, other.length));
    return other;
  };
  switch (random.below(8)) {
    case 0:
      return put({ version: BigInt(random.below(3)) });
    case 1:
      return put({ entry: random.pick([0, 0, 1, 2 ** 31]) });
    case 2:
      return put({ pagesInitial: header.pagesInitial + random.below(2) });
    case 3:
      return put({ pagesMax: random.pick([header.pagesInitial, MEMORY_PAGES_MAX, MEMORY_PAGES_MAX + 1]) });
    case 4:
      return withGlobals(program, random.pick([0, 1, 17, SLOT_COUNT - 2, SLOT_COUNT - 1, SLOT_COUNT]));
    case 5:
      return withParts(program, { slots: longer(slots, random.pick([-8, -1, 1, 8])) });
    case 6:
      return withParts(program, { code: longer(code, random.pick([-16, -8, -1, 1, 16, -code.length])) });
    default: {
      const bytes = header.pagesInitial * PAGE_BYTES + random.pick([-1, 0, 1]);
      return withParts(program, { memory: new Uint8Array(Math.max(0, bytes)).fill(random.below(256)) });
    }
  }
}
