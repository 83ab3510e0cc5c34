// docs/vm.md#host: the host calls that models use.

@external("mizu", "input_size")
export declare function inputSize(index: i32): i64;

@external("mizu", "input_read")
export declare function inputRead(dst: usize, index: i32, offset: i64, length: i32): void;

@external("mizu", "output_write")
export declare function outputWrite(src: usize, length: i32): void;

@external("mizu", "exit")
export declare function exit(code: i32): void;

/** `sum` plus the products of `n` signed bytes at both addresses, modulo 2^32 (docs/vm.md#dot). */
@external("mizu", "dot_i8")
export declare function dotI8(sum: i32, left: usize, right: usize, n: u32): i32;
