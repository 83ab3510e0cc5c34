// docs/edge.md#programs: programs that gateway and worker keep, the last used ones, and load once at a time each.
import type { Hex } from '../protocol/hex.ts';
import type { SimulatorRef } from './backends/simulate-request.ts';

/**
 * What `load` gives, or what is kept of it; null, which is not kept, if the program is not to be had.
 * @param maxLength of all that is kept: bytes, or characters of a text
 */
export function createKeptPrograms<T extends { readonly length: number }>(
  maxLength: number,
  load: (ref: SimulatorRef) => Promise<T | null>,
): (ref: SimulatorRef) => Promise<T | null> {
  const kept = new Map<Hex, T>();
  const underWay = new Map<Hex, Promise<T | null>>();
  let size = 0;

  const keep = (root: Hex, program: T) => {
    kept.set(root, program);
    size += program.length;
    for (const [oldest, old] of kept) {
      if (size <= maxLength) return;
      kept.delete(oldest);
      size -= old.length;
    }
  };

  const loadAndKeep = async (ref: SimulatorRef): Promise<T | null> => {
    const program = await load(ref);
    if (program !== null) keep(ref.root, program);
    return program;
  };

  return async (ref) => {
    const known = kept.get(ref.root);
    if (known !== undefined) {
      kept.delete(ref.root);
      kept.set(ref.root, known);
      return known;
    }
    const loading = underWay.get(ref.root) ?? loadAndKeep(ref).finally(() => underWay.delete(ref.root));
    underWay.set(ref.root, loading);
    return loading;
  };
}
