// docs/vm.md#gas: memory far larger than the caches, bulk instructions at the worst alignment, host calls of one byte,
// frames and tables of the largest size.
import type { ModuleCase } from './measure.ts';

/**
 * 256 MiB: more than any cache, and more address space than the processor translates without a walk of the page tables.
 */
const PAGES = 4096;
const INPUT = new Uint8Array(1 << 20).fill(7);

export function memoryCases(): ModuleCase[] {
  return [...accesses(), ...bulk(), ...dot(), ...growth(), ...host(), ...control()];
}

function repeat(count: number, text: string): string {
  return `${text}\n`.repeat(count);
}

/** `_start` does the prologue once, then the body for ever. */
function endless(body: string, { imports = '', locals = '', prologue = '', more = '', memory = '(memory 2)' } = {}) {
  return `(module ${imports} ${memory} ${more} (func (export "_start") ${locals} ${prologue} (loop $again ${body} (br $again))))`;
}

/** A full-period generator modulo the memory: no two addresses are near each other. */
const NEXT = `(local.set $p (i32.and (i32.add (i32.mul (local.get $p) (i32.const 1664525)) (i32.const 1013904223)) (i32.const ${PAGES * 65536 - 8})))`;

const LEAF = '(i32.and (local.get $p) (i32.const -128))';

function accesses(): ModuleCase[] {
  const memory = `(memory ${PAGES})`;
  const locals = '(local $p i32) (local $q i64) (local $i i32)';
  const touch = `(loop $touch (i32.store (local.get $i) (i32.const 1)) (br_if $touch (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4096))) (i32.const ${PAGES * 65536 - 8}))))`;
  // Every word holds the address of another: the next access waits for the one before.
  const link = `(local.set $i (i32.const 0)) (loop $link (i32.store (local.get $p) (local.tee $q2 (i32.and (i32.add (i32.mul (local.get $p) (i32.const 1664525)) (i32.const 1013904192)) (i32.const ${PAGES * 65536 - 64}))))
    (local.set $p (local.get $q2)) (br_if $link (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 1000000)))) (local.set $p (i32.const 0))`;
  const from = 400_000n;
  return [
    {
      name: 'load, each address from the one before, 256 MiB',
      from: 9_000_000n,
      gas: 12_000_000n,
      wat: endless(repeat(64, '(local.set $p (i32.load (local.get $p)))'), {
        memory,
        locals: `${locals} (local $q2 i32)`,
        prologue: link,
      }),
    },
    {
      name: 'load anywhere in 256 MiB',
      from,
      wat: endless(repeat(64, `${NEXT} (local.set $q (i64.add (local.get $q) (i64.load (local.get $p))))`), {
        memory,
        locals,
        prologue: touch,
      }),
    },
    {
      name: 'store anywhere in 256 MiB',
      from,
      wat: endless(repeat(64, `${NEXT} (i64.store offset=3 (local.get $p) (local.get $q))`), {
        memory,
        locals,
        prologue: touch,
      }),
    },
    {
      name: 'store over two leaves, one page',
      wat: endless(
        repeat(
          64,
          '(i64.store offset=60 (i32.const 0) (i64.const 1)) (i64.store offset=4092 (i32.const 0) (i64.const 1))',
        ),
      ),
    },
  ];
}

function bulk(): ModuleCase[] {
  const memory = `(memory ${PAGES})`;
  const big = PAGES * 65536;
  const from = BigInt(big / 128 + 1000);
  const gas = 5n * from;
  // All pages are written once, so that they are there.
  const prologue = `(memory.fill (i32.const 0) (i32.const 3) (i32.const ${big}))`;
  return [
    ...[1, 7, 128, 129].map((n) => ({
      name: `memory_fill of ${n}`,
      wat: endless(repeat(64, `(memory.fill (i32.const 127) (i32.const 1) (i32.const ${n}))`)),
    })),
    ...[1, 7, 129].map((n) => ({
      name: `memory_copy of ${n}, apart`,
      wat: endless(repeat(64, `(memory.copy (i32.const 127) (i32.const 65530) (i32.const ${n}))`)),
    })),
    {
      name: 'memory_fill of none',
      wat: endless(repeat(64, '(memory.fill (i32.const 0) (i32.const 1) (i32.const 0))')),
    },
    {
      name: 'memory_copy of none',
      wat: endless(repeat(64, '(memory.copy (i32.const 0) (i32.const 0) (i32.const 0))')),
    },
    {
      name: 'memory_fill of 256 MiB',
      from,
      gas,
      wat: endless(`(memory.fill (i32.const 0) (i32.const 1) (i32.const ${big}))`, { memory, prologue }),
    },
    {
      name: 'memory_copy of 128 MiB, leaves with leaves',
      from,
      gas,
      wat: endless(`(memory.copy (i32.const 0) (i32.const ${big / 2}) (i32.const ${big / 2}))`, { memory, prologue }),
    },
    {
      name: 'memory_copy of 128 MiB, backwards, across leaves',
      from,
      gas,
      wat: endless(`(memory.copy (i32.const ${big / 2 - 65}) (i32.const 0) (i32.const ${big / 2}))`, {
        memory,
        prologue,
      }),
    },
    {
      name: 'memory_init of 129',
      wat: endless(repeat(64, '(memory.init 0 (i32.const 127) (i32.const 3) (i32.const 129))'), {
        more: `(data "${'x'.repeat(200)}")`,
      }),
    },
    {
      name: 'memory_init of none, dropped',
      wat: endless(repeat(64, '(memory.init 0 (i32.const 0) (i32.const 0) (i32.const 0)) (data.drop 0)'), {
        more: `(data "${'x'.repeat(200)}")`,
      }),
    },
  ];
}

