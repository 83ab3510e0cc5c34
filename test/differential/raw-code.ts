// docs/vm.md#code: instructions that no lowering made: any fields, biased to where something may go wrong.
import {
  FRAME_SLOTS_MAX,
  IMMEDIATE_BIT,
  INSTRUCTION_BYTES,
  INSTRUCTIONS,
  type Instruction,
  OP,
  type OpName,
  SHAPES,
  SLOT_COUNT,
} from '../../protocol/isa.ts';
import type { Random } from './random.ts';

/** What the fields of a program's instructions may aim at. */
export type Surroundings = {
  readonly instructions: number;
  readonly pages: number;
  readonly pagesMax: number;
  readonly dataLength: number;
  readonly inputs: number;
};

export type Fields = { op: number; a: number; b: number; c: number; imm: bigint };

const U32_MAX = 2 ** 32 - 1;
const PAGE_BYTES = 65536;
const LEAF_BYTES = 128;
/** Slots that most instructions share, so that one reads what another wrote. */
const NEAR_SLOTS = 14;
const SIZES = [0, 1, 127, 128, 129, 255, 256, 300, 2 ** 31 - 1, 2 ** 31, U32_MAX];
const EDGES32 = [0, 1, 2, 31, 32, 63, 64, 127, 128, 2 ** 31 - 1, 2 ** 31, U32_MAX - 1, U32_MAX];
const FLOATS = [
  0x3f800000n,
  0x80000000n,
  0x7f800000n,
  0xff800000n,
  0x7fc00001n,
  0x7f800001n,
  0x00000001n,
  0x4f000000n,
  0x3ff0000000000000n,
  0x8000000000000000n,
  0x7ff0000000000000n,
  0x7ff0000000000001n,
  0xfff8000000000123n,
  0x1n,
  0x43e0000000000000n,
  0xc3e0000000000001n,
  0x41dfffffffc00000n,
  0x7fefffffffffffffn,
];

/** A family is as likely as another: bulk and host instructions would be rare among the arithmetic ones. */
const GROUPS: readonly (readonly Instruction[])[] = [
  INSTRUCTIONS.filter(({ family }) => family === 'control'),
  INSTRUCTIONS.filter(({ family }) => family === 'integer'),
  INSTRUCTIONS.filter(({ family }) => family === 'float'),
  INSTRUCTIONS.filter(({ shape }) => shape === 'load' || shape === 'store'),
  INSTRUCTIONS.filter(({ family, shape }) => family === 'memory' && shape !== 'load' && shape !== 'store'),
  INSTRUCTIONS.filter(({ family }) => family === 'host'),
];
/** Most of them end a run at once. */
const SELDOM = new Set<OpName>(['trap', 'entry', 'halt', 'exit', 'preimage', 'exec', 'ecrecover', 'commit']);
const SELDOM_CHANCE = 12;

export function readFields(code: Uint8Array, index: number): Fields {
  const view = new DataView(code.buffer, code.byteOffset + index * INSTRUCTION_BYTES, INSTRUCTION_BYTES);
  return {
    op: view.getUint16(0),
    a: view.getUint16(2),
    b: view.getUint16(4),
    c: view.getUint16(6),
    imm: view.getBigUint64(8),
  };
}

export function writeFields(code: Uint8Array, index: number, { op, a, b, c, imm }: Fields): void {
  const view = new DataView(code.buffer, code.byteOffset + index * INSTRUCTION_BYTES, INSTRUCTION_BYTES);
  [op, a, b, c].forEach((value, i) => {
    view.setUint16(2 * i, value);
  });
  view.setBigUint64(8, imm);
}

/** Uniformly random bytes: most fault at once. */
export function randomBytes(random: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.u32() & 0xff);
}

/** One instruction of the table with fields that may mean something, or with any bytes. */
export function randomInstruction(random: Random, around: Surroundings): Fields {
  if (random.chance(60)) return readFields(randomBytes(random, INSTRUCTION_BYTES), 0);
  let instruction = random.pick(random.pick(GROUPS));
  while (SELDOM.has(instruction.name) && !random.chance(SELDOM_CHANCE)) instruction = random.pick(random.pick(GROUPS));
  const immediate = SHAPES[instruction.shape].immediate ? random.chance(2) : random.chance(60);
  return {
    op: instruction.op | (immediate ? IMMEDIATE_BIT : 0),
    a: randomSlot(random),
    b: randomSlot(random),
    c: randomSlot(random),
    imm: randomImmediate(random, instruction, immediate, around),
  };
}

