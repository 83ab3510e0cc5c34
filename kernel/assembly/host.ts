// docs/vm.md#host: the host calls that the kernel uses.

@external("mizu", "input_size")
export declare function inputSize(index: i32): i64;

@external("mizu", "input_read")
export declare function inputRead(dst: usize, index: i32, offset: i64, length: i32): void;

@external("mizu", "output_write")
export declare function outputWrite(src: usize, length: i32): void;

@external("mizu", "log")
export declare function log(src: usize, length: i32): void;

@external("mizu", "preimage")
export declare function preimage(hash: usize, dst: usize): i32;

@external("mizu", "exec")
export declare function exec(request: usize, result: usize): void;

@external("mizu", "ecrecover")
export declare function ecrecover(src: usize, dst: usize): void;

@external("mizu", "commit")
export declare function commit(src: usize): void;
