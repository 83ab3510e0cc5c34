// Modules that recurse without end, in frames of many shapes.

export type RecursionShape = {
  readonly type: 'i32' | 'i64' | 'f64';
  readonly params: number;
  readonly locals: number;
  /** Operands that stay on the stack during the call. */
  readonly below: number;
  /** Operands that lie on the stack elsewhere, but not at the call. */
  readonly elsewhere: number;
  readonly results: number;
  readonly indirect: boolean;
};

export function recursionWat({ type, params, locals, below, elsewhere, results, indirect }: RecursionShape): string {
  const repeat = (count: number, text: (i: number) => string): string =>
    Array.from({ length: count }, (_, i) => text(i)).join(' ');
  const loaded = (count: number, address: number): string =>
    repeat(count, (i) => `(${type}.load offset=${i * 8} (i32.const ${address}))`);
  const summed = (count: number): string =>
    `${repeat(Math.max(count - 1, 0), () => `${type}.add`)} ${count > 0 ? 'drop' : ''}`;
  const args = repeat(params, (i) => `(${type}.add (local.get ${(i + 1) % params}) (${type}.const ${i}))`);
  return `(module
    (memory 1) (table 1 funcref) (elem (i32.const 0) $f) (global $never (mut i32) (i32.const 0))
    (type $t (func (param ${repeat(params, () => type)}) (result ${repeat(results, () => type)})))
    (func $f (type $t) (local ${repeat(locals, () => type)})
      ${repeat(locals, (i) => `(local.set ${params + i} (${type}.load offset=${i * 8} (i32.const 0)))`)}
      (if (global.get $never) (then ${loaded(elsewhere, 8)} ${summed(elsewhere)}))
      ${loaded(below, 16)}
      ${args} ${indirect ? '(call_indirect (type $t) (i32.const 0))' : '(call $f)'}
      ${repeat(results, () => 'drop')}
      ${summed(below)}
      ${repeat(locals, (i) => `(${type}.store offset=${i * 8} (i32.const 0) (local.get ${params + i}))`)}
      ${repeat(results, (i) => `(${type}.const ${i})`)})
    (func (export "_start") ${repeat(params, (i) => `(${type}.const ${i})`)} (call $f) ${repeat(results, () => 'drop')}))`;
}

/** From no frame at all to huge ones, in all combinations. */
export function recursionShapes(): RecursionShape[] {
  const shapes: RecursionShape[] = [];
  for (const type of ['i32', 'i64', 'f64'] as const)
    for (const params of [0, 1, 4, 8, 998])
      for (const locals of [0, 3, 1000])
        for (const below of [0, 40])
          for (const elsewhere of [0, 4, 60])
            for (const results of [0, 2, 300])
              shapes.push({ type, params, locals, below, elsewhere, results, indirect: shapes.length % 2 === 1 });
  return shapes;
}
