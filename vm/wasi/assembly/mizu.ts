// docs/vm.md#host: the DataVM's primitives.

@external("mizu", "input_count")
export declare function inputCount(): u32;

@external("mizu", "input_size")
export declare function inputSize(index: u32): u64;

@external("mizu", "input_read")
export declare function inputRead(dst: u32, index: u32, offset: u64, length: u32): void;

@external("mizu", "output_write")
export declare function outputWrite(src: u32, length: u32): void;

@external("mizu", "clock")
export declare function clock(): u64;

@external("mizu", "random")
export declare function random(counter: u64): u64;

@external("mizu", "log")
export declare function log(src: u32, length: u32): void;

@external("mizu", "exit")
export declare function exit(code: u32): void;
