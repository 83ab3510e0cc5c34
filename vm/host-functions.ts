// docs/vm.md#host: the functions of the import module `mizu`.
import type { OpName } from '../protocol/isa.ts';
import { type FunctionType, I32, I64 } from './wasm/module.ts';

export const HOST_MODULE = 'mizu';

export type HostFunction = FunctionType & { readonly name: HostName };

export type HostName = Extract<
  OpName,
  | 'input_count'
  | 'input_size'
  | 'input_read'
  | 'output_write'
  | 'clock'
  | 'random'
  | 'dot_i8'
  | 'log'
  | 'exit'
  | 'preimage'
  | 'exec'
  | 'ecrecover'
  | 'commit'
>;

const FUNCTIONS: readonly HostFunction[] = [
  { name: 'input_count', params: [], results: [I32] },
  { name: 'input_size', params: [I32], results: [I64] },
  { name: 'input_read', params: [I32, I32, I64, I32], results: [] },
  { name: 'output_write', params: [I32, I32], results: [] },
  { name: 'clock', params: [], results: [I64] },
  { name: 'random', params: [I64], results: [I64] },
  { name: 'dot_i8', params: [I32, I32, I32, I32], results: [I32] },
  { name: 'log', params: [I32, I32], results: [] },
  { name: 'exit', params: [I32], results: [] },
  { name: 'preimage', params: [I32, I32], results: [I32] },
  { name: 'exec', params: [I32, I32], results: [] },
  { name: 'ecrecover', params: [I32, I32], results: [] },
  { name: 'commit', params: [I32], results: [] },
];

export const HOST_FUNCTIONS: ReadonlyMap<string, HostFunction> = new Map(FUNCTIONS.map((f) => [f.name, f]));