function dot(): ModuleCase[] {
  const big = PAGES * 65536;
  const from = BigInt(big / 128 + 1000);
  const prologue = `(memory.fill (i32.const 0) (i32.const 131) (i32.const ${big}))`;
  const imports = '(import "mizu" "dot_i8" (func $f (param i32 i32 i32 i32) (result i32)))';
  const memory = `(memory ${PAGES})`;
  const locals = '(local $p i32) (local $q i32)';
  const call = (left: string, right: string, n: number) =>
    `(local.set $q (call $f (local.get $q) ${left} ${right} (i32.const ${n})))`;
  const half = `(i32.const ${big / 2})`;
  return [
    ...[0, 1, 15, 127, 128].map((n) => ({
      name: `dot_i8 of ${n}, a leaf with a leaf`,
      wat: endless(repeat(64, call('(i32.const 0)', '(i32.const 1024)', n)), { imports, locals }),
    })),
    {
      name: 'dot_i8 of 2,047, each leaf with two',
      wat: endless(repeat(64, call('(i32.const 1)', '(i32.const 8264)', 2_047)), { imports, locals }),
    },
    {
      name: 'dot_i8 of 128 MiB, leaves with leaves',
      from,
      gas: 2n * from,
      wat: endless(call('(i32.const 0)', half, big / 2), { imports, locals, memory, prologue }),
    },
    {
      name: 'dot_i8 of 128 MiB, each leaf with two',
      from,
      gas: 2n * from,
      wat: endless(call('(i32.const 1)', half, big / 2 - 65), { imports, locals, memory, prologue }),
    },
    {
      name: 'dot_i8 of leaves anywhere in 256 MiB',
      from,
      wat: endless(repeat(64, `${NEXT} ${call(LEAF, `(i32.xor ${LEAF} ${half})`, 128)}`), {
        imports,
        locals,
        memory,
        prologue,
      }),
    },
  ];
}

function growth(): ModuleCase[] {
  return [
    {
      name: 'memory_grow by none',
      wat: endless(repeat(64, '(drop (memory.grow (i32.const 0)))'), { memory: '(memory 16 16384)' }),
    },
    {
      name: 'memory_grow beyond the maximum',
      wat: endless(repeat(64, '(drop (memory.grow (i32.const 2)))'), { memory: '(memory 1 2)' }),
    },
    {
      name: 'memory_grow page by page, each page written',
      gas: 20_000_000n,
      wat: endless(
        `(if (i32.ne (memory.grow (i32.const 1)) (i32.const -1)) (then ${repeat(16, '(i32.store (local.get $p) (i32.const 1)) (local.set $p (i32.add (local.get $p) (i32.const 4096)))')}))`,
        { memory: '(memory 0 16384)', locals: '(local $p i32)' },
      ),
    },
    {
      name: 'memory_grow by 8,192 pages, each written',
      gas: 18_000_000n,
      wat: endless(
        '(i32.store (local.get $p) (i32.const 1)) (local.set $p (i32.add (local.get $p) (i32.const 4096)))',
        {
          memory: '(memory 0 16384)',
          locals: '(local $p i32)',
          prologue: '(drop (memory.grow (i32.const 8192)))',
        },
      ),
    },
    { name: 'memory_size', wat: endless(repeat(64, '(i32.store (i32.const 0) (memory.size))')) },
  ];
}

