// docs/vm.md#weight, docs/vm.md#features: modules beside valid ones. The decoder's work is bounded by their bytes, V8 and it agree on what is
// valid, and the linker refuses what it refuses.
import { expect, it } from 'vitest';
import { MizuError } from '../../protocol/errors.ts';
import { WEIGHT_BASE, WEIGHT_PER_BYTE } from '../../vm/decode/limits.ts';
import { decodeModule } from '../../vm/decode/sections.ts';
import { requireFit } from '../../vm/fit.ts';
import { loadModule } from '../../vm/load.ts';
import { createProgram } from '../../vm/program.ts';
import { linkWasi } from '../../vm/wasi/link.ts';
import { encodeParts } from '../modules/encode-module.fixture.ts';
import { HOSTILE } from '../modules/hostile-modules.fixture.ts';
import { createRandom, type Random } from './random.ts';
import { randomModule } from './random-module.ts';

const MODULES = 1_200;
const PREAMBLE_BYTES = 8;
const READS_PER_BYTE = 2;
/** Refusals of what V8 may take. */
const NARROWER = ['vm/unsupported-feature', 'vm/too-large', 'vm/unknown-import'];
const REFUSALS = [...NARROWER, 'vm/malformed', 'vm/invalid'];
const UNLOWERED = ['vm/no-entry', 'vm/too-large', 'vm/table-out-of-bounds', 'vm/data-out-of-bounds'];
/** V8 from version 12 takes a padded index of a memory; the DataVM takes what all versions take. */
const PADDED = 'a zero byte';

type Section = { readonly id: number; readonly payload: Uint8Array; readonly padding: number };

it('modules beside valid ones are taken or refused by V8 and the decoder alike, with work bounded by their bytes', async () => {
  const outcomes = new Map<string, number>();
  for (let seed = 1; seed <= MODULES; seed++) {
    const random = createRandom(seed);
    const wasm = changed(random, baseModule(random));
    const outcome = await judge(wasm);
    outcomes.set(outcome.code, (outcomes.get(outcome.code) ?? 0) + 1);
    expect({ seed, complaint: outcome.complaint }).toEqual({ seed, complaint: undefined });
  }
  for (const code of ['taken', ...REFUSALS]) expect([...outcomes.keys()]).toContain(code);
  expect(outcomes.get('taken')).toBeGreaterThan(MODULES / 10);
});

/** How the module fares, and what is wrong with that. */
async function judge(wasm: Uint8Array): Promise<{ code: string; complaint?: string }> {
  const counted = countReads(wasm);
  const decoded = refusalOf(() => decodeModule(counted.bytes));
  if (counted.reads() > READS_PER_BYTE * wasm.length)
    return { code: 'decoded', complaint: `${counted.reads()} reads of ${wasm.length} bytes` };
  const valid = WebAssembly.validate(wasm as BufferSource);
  const refusal = refusalOf(() => loadModule(wasm));
  if (refusal !== undefined) {
    const { code, expected } = refusal;
    if (!REFUSALS.includes(code)) return { code, complaint: `refused with ${code}` };
    if (decoded !== undefined && decoded.code !== code)
      return { code, complaint: `decoded with ${decoded.code}, not ${code}` };
    const linked = await linkRefusal(wasm);
    if (code !== 'vm/unknown-import' && linked !== code)
      return { code, complaint: `the linker ${linked ?? 'takes it'}` };
    const agrees = !valid || NARROWER.includes(code) || expected === PADDED;
    return agrees
      ? { code }
      : { code, complaint: `V8 takes it; ${code}: ${refusal.message} ${expected}, ${refusal.actual}` };
  }
  const module = loadModule(wasm);
  // V8 of Node.js 20 has no extended constants.
  if (!valid && !module.extendedConstants) return { code: 'taken', complaint: 'V8 refuses it' };
  if (module.weight > WEIGHT_BASE + WEIGHT_PER_BYTE * wasm.length)
    return { code: 'taken', complaint: `weight ${module.weight}` };
  const unlowered = refusalOf(() => requireFit(createProgram({ module })));
  return unlowered === undefined || UNLOWERED.includes(unlowered.code)
    ? { code: 'taken' }
    : { code: 'taken', complaint: `lowering: ${unlowered.code}` };
}

/** An error that is not a refusal passes through. */
function refusalOf(attempt: () => unknown): MizuError | undefined {
  try {
    attempt();
    return undefined;
  } catch (error) {
    if (error instanceof MizuError) return error;
    throw error;
  }
}

async function linkRefusal(wasm: Uint8Array): Promise<string | undefined> {
  try {
    await linkWasi(wasm);
    return undefined;
  } catch (error) {
    if (error instanceof MizuError) return error.code;
    throw error;
  }
}

