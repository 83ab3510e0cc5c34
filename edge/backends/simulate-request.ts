// docs/rows.md#simulations: what a request to a simulator is. Programs and workers go by the same rules: this file is
// part of programs.
import type { Hex } from '../../protocol/hex.ts';

/** The one model of all simulators: each request names its program. */
export const SIMULATOR_MODEL = 'simulator/wasi';

/** Of a module as it is deployed, with the WASI adapter in it. */
export const MAX_SIMULATOR_BYTES = 8 * 1024 * 1024;
export const MAX_SIMULATOR_OUTPUT_BYTES = 64 * 1024;
/** 20 s at 20 ns a gas, the worst; most programs take a tenth of that or less. */
export const MAX_SIMULATOR_GAS = 1_000_000_000;
export const DEFAULT_SIMULATOR_GAS = 100_000_000;
/** An output token is so much gas, or four bytes of output. */
export const GAS_PER_TOKEN = 1_000_000;
const BYTES_PER_TOKEN = 4;

/** A program on DA. */
export type SimulatorRef = { readonly root: Hex; readonly length: number };

/** The field `mizu.simulate` of a request. */
export type Simulation = { readonly gasLimit: number; readonly length: number; readonly root: Hex };

/** Output tokens that a request of this gas limit can cost at most, its `max_tokens`. */
export function simulatorTokens(gasLimit: number): number {
  return Math.ceil(gasLimit / GAS_PER_TOKEN) + MAX_SIMULATOR_OUTPUT_BYTES / BYTES_PER_TOKEN;
}

/** Undefined if the value is none. */
export function readSimulation(value: unknown): Simulation | undefined {
  const { gasLimit, length, root } = (value ?? {}) as Record<keyof Simulation, unknown>;
  const isGood =
    isCount(gasLimit, MAX_SIMULATOR_GAS) &&
    isCount(length, MAX_SIMULATOR_BYTES) &&
    typeof root === 'string' &&
    /^0x[0-9a-f]{64}$/.test(root);
  return isGood ? { gasLimit: gasLimit as number, length: length as number, root: root as Hex } : undefined;
}

function isCount(value: unknown, most: number): boolean {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= most;
}
