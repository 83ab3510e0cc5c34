// docs/vm.md#lowering: the WebAssembly instructions that only compute, and the lowered instruction that each becomes.
import { OP, type OpName } from '../../protocol/isa.ts';

/** How the lowering treats an instruction that only computes. */
export type Plain = {
  readonly kind: 'unary' | 'binary' | 'load' | 'store' | 'same';
  /** Number of the lowered instruction; 0 for `same`, which changes no bit of the slot. */
  readonly op: number;
  /** The instruction with swapped operands, if there is one: a constant on the left then folds too. */
  readonly swapped: number;
  /** 4 or 8 if the result is a float that arithmetic made: its NaN must be made canonical. */
  readonly nanBytes: 0 | 4 | 8;
  /** True if it does not matter which NaN the operands are. */
  readonly nanBlind: boolean;
};

const NONE: Omit<Plain, 'kind' | 'op'> = { swapped: 0, nanBytes: 0, nanBlind: false };

/** By WebAssembly opcode (those after 0xfc at 0xfc00 + n). */
export const PLAIN: readonly (Plain | undefined)[] = buildPlain();

function buildPlain(): (Plain | undefined)[] {
  const table: (Plain | undefined)[] = [];
  const put = (first: number, kind: Plain['kind'], names: readonly OpName[], rest: Partial<Plain> = {}): void => {
    names.forEach((name, index) => {
      table[first + index] = { ...NONE, ...rest, kind, op: OP[name] };
    });
  };
  put(0x28, 'load', ['load32_u', 'load64', 'load32_u', 'load64', 'load8_s32', 'load8_u', 'load16_s32', 'load16_u']);
  put(0x30, 'load', ['load8_s64', 'load8_u', 'load16_s64', 'load16_u', 'load32_s64', 'load32_u']);
  put(0x36, 'store', ['store32', 'store64', 'store32', 'store64', 'store8', 'store16', 'store8', 'store16', 'store32']);
  for (const [type, test, compute] of [
    ['i32', 0x45, 0x67],
    ['i64', 0x50, 0x79],
  ] as const) {
    put(test, 'unary', [`${type}_eqz`]);
    const relations = ['eq', 'ne', 'lt_s', 'lt_u', 'gt_s', 'gt_u', 'le_s', 'le_u', 'ge_s', 'ge_u'] as const;
    const mirrored = ['eq', 'ne', 'gt_s', 'gt_u', 'lt_s', 'lt_u', 'ge_s', 'ge_u', 'le_s', 'le_u'] as const;
    relations.forEach((name, index) => {
      put(test + 1 + index, 'binary', [`${type}_${name}`], { swapped: OP[`${type}_${mirrored[index]!}`] });
    });
    put(compute, 'unary', [`${type}_clz`, `${type}_ctz`, `${type}_popcnt`]);
    const operations = [
      'add',
      'sub',
      'mul',
      'div_s',
      'div_u',
      'rem_s',
      'rem_u',
      'and',
      'or',
      'xor',
      'shl',
      'shr_s',
      'shr_u',
      'rotl',
      'rotr',
    ] as const;
    operations.forEach((name, index) => {
      const commutes = ['add', 'mul', 'and', 'or', 'xor'].includes(name);
      put(compute + 3 + index, 'binary', [`${type}_${name}`], { swapped: commutes ? OP[`${type}_${name}`] : 0 });
    });
  }
  for (const [type, compare, compute, bytes] of [
    ['f32', 0x5b, 0x8b, 4],
    ['f64', 0x61, 0x99, 8],
  ] as const) {
    put(compare, 'binary', [`${type}_eq`, `${type}_ne`, `${type}_lt`, `${type}_gt`, `${type}_le`, `${type}_ge`], {
      nanBlind: true,
    });
    put(compute, 'unary', [`${type}_abs`, `${type}_neg`]);
    const made = { nanBytes: bytes, nanBlind: true } as const;
    put(
      compute + 2,
      'unary',
      [`${type}_ceil`, `${type}_floor`, `${type}_trunc`, `${type}_nearest`, `${type}_sqrt`],
      made,
    );
    put(
      compute + 7,
      'binary',
      [`${type}_add`, `${type}_sub`, `${type}_mul`, `${type}_div`, `${type}_min`, `${type}_max`],
      made,
    );
    put(compute + 13, 'binary', [`${type}_copysign`]);
  }
  put(0xa7, 'unary', ['i32_wrap_i64']);
  put(0xac, 'unary', ['i64_extend32_s']);
  const blind = { nanBlind: true };
  put(0xa8, 'unary', ['i32_trunc_f32_s', 'i32_trunc_f32_u', 'i32_trunc_f64_s', 'i32_trunc_f64_u'], blind);
  put(0xae, 'unary', ['i64_trunc_f32_s', 'i64_trunc_f32_u', 'i64_trunc_f64_s', 'i64_trunc_f64_u'], blind);
  put(0xb2, 'unary', ['f32_convert_i32_s', 'f32_convert_i32_u', 'f32_convert_i64_s', 'f32_convert_i64_u']);
  put(0xb6, 'unary', ['f32_demote_f64'], { nanBytes: 4, nanBlind: true });
  put(0xb7, 'unary', ['f64_convert_i32_s', 'f64_convert_i32_u', 'f64_convert_i64_s', 'f64_convert_i64_u']);
  put(0xbb, 'unary', ['f64_promote_f32'], { nanBytes: 8, nanBlind: true });
  // i64.extend_i32_u and the reinterpretations leave the slot as it is.
  for (const opcode of [0xad, 0xbc, 0xbd, 0xbe, 0xbf]) table[opcode] = { ...NONE, kind: 'same', op: 0 };
  put(0xc0, 'unary', ['i32_extend8_s', 'i32_extend16_s', 'i64_extend8_s', 'i64_extend16_s', 'i64_extend32_s']);
  put(
    0xfc00,
    'unary',
    ['i32_trunc_sat_f32_s', 'i32_trunc_sat_f32_u', 'i32_trunc_sat_f64_s', 'i32_trunc_sat_f64_u'],
    blind,
  );
  put(
    0xfc04,
    'unary',
    ['i64_trunc_sat_f32_s', 'i64_trunc_sat_f32_u', 'i64_trunc_sat_f64_s', 'i64_trunc_sat_f64_u'],
    blind,
  );
  return table;
}
