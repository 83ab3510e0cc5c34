export const KERNEL_WASM: string;
export function buildKernel(): string;
export function compile(entry: string, target: string): string;
