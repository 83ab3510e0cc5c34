// What is generated from sources that mutants break, and read by the checks.
export const BYTECODE = 'contracts/generated/bytecode.ts';
export const CORE = 'vm/step/generated/core-wasm.ts';
export const KERNEL = 'kernel/generated/kernel.wasm';
