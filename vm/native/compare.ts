// docs/vm.md#engines: an engine runs natively only a program that it has lowered itself and found equal.
import type { Hex } from '../../protocol/hex.ts';
import { objectRoot } from '../../protocol/tree.ts';
import type { LoweredModule } from '../lower/module.ts';
import { maximumPages, type Program } from '../program.ts';
import { F32, I32 } from '../wasm/module.ts';

/** What is kept of a lowered module, to compare programs with it. */
export type LoweredFacts = {
  readonly codeRoot: Hex;
  readonly dataRoot: Hex;
  readonly pagesMax: number;
  /** Slots before the first frame, as the module itself begins with them. */
  readonly slots: BigUint64Array;
  /** 1 for a slot that holds a global, which an image may give another value; 2 if the global has 32 bits. */
  readonly free: Uint8Array;
};

/** `roots` are those of code and data, if they are known. */
export function loweredFacts(
  { code, data, slots, globalSlots, module }: LoweredModule,
  roots?: Pick<LoweredFacts, 'codeRoot' | 'dataRoot'>,
): LoweredFacts {
  const free = new Uint8Array(slots.length);
  globalSlots.forEach((slot, index) => {
    const { type } = module.globals[index]!;
    if (slot !== undefined) free[slot] = type === I32 || type === F32 ? 2 : 1;
  });
  const { codeRoot, dataRoot } = roots ?? { codeRoot: objectRoot(code), dataRoot: objectRoot(data) };
  return { codeRoot, dataRoot, pagesMax: maximumPages(module), slots, free };
}

/**
 * Why the module is not this program, which fits (vm/fit.ts); undefined if it is. Whether the parts are those of the
 * header is not looked at again: an instance starts from the program's own memory and slots, as the step machine does.
 */
export function programDifference({ header, slots }: Program, lowered: LoweredFacts): string | undefined {
  if (header.globals !== lowered.slots.length) return `${header.globals} global slots, not ${lowered.slots.length}`;
  if (header.pagesMax !== lowered.pagesMax) return `pagesMax ${header.pagesMax}, not ${lowered.pagesMax}`;
  if (header.codeRoot !== lowered.codeRoot) return 'code';
  if (header.dataRoot !== lowered.dataRoot) return 'passive data segments';
  const foreign = foreignSlot(slots, lowered);
  return foreign === undefined ? undefined : `value of slot ${foreign}`;
}

// An image gives globals other values than the module's, but only values that the module could have written: lowered
// code never clears the upper half of a 32-bit global's slot, and the rewritten module knows a segment's length from
// the segment.
function foreignSlot(given: Uint8Array, { slots, free }: LoweredFacts): number | undefined {
  const view = new DataView(given.buffer, given.byteOffset, given.byteLength);
  const at = slots.findIndex((own, slot) => {
    const value = view.getBigUint64(slot * 8);
    return free[slot] === 0 ? value !== own : free[slot] === 2 && value >> 32n !== 0n;
  });
  return at < 0 ? undefined : at;
}
