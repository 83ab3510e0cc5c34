// docs/edge.md#programs: the programs of simulators, which workers ask their gateway for, and the gateway DA.
import { objectRoot } from '../../protocol/tree.ts';
import type { Logger } from '../../service/process/log.ts';
import type { SimulatorRef } from '../backends/simulate-request.ts';
import { createKeptPrograms } from '../kept-programs.ts';

export type Programs = {
  /** The bytes as base64, null if they cannot be had. At most one call a worker at a time. */
  get(ref: SimulatorRef): Promise<string | null>;
};

/** Fetched from DA at once, of all workers. */
const LANES = 4;
/** Characters of base64 that are kept, the last used ones: four of the largest programs. */
const MAX_KEPT = 48 * 1024 * 1024;

export function createPrograms(fetch: (ref: SimulatorRef) => Promise<Uint8Array>, log: Logger): Programs {
  const waiting: (() => void)[] = [];
  let running = 0;

  const load = async (ref: SimulatorRef): Promise<string | null> => {
    if (running >= LANES) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      const bytes = await fetch(ref);
      if (bytes.length !== ref.length || objectRoot(bytes) !== ref.root) throw new Error('other bytes than asked for');
      return Buffer.from(bytes).toString('base64');
    } catch (err) {
      log.warn({ err, root: ref.root }, 'a program cannot be given to a worker');
      return null;
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };

  return { get: createKeptPrograms(MAX_KEPT, load) };
}
