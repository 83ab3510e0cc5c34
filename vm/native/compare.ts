// docs/vm.md#engines: an engine runs natively only what it has lowered itself and found equal.
import { SLOT_TREE_DEPTH } from '../../protocol/isa.ts';
import { objectRoot, treeRoot } from '../../protocol/tree.ts';
import { F32, I32 } from '../decode/module.ts';
import type { LoweredModule } from '../lower/module.ts';
import { maximumPages, memoryDepth, PROGRAM_VERSION, type Program } from '../program.ts';

/** What keeps the module from being this program; undefined if nothing does. */
export function programDifference(program: Program, lowered: LoweredModule): string | undefined {
  const { header } = program;
  if (header.version !== PROGRAM_VERSION) return `version ${header.version}`;
  if (header.entry !== 0) return `entry ${header.entry}`;
  if (header.globals !== lowered.slots.length) return `${header.globals} global slots, not ${lowered.slots.length}`;
  const pagesMax = maximumPages(lowered.module);
  if (header.pagesMax !== pagesMax) return `pagesMax ${header.pagesMax}, not ${pagesMax}`;
  if (header.pagesInitial > pagesMax || program.memory.length > header.pagesInitial * 65536)
    return 'initial memory too large';
  if (objectRoot(lowered.code) !== header.codeRoot) return 'code';
  if (objectRoot(lowered.data) !== header.dataRoot) return 'passive data segments';
  if (program.slots.length !== lowered.slots.length * 8) return 'length of the slots';
  if (treeRoot(program.slots, SLOT_TREE_DEPTH) !== header.slotsRoot) return 'slots';
  const foreign = foreignSlot(program.slots, lowered);
  if (foreign !== undefined) return `value of slot ${foreign}`;
  if (treeRoot(program.memory, memoryDepth(pagesMax)) !== header.memoryRoot) return 'memory';
  return undefined;
}

// An image gives globals other values than the module's, but only such as the module could have written: lowered code
// never clears the upper half of a 32-bit global's slot, and the rewritten module knows a segment's length from the segment.
function foreignSlot(slots: Uint8Array, { module, globalSlots, slots: own }: LoweredModule): number | undefined {
  const view = new DataView(slots.buffer, slots.byteOffset, slots.byteLength);
  const types = new Map(globalSlots.map((slot, index) => [slot, module.globals[index]!.type]));
  const at = own.findIndex((value, slot) => {
    const type = types.get(slot);
    const given = view.getBigUint64(slot * 8);
    if (type === undefined) return given !== value;
    return (type === I32 || type === F32) && given >> 32n !== 0n;
  });
  return at < 0 ? undefined : at;
}