/** Instructions that fill the arguments of a bulk or host instruction, and it: between one and five. */
export function randomCall(random: Random, around: Surroundings): Fields[] {
  const { shape, name, op } = random.pick([...GROUPS[4]!, ...GROUPS[5]!]);
  if (SELDOM.has(name) && !random.chance(SELDOM_CHANCE)) return randomCall(random, around);
  const a = randomSlot(random);
  const set = (index: number, value: bigint): Fields => ({
    op: OP.mov | IMMEDIATE_BIT,
    a: (a + index) % SLOT_COUNT,
    b: 0,
    c: 0,
    // A half that is not read.
    imm: random.chance(4) ? value | (BigInt(random.u32()) << 32n) : value,
  });
  const address = (): bigint => BigInt(randomAddress(random, around.pages * PAGE_BYTES));
  const size = (): bigint => BigInt(random.chance(3) ? random.pick(SIZES) : random.below(400));
  const call: Fields = { op, a, b: randomSlot(random), c: randomSlot(random), imm: 0n };
  switch (name) {
    case 'memory_fill':
      return [set(0, address()), set(1, BigInt(random.u32())), set(2, size()), call];
    case 'memory_copy':
      return [set(0, address()), set(1, address()), set(2, size()), call];
    case 'dot_i8':
      return [set(0, BigInt(random.u32())), set(1, address()), set(2, address()), set(3, size()), call];
    case 'memory_init': {
      const lengthSlot = random.below(4);
      const length: Fields = { op: OP.global_set | IMMEDIATE_BIT, a: lengthSlot, b: 0, c: 0, imm: size() };
      const src = BigInt(random.below(around.dataLength + 2));
      const imm =
        (BigInt(lengthSlot + (random.chance(4) ? SLOT_COUNT : 0)) << 32n) | BigInt(random.below(around.dataLength + 2));
      return [length, set(0, address()), set(1, src), set(2, size()), { ...call, imm }];
    }
    case 'input_size':
      return [set(0, BigInt(random.below(around.inputs + 2))), call];
    case 'input_read': {
      const offset = random.chance(8) ? BigInt(random.u32()) << 30n : BigInt(random.below(300));
      const args = [address(), BigInt(random.below(around.inputs + 1)), offset, size()];
      return [...args.map((value, i) => set(i, value)), call];
    }
    case 'output_write':
    case 'log':
      return [set(0, address()), set(1, size()), call];
    case 'memory_grow':
      return [set(0, BigInt(random.below(around.pagesMax + 2))), { ...call, b: a }];
    case 'preimage':
      return [set(0, address()), set(1, address()), set(2, size()), call];
    default:
      return shape === 'host' ? [set(0, address()), set(1, address()), call] : [call];
  }
}

/** Code of this many instructions; every third place begins a call with its arguments. */
export function randomCode(random: Random, around: Surroundings): Uint8Array {
  const code = new Uint8Array(around.instructions * INSTRUCTION_BYTES);
  for (let at = 0; at < around.instructions; ) {
    const some = random.chance(3) ? randomCall(random, around) : [randomInstruction(random, around)];
    for (const fields of some) if (at < around.instructions) writeFields(code, at++, fields);
  }
  return code;
}

