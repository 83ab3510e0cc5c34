// What is generated from sources that mutants break, and read by the checks.
export const BYTECODE_FILE = 'contracts/generated/bytecode.ts';
export const CORE_FILE = 'vm/step/generated/core-wasm.ts';
export const KERNEL_FILE = 'kernel/generated/kernel.wasm';
