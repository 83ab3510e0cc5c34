// docs/isa.md: what each plain instruction computes, as AssemblyScript over the operands b and c.

const I32 = { load: 'load<i32>', store: (e) => `<u64><u32>(${e})` };
const I64 = { load: 'load<i64>', store: (e) => `<u64>(${e})` };
const F32 = { load: 'load<f32>', store: (e) => `canonical32(${e})` };
const F64 = { load: 'load<f64>', store: (e) => `canonical64(${e})` };
const BITS32 = { load: 'load<u32>', store: (e) => `<u64>(${e})` };
const BITS64 = { load: 'load<u64>', store: (e) => `(${e})` };

/** @type {Map<string, { from: typeof I32, to: typeof I32, value: string, faultIf?: string }>} */
export const OPERATIONS = new Map();

function define(prefix, from, to, values) {
  for (const [name, value] of Object.entries(values)) OPERATIONS.set(`${prefix}_${name}`, { from, to, value });
}

for (const [prefix, type, signed, unsigned, smallest] of [
  ['i32', I32, 'i32', 'u32', 'i32.MIN_VALUE'],
  ['i64', I64, 'i64', 'u64', 'i64.MIN_VALUE'],
]) {
  define(prefix, type, type, {
    clz: `clz<${signed}>(b)`,
    ctz: `ctz<${signed}>(b)`,
    popcnt: `popcnt<${signed}>(b)`,
    add: 'b + c',
    sub: 'b - c',
    mul: 'b * c',
    div_s: 'b / c',
    div_u: `<${unsigned}>b / <${unsigned}>c`,
    rem_s: 'b % c',
    rem_u: `<${unsigned}>b % <${unsigned}>c`,
    and: 'b & c',
    or: 'b | c',
    xor: 'b ^ c',
    shl: 'b << c',
    shr_s: 'b >> c',
    shr_u: `<${unsigned}>b >> <${unsigned}>c`,
    rotl: `rotl<${signed}>(b, c)`,
    rotr: `rotr<${signed}>(b, c)`,
    extend8_s: `<${signed}><i8>b`,
    extend16_s: `<${signed}><i16>b`,
  });
  define(prefix, type, I32, {
    eqz: '<i32>(b == 0)',
    eq: '<i32>(b == c)',
    ne: '<i32>(b != c)',
    lt_s: '<i32>(b < c)',
    lt_u: `<i32>(<${unsigned}>b < <${unsigned}>c)`,
    gt_s: '<i32>(b > c)',
    gt_u: `<i32>(<${unsigned}>b > <${unsigned}>c)`,
    le_s: '<i32>(b <= c)',
    le_u: `<i32>(<${unsigned}>b <= <${unsigned}>c)`,
    ge_s: '<i32>(b >= c)',
    ge_u: `<i32>(<${unsigned}>b >= <${unsigned}>c)`,
  });
  OPERATIONS.get(`${prefix}_div_s`).faultIf = `c == 0 || (b == ${smallest} && c == -1)`;
  for (const name of ['div_u', 'rem_s', 'rem_u']) OPERATIONS.get(`${prefix}_${name}`).faultIf = 'c == 0';
}
// Operands are read unsigned: a signed read would copy the sign.
define('i32', BITS32, BITS32, { wrap_i64: 'b' });
define('i64', I64, I64, { extend32_s: '<i64><i32>b' });

for (const [prefix, type, float] of [
  ['f32', F32, 'f32'],
  ['f64', F64, 'f64'],
]) {
  define(prefix, type, type, {
    ceil: `ceil<${float}>(b)`,
    floor: `floor<${float}>(b)`,
    trunc: `trunc<${float}>(b)`,
    nearest: `nearest<${float}>(b)`,
    sqrt: `sqrt<${float}>(b)`,
    add: 'b + c',
    sub: 'b - c',
    mul: 'b * c',
    div: 'b / c',
    min: `min<${float}>(b, c)`,
    max: `max<${float}>(b, c)`,
  });
  define(prefix, type, I32, {
    eq: '<i32>(b == c)',
    ne: '<i32>(b != c)',
    lt: '<i32>(b < c)',
    gt: '<i32>(b > c)',
    le: '<i32>(b <= c)',
    ge: '<i32>(b >= c)',
  });
}
define('f32', BITS32, BITS32, {
  abs: 'b & 0x7fffffff',
  neg: 'b ^ 0x80000000',
  copysign: '(b & 0x7fffffff) | (c & 0x80000000)',
});
define('f64', BITS64, BITS64, {
  abs: 'b & 0x7fffffffffffffff',
  neg: 'b ^ 0x8000000000000000',
  copysign: '(b & 0x7fffffffffffffff) | (c & 0x8000000000000000)',
});

// Bounds between which a float truncates to the integer; the conversion itself saturates.
const BOUNDS = {
  i32_f32_s: 'b >= -2147483648.0 && b < 2147483648.0',
  i32_f64_s: 'b > -2147483649.0 && b < 2147483648.0',
  i64_f32_s: 'b >= -9223372036854775808.0 && b < 9223372036854775808.0',
  i64_f64_s: 'b >= -9223372036854775808.0 && b < 9223372036854775808.0',
  i32_f32_u: 'b > -1.0 && b < 4294967296.0',
  i32_f64_u: 'b > -1.0 && b < 4294967296.0',
  i64_f32_u: 'b > -1.0 && b < 18446744073709551616.0',
  i64_f64_u: 'b > -1.0 && b < 18446744073709551616.0',
};
for (const [key, bounds] of Object.entries(BOUNDS)) {
  const [integer, float, sign] = key.split('_');
  const from = float === 'f32' ? F32 : F64;
  const to = integer === 'i32' ? I32 : I64;
  const value = `<${sign === 's' ? 'i' : 'u'}${integer.slice(1)}>b`;
  OPERATIONS.set(`${integer}_trunc_sat_${float}_${sign}`, { from, to, value });
  OPERATIONS.set(`${integer}_trunc_${float}_${sign}`, { from, to, value, faultIf: `!(${bounds})` });
}
for (const bits of ['32', '64']) {
  const from = bits === '32' ? I32 : I64;
  for (const [float, to] of [
    ['f32', F32],
    ['f64', F64],
  ]) {
    define(float, from, to, {
      [`convert_i${bits}_s`]: `<${float}>b`,
      [`convert_i${bits}_u`]: `<${float}><u${bits}>b`,
    });
  }
}
define('f32', F64, F32, { demote_f64: '<f32>b' });
define('f64', F32, F64, { promote_f32: '<f64>b' });
OPERATIONS.set('mov', { from: BITS64, to: BITS64, value: 'b' });

/** Bytes and the value that is written to the slot. */
export const LOADS = {
  load8_u: [1, '<u64>load<u8>(p)'],
  load16_u: [2, '<u64>load<u16>(p)'],
  load32_u: [4, '<u64>load<u32>(p)'],
  load64: [8, 'load<u64>(p)'],
  load8_s32: [1, '<u64><u32><i32>load<i8>(p)'],
  load16_s32: [2, '<u64><u32><i32>load<i16>(p)'],
  load8_s64: [1, '<u64><i64>load<i8>(p)'],
  load16_s64: [2, '<u64><i64>load<i16>(p)'],
  load32_s64: [4, '<u64><i64>load<i32>(p)'],
};
export const STORES = { store8: 1, store16: 2, store32: 4, store64: 8 };