/** Lowered code with some of its fields changed, instructions moved, or a piece of another program's put in. */
export function mutateCode(random: Random, code: Uint8Array, other: Uint8Array, around: Surroundings): Uint8Array {
  let mutated = code.slice();
  const changes = 1 + random.below(6);
  for (let i = 0; i < changes; i++) {
    const count = mutated.length / INSTRUCTION_BYTES;
    const at = random.below(count);
    const fields = readFields(mutated, at);
    switch (random.below(7)) {
      case 0:
        mutated[random.below(mutated.length)]! ^= 1 << random.below(8);
        break;
      case 1:
        writeFields(mutated, at, { ...fields, [random.pick(['a', 'b', 'c'] as const)]: randomSlot(random) });
        break;
      case 2:
        writeFields(mutated, at, { ...fields, op: fields.op ^ IMMEDIATE_BIT });
        break;
      case 3:
        writeFields(mutated, at, randomInstruction(random, around));
        break;
      case 4:
        writeFields(mutated, at, { ...fields, imm: BigInt(edgeNumber(random)) });
        break;
      case 5: {
        const to = random.below(count);
        const moved = readFields(mutated, to);
        writeFields(mutated, to, fields);
        writeFields(mutated, at, moved);
        break;
      }
      default: {
        const from = random.below(other.length / INSTRUCTION_BYTES) * INSTRUCTION_BYTES;
        const piece = other.subarray(from, from + (1 + random.below(20)) * INSTRUCTION_BYTES);
        if (random.chance(2))
          mutated.set(piece.subarray(0, mutated.length - at * INSTRUCTION_BYTES), at * INSTRUCTION_BYTES);
        else {
          const head = mutated.subarray(0, at * INSTRUCTION_BYTES);
          mutated = Uint8Array.from([...head, ...piece, ...mutated.subarray(head.length)]);
        }
      }
    }
  }
  return mutated;
}

export function edgeNumber(random: Random): number {
  return random.chance(3) ? random.u32() : random.pick(EDGES32);
}

function randomSlot(random: Random): number {
  const kind = random.below(12);
  if (kind === 0) return random.below(SLOT_COUNT);
  if (kind === 1) return SLOT_COUNT - 1 - random.below(6);
  return random.below(NEAR_SLOTS);
}

/** Often at the edges of leaves and at the end of memory. */
function randomAddress(random: Random, size: number): number {
  const leaf = random.below(8) * LEAF_BYTES;
  const kind = random.below(8);
  if (kind === 0) return random.pick(EDGES32);
  if (kind === 1) return Math.max(0, size - random.below(300));
  if (kind < 4) return leaf;
  return leaf + random.below(LEAF_BYTES);
}

function randomTarget(random: Random, { instructions }: Surroundings): number {
  if (random.chance(25)) return random.pick([instructions, instructions + 1, 2 ** 31, U32_MAX]);
  return random.below(Math.max(1, instructions));
}

function randomImmediate(random: Random, { shape }: Instruction, immediate: boolean, around: Surroundings): bigint {
  const high = (value: number): bigint => BigInt(random.chance(5) ? random.u32() : 0) * 2n ** 32n + BigInt(value);
  const pair = (first: number, second: number): bigint => (BigInt(first) << 32n) | BigInt(second);
  const size = around.pages * PAGE_BYTES;
  switch (shape) {
    case 'jump':
    case 'branch':
    case 'call':
      return high(randomTarget(random, around));
    case 'brTable':
      return high(random.chance(5) ? edgeNumber(random) : random.below(4));
    case 'tableGet':
      return pair(randomTarget(random, around), random.chance(5) ? edgeNumber(random) : random.below(6));
    case 'callIndirect':
      return high(random.chance(5) ? edgeNumber(random) : random.below(3));
    case 'entry':
      return pair(random.chance(5) ? edgeNumber(random) : random.below(3), randomTarget(random, around));
    case 'enter':
      return high(
        random.chance(5)
          ? random.pick([SLOT_COUNT - 1, SLOT_COUNT, SLOT_COUNT + 1, 2 ** 29, U32_MAX])
          : random.below(FRAME_SLOTS_MAX),
      );
    case 'select':
      return (BigInt(random.u32()) << 16n) | BigInt(randomSlot(random));
    case 'load':
      if (random.chance(12)) return pair(edgeNumber(random), random.u32());
      return BigInt(immediate ? randomAddress(random, size) : random.below(200));
    case 'store':
      if (!immediate) return random.chance(12) ? pair(edgeNumber(random), random.u32()) : BigInt(random.below(200));
      return pair(randomAddress(random, size), edgeNumber(random));
    case 'memoryInit':
      return pair(edgeNumber(random), random.below(around.dataLength + 2));
    default:
      if (random.chance(3)) return random.pick(FLOATS);
      return random.chance(3) ? pair(random.u32(), random.u32()) : high(edgeNumber(random));
  }
}
