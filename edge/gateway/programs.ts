// docs/edge.md#programs: the programs of simulators, which workers ask their gateway for, and the gateway DA.
import type { Hex } from '../../protocol/hex.ts';
import { objectRoot } from '../../protocol/tree.ts';
import type { Logger } from '../../service/process/log.ts';
import type { SimulatorRef } from '../backends/simulate-request.ts';

export type Programs = {
  /** The bytes as base64, null if they cannot be had. At most one call a worker at a time. */
  get(ref: SimulatorRef): Promise<string | null>;
};

/** Fetched from DA at once, of all workers. */
const LANES = 4;
/** Characters of base64 that are kept, the last used ones: four of the largest programs. */
const MAX_KEPT = 48 * 1024 * 1024;

export function createPrograms(fetch: (ref: SimulatorRef) => Promise<Uint8Array>, log: Logger): Programs {
  const kept = new Map<Hex, string>();
  const underWay = new Map<Hex, Promise<string | null>>();
  const waiting: (() => void)[] = [];
  let [running, size] = [0, 0];

  const keep = (root: Hex, text: string) => {
    kept.set(root, text);
    size += text.length;
    for (const [oldest, old] of kept) {
      if (size <= MAX_KEPT) return;
      kept.delete(oldest);
      size -= old.length;
    }
  };

  const load = async (ref: SimulatorRef): Promise<string | null> => {
    if (running >= LANES) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      const bytes = await fetch(ref);
      if (bytes.length !== ref.length || objectRoot(bytes) !== ref.root) throw new Error('other bytes than asked for');
      const text = Buffer.from(bytes).toString('base64');
      keep(ref.root, text);
      return text;
    } catch (err) {
      log.warn({ err, root: ref.root }, 'a program cannot be given to a worker');
      return null;
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };

  return {
    get: async (ref) => {
      const known = kept.get(ref.root);
      if (known !== undefined) {
        kept.delete(ref.root);
        kept.set(ref.root, known);
        return known;
      }
      const loading = underWay.get(ref.root) ?? load(ref).finally(() => underWay.delete(ref.root));
      underWay.set(ref.root, loading);
      return loading;
    },
  };
}
