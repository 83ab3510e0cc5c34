// docs/vm.md#code: what lowering a function needs to know of its module.
import type { Module } from '../wasm/module.ts';
import type { CodeBuffer } from './code-buffer.ts';

export type DataPlace = {
  /** Absolute slot that holds the segment's length, 0 once dropped. */
  readonly lengthSlot: number;
  /** Offset in the data region. */
  readonly offset: number;
};

export type LowerContext = {
  readonly module: Module;
  readonly code: CodeBuffer;
  /** Absolute slot of each mutable global; undefined for immutable ones. */
  readonly globalSlots: readonly (number | undefined)[];
  readonly segments: ReadonlyMap<number, DataPlace>;
  /** First entry of the function table in the code. */
  readonly tableBase: number;
  /** Calls whose target is not known yet: instruction and function index. */
  readonly calls: { readonly at: number; readonly target: number }[];
};