function host(): ModuleCase[] {
  const call = (name: string, type: string, body: string, gas = 6_000_000n): ModuleCase => ({
    name,
    gas,
    inputs: [INPUT, INPUT],
    wat: endless(repeat(32, body), {
      imports: `(import "mizu" "${name.split(' ')[0]}" (func $f ${type}))`,
      locals: '(local $n i64)',
    }),
  });
  return [
    call('input_count', '(result i32)', '(drop (call $f))'),
    call('input_size', '(param i32) (result i64)', '(drop (call $f (i32.const 1)))'),
    call(
      'input_read of one byte',
      '(param i32 i32 i64 i32)',
      '(call $f (i32.const 5) (i32.const 1) (i64.const 1000000) (i32.const 1))',
    ),
    call(
      'input_read of none',
      '(param i32 i32 i64 i32)',
      '(call $f (i32.const 5) (i32.const 1) (i64.const 1000000) (i32.const 0))',
    ),
    call(
      'input_read of 64 KiB, leaves across leaves',
      '(param i32 i32 i64 i32)',
      '(call $f (i32.const 5) (i32.const 1) (i64.const 64) (i32.const 65536))',
    ),
    call('output_write of one byte', '(param i32 i32)', '(call $f (i32.const 5) (i32.const 1))'),
    call(
      'output_write of 128 bytes, a leaf with a leaf',
      '(param i32 i32)',
      '(call $f (i32.const 128) (i32.const 128))',
    ),
    call('output_write of none', '(param i32 i32)', '(call $f (i32.const 5) (i32.const 0))'),
    call(
      'output_write of 64 KiB, leaves across leaves',
      '(param i32 i32)',
      '(call $f (i32.const 5) (i32.const 65536))',
    ),
    call('clock', '(result i64)', '(drop (call $f))'),
    call('random', '(param i64) (result i64)', '(local.set $n (call $f (local.get $n)))'),
    call('log of 128 KiB', '(param i32 i32)', '(call $f (i32.const 0) (i32.const 131072))'),
    call('log of none', '(param i32 i32)', '(call $f (i32.const 0) (i32.const 0))'),
  ];
}

const LARGE_LOCALS = 32_000;
const FUNCTIONS = 2_000;

function control(): ModuleCase[] {
  const many = Array.from({ length: FUNCTIONS }, (_, i) => i);
  return [
    { name: 'call of the smallest function', wat: endless(repeat(64, '(call $f)'), { more: '(func $f)' }) },
    {
      name: 'call of a function with the largest frame',
      wat: endless(repeat(64, '(call $f)'), {
        more: `(func $f (local ${'i64 '.repeat(LARGE_LOCALS)}))`,
      }),
    },
    {
      name: 'calls of 150 functions with large frames, in turn',
      wat: endless(
        many
          .slice(0, 150)
          .map((i) => `(call $f${i})`)
          .join(' '),
        {
          more: many
            .slice(0, 150)
            .map((i) => `(func $f${i} (local ${'i64 '.repeat(LARGE_LOCALS / 16)}))`)
            .join(' '),
        },
      ),
    },
    {
      name: 'call of a function with 900 parameters and results',
      wat: endless('(call $g)', {
        more: `(type $t (func ${'(param i64) '.repeat(900)} ${'(result i64) '.repeat(900)})) (func $f (type $t) ${Array.from({ length: 900 }, (_, i) => `(local.get ${i})`).join(' ')})
          (func $g ${'(i64.const 1)'.repeat(900)} (call $f) ${'drop '.repeat(900)})`,
      }),
    },
    {
      name: 'call_indirect, any of 2,000 functions',
      wat: endless(
        repeat(
          64,
          `(local.set $p (i32.add (i32.mul (local.get $p) (i32.const 1664525)) (i32.const 1013904223))) (call_indirect (i32.shr_u (local.get $p) (i32.const 21)))`,
        ),
        {
          locals: '(local $p i32)',
          more: `(table 2048 funcref) (elem (i32.const 0) ${many.map((i) => `$f${i}`).join(' ')} ${'$f0 '.repeat(48)}) ${many.map((i) => `(func $f${i} (global.set $g (i32.const ${i})))`).join(' ')} (global $g (mut i32) (i32.const 0))`,
        },
      ),
    },
    {
      name: 'br_table, any of 64 targets',
      gas: 4_000_000n,
      wat: endless(
        `(local.set $p (i32.add (i32.mul (local.get $p) (i32.const 1664525)) (i32.const 1013904223)))
        ${Array.from({ length: 64 }, (_, i) => `(block $b${i}`).join(' ')} (br_table ${Array.from({ length: 64 }, (_, i) => `$b${i}`).join(' ')} (i32.shr_u (local.get $p) (i32.const 26)))
        ${Array.from({ length: 64 }, (_, i) => `) (local.set $q (i32.xor (local.get $q) (i32.const ${i}))) (br $again)`).join('\n')}`,
        { locals: '(local $p i32) (local $q i32)' },
      ),
    },
    {
      name: 'br_if that no processor foresees',
      gas: 4_000_000n,
      wat: endless(
        repeat(
          64,
          `(local.set $p (i32.add (i32.mul (local.get $p) (i32.const 1664525)) (i32.const 1013904223))) (block (br_if 0 (i32.shr_u (local.get $p) (i32.const 31))) (local.set $q (i32.add (local.get $q) (i32.const 1))))`,
        ),
        { locals: '(local $p i32) (local $q i32)' },
      ),
    },
    {
      name: 'select',
      wat: endless(repeat(64, '(local.set $p (select (local.get $q) (local.get $p) (i32.load8_u (local.get $p))))'), {
        locals: '(local $p i32) (local $q i32)',
      }),
    },
    {
      name: 'global_get and global_set',
      wat: endless(repeat(64, '(global.set $g (i64.add (global.get $g) (i64.const 1)))'), {
        more: '(global $g (mut i64) (i64.const 0))',
      }),
    },
  ];
}
