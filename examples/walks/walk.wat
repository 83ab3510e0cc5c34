;; docs/sdk.md#simulate: a random walk on a line, a WASI command. It reads a number of steps from standard input and
;; writes {"end":…,"furthest":…}; whether a step goes left or right is the lowest bit of a random byte.
(module
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  ;; 0: pointer and length of what is read or written. 8: how much was read. 16: a random byte. 64: the input.
  ;; 1024: the output, which grows at $to.
  (data (i32.const 128) "{\"end\":,\"furthest\":}\n")
  (global $to (mut i32) (i32.const 1024))

  (func $put (param $byte i32)
    (i32.store8 (global.get $to) (local.get $byte))
    (global.set $to (i32.add (global.get $to) (i32.const 1))))

  ;; Copies a piece of the text at 128.
  (func $piece (param $from i32) (param $end i32)
    (loop $next
      (call $put (i32.load8_u (local.get $from)))
      (br_if $next (i32.lt_u (local.tee $from (i32.add (local.get $from) (i32.const 1))) (local.get $end)))))

  (func $digits (param $value i32)
    (if (i32.ge_u (local.get $value) (i32.const 10))
      (then (call $digits (i32.div_u (local.get $value) (i32.const 10)))))
    (call $put (i32.add (i32.const 48) (i32.rem_u (local.get $value) (i32.const 10)))))

  (func $number (param $value i32)
    (if (i32.lt_s (local.get $value) (i32.const 0))
      (then
        (call $put (i32.const 45))
        (local.set $value (i32.sub (i32.const 0) (local.get $value)))))
    (call $digits (local.get $value)))

  ;; The number of steps. Anything but digits ends the program with exit code 1.
  (func $steps (result i32) (local $at i32) (local $end i32) (local $digit i32) (local $sum i32)
    (i32.store (i32.const 0) (i32.const 64))
    (i32.store (i32.const 4) (i32.const 9))
    (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
    (local.set $at (i32.const 64))
    (local.set $end (i32.add (i32.const 64) (i32.load (i32.const 8))))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $digit (i32.sub (i32.load8_u (local.get $at)) (i32.const 48)))
        (if (i32.gt_u (local.get $digit) (i32.const 9)) (then (call $exit (i32.const 1))))
        (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 10)) (local.get $digit)))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $next)))
    (local.get $sum))

  (func (export "_start") (local $left i32) (local $place i32) (local $size i32) (local $furthest i32)
    (local.set $left (call $steps))
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $left)))
        (drop (call $random (i32.const 16) (i32.const 1)))
        (local.set $place
          (i32.add (local.get $place)
            (i32.sub (i32.shl (i32.and (i32.load8_u (i32.const 16)) (i32.const 1)) (i32.const 1)) (i32.const 1))))
        (local.set $size
          (select (local.get $place) (i32.sub (i32.const 0) (local.get $place))
            (i32.gt_s (local.get $place) (i32.const 0))))
        (if (i32.gt_s (local.get $size) (local.get $furthest)) (then (local.set $furthest (local.get $size))))
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (br $next)))
    (call $piece (i32.const 128) (i32.const 135))
    (call $number (local.get $place))
    (call $piece (i32.const 135) (i32.const 147))
    (call $number (local.get $furthest))
    (call $piece (i32.const 147) (i32.const 149))
    (i32.store (i32.const 0) (i32.const 1024))
    (i32.store (i32.const 4) (i32.sub (global.get $to) (i32.const 1024)))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))
