import type { Machine } from './machine.ts';
export function proveStep(_machine: Machine, _parent: Machine | undefined): Uint8Array {
  throw new Error('soon');
}
