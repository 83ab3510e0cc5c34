// docs/machine.md: snapshots of slots and memory. A page is copied only if it was written since the last snapshot.
import { SLOT_COUNT } from '../../protocol/isa.ts';
import { PAGE_BYTES } from '../program.ts';
import { CORE, type Core } from './core.ts';

/** Pages that are not there hold zeros; the image counts as written before the first snapshot. */
export type PageSnapshot = {
  readonly count: number;
  readonly contents: readonly (Uint8Array | undefined)[];
  /** The slots without the zeros at their end. */
  readonly slots: Uint8Array;
};

export type PageStore = { snapshot(): PageSnapshot; restore(snapshot: PageSnapshot): void };

const SLOT_BYTES = SLOT_COUNT * 8;

export function createPageStore(core: Core): PageStore {
  // The contents of each page when its mark in `pageChanged` was last taken away.
  let contents: (Uint8Array | undefined)[] = [];
  const changed = (): Uint8Array => {
    core.markChangedPages();
    const start = (core.pageChanged.value as number) >>> 0;
    return core.bytes().subarray(start, start + Math.max(contents.length, pageCount()));
  };
  const pageCount = (): number => core.size() / PAGE_BYTES;
  return {
    snapshot() {
      const count = pageCount();
      const marks = changed();
      contents = Array.from({ length: count }, (_, page) =>
        marks[page] === 0 ? contents[page] : core.guest(page * PAGE_BYTES, PAGE_BYTES).slice(),
      );
      marks.fill(0);
      return { count, contents, slots: liveSlots(core) };
    },
    restore(snapshot) {
      const marks = changed();
      const count = Math.max(marks.length, snapshot.count);
      if (pageCount() < snapshot.count && core.setPages(snapshot.count) === 0)
        throw new Error('the host has no memory left for a snapshot');
      for (let page = 0; page < count; page++) {
        const wanted = snapshot.contents[page];
        if (marks[page] === 0 && contents[page] === wanted) continue;
        const target = core
          .bytes()
          .subarray(CORE.page, CORE.page + PAGE_BYTES)
          .fill(0);
        if (wanted !== undefined) target.set(wanted);
        core.restorePage(page, CORE.page);
      }
      core.setPages(snapshot.count);
      marks.fill(0);
      contents = [...snapshot.contents];
      const slots = core.bytes().subarray(CORE.slots, CORE.slots + SLOT_BYTES);
      slots.fill(0, snapshot.slots.length);
      slots.set(snapshot.slots);
    },
  };
}

function liveSlots(core: Core): Uint8Array {
  const slots = core.view();
  let end = SLOT_BYTES;
  while (end > 0 && slots.getBigUint64(CORE.slots + end - 8, true) === 0n) end -= 8;
  return core.bytes().slice(CORE.slots, CORE.slots + end);
}
