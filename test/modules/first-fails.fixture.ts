// A run whose first task fails at once while its others use all their gas.

/** Exits with 1 where the input's fifth byte is that of partition 0, and never ends elsewhere. */
export const FIRST_FAILS = `(module
  (import "mizu" "input_read" (func $read (param i32 i32 i64 i32)))
  (import "mizu" "exit" (func $exit (param i32)))
  (memory 1 1)
  (func (export "_start")
    (call $read (i32.const 0) (i32.const 1) (i64.const 4) (i32.const 1))
    (if (i32.eq (i32.load8_u (i32.const 0)) (i32.const 48)) (then (call $exit (i32.const 1))))
    (loop (br 0))))`;
