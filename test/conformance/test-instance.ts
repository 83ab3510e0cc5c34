// docs/vm.md#engines: a module of a suite in one engine.
import type { Module } from '../../vm/wasm/module.ts';
import { BITS_PREFIX } from './bits.ts';

export type CallOutcome =
  | { readonly kind: 'values'; readonly values: readonly bigint[]; readonly gasUsed: bigint }
  | { readonly kind: 'fault'; readonly message: string };

export type TestInstance = {
  /** Runs the start function. */
  start(): CallOutcome;
  /** Calls an exported function with arguments as bits. */
  invoke(name: string, args: readonly bigint[]): CallOutcome;
};

export const GAS = 200_000_000n;

export function exportIndex(module: Module, name: string): number {
  const found = module.exports.find((e) => e.name === BITS_PREFIX + name);
  if (found === undefined) throw new Error(`no exported function ${name}`);
  return found.index;
}