/** The same bytes; each one that is read by its index counts. */
function countReads(wasm: Uint8Array): { bytes: Uint8Array; reads(): number } {
  let reads = 0;
  const bytes = new Proxy(wasm, {
    get(target, name) {
      if (typeof name === 'string' && /^\d+$/.test(name)) reads++;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  return { bytes, reads: () => reads };
}

const HOSTILE_SHAPES = Object.values(HOSTILE);

function baseModule(random: Random): Uint8Array {
  return random.chance(3)
    ? encodeParts(random.pick(HOSTILE_SHAPES)(200 + random.below(2_000)))
    : randomModule(1 + random.below(100_000));
}

function changed(random: Random, wasm: Uint8Array): Uint8Array {
  const sections = split(wasm);
  for (let changes = random.below(3); changes >= 0; changes--) change(random, sections);
  const preamble = wasm.slice(0, PREAMBLE_BYTES);
  if (random.chance(40)) preamble[random.below(PREAMBLE_BYTES)] = random.below(3);
  const bytes = [...preamble];
  for (const { id, payload, padding } of sections) {
    bytes.push(id, ...leb(payload.length, padding));
    for (const byte of payload) bytes.push(byte);
  }
  return Uint8Array.from(random.chance(30) ? bytes.slice(0, random.below(bytes.length)) : bytes);
}

function change(random: Random, sections: Section[]): void {
  const at = random.below(sections.length);
  const section = sections[at];
  if (section === undefined) return;
  const { payload } = section;
  const put = (other: Uint8Array): void => {
    sections[at] = { ...section, payload: other };
  };
  switch (random.below(10)) {
    case 0:
      sections.splice(random.below(sections.length + 1), 0, section);
      return;
    case 1: {
      const to = random.below(sections.length);
      sections[at] = sections[to]!;
      sections[to] = section;
      return;
    }
    case 2:
      sections.splice(at, 1);
      return;
    case 3:
    case 4:
      sections.splice(at, 0, { id: 0, payload: customSection(random), padding: 0 });
      return;
    case 5:
      // A size of more bytes than it needs; of more than five it is none.
      sections[at] = { ...section, padding: random.below(6) };
      return;
    case 6:
      // The count of the section's items, padded or another.
      put(
        Uint8Array.from([
          ...leb(random.pick([payload[0]!, payload[0]!, 0, 1, 2 ** 31, 2 ** 32 - 1]), random.below(6)),
          ...payload.subarray(1),
        ]),
      );
      return;
    case 7:
      put(payload.slice(0, random.below(payload.length + 1)));
      return;
    case 8: {
      // Flags of limits: shared, 64 bits, page sizes.
      const memory = sections.findIndex(({ id }) => id === random.pick([4, 5]));
      if (memory < 0) return;
      const limits = sections[memory]!.payload.slice();
      const flags = sections[memory]!.id === 4 ? 2 : 1;
      limits[flags] = random.below(17);
      sections[memory] = { ...sections[memory]!, payload: limits };
      return;
    }
    default: {
      const bytes = payload.slice();
      for (let flips = random.below(3); flips >= 0 && bytes.length > 0; flips--)
        bytes[random.below(bytes.length)] = random.chance(2) ? random.below(256) : random.pick(OPCODES);
      put(bytes);
    }
  }
}

/** Blocks, branches, calls, prefixes, and ends of integers. */
const OPCODES = [
  0x00, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0b, 0x0c, 0x0e, 0x0f, 0x10, 0x11, 0x12, 0x1c, 0x3f, 0x40, 0x41, 0x44, 0x70,
  0x7b, 0x7f, 0x80, 0xd0, 0xfc, 0xfd, 0xfe, 0xff,
];

function customSection(random: Random): Uint8Array {
  const name = random.pick([
    [4, 0x6e, 0x61, 0x6d, 0x65],
    [0],
    [2, 0xc3, 0x28],
    [0x85, 0x80, 0x80, 0x80, 0x00, 97, 98, 99, 100, 101],
    [200, 1, 97],
    [],
  ]);
  return Uint8Array.from([...name, ...Array.from({ length: random.below(40) }, () => random.below(256))]);
}

function split(wasm: Uint8Array): Section[] {
  const sections: Section[] = [];
  for (let at = PREAMBLE_BYTES; at < wasm.length; ) {
    const id = wasm[at++]!;
    let size = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = wasm[at++]!;
      size += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    sections.push({ id, payload: wasm.slice(at, at + size), padding: 0 });
    at += size;
  }
  return sections;
}

/** Unsigned LEB128 with so many bytes more than it needs. */
function leb(value: number, padding: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push(rest % 128);
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  for (let more = 0; more < padding; more++) bytes.push(0);
  return bytes.map((byte, index) => (index < bytes.length - 1 ? byte | 0x80 : byte));
}
