// docs/audits.md#gateway: finds a gateway's canaries in L1's batches, opens them in time, and claims what is paid for them.

import { hashPlace } from '../../dispute/shown-item.ts';
import type { ItemAt } from '../../node/l1/message-place.ts';
import type { Logger } from '../../service/process/log.ts';
import type { AuditsContract } from './audits.ts';
import type { OwnItems } from './own-items.ts';
import type { CanaryPlanter } from './planter.ts';
import type { CanaryRecord, CanaryTable } from './record.ts';

export type OpenerParts = {
  readonly table: CanaryTable;
  readonly audits: Pick<AuditsContract, 'times' | 'now' | 'postedAt' | 'isDisputed' | 'open' | 'claimReward'>;
  readonly items: OwnItems;
  readonly planter: Pick<CanaryPlanter, 'renew'>;
  readonly log: Logger;
};

/** Canaries that were opened, that were not in time, and that a reward was paid for. */
export type OpenerCounts = { opened: number; missed: number; rewarded: number };

export type Opener = {
  readonly counts: Readonly<OpenerCounts>;
  /** Does all that can be done now. The result is true if it changed something. */
  round(signal: AbortSignal): Promise<boolean>;
};

export function createOpener({ table, audits, items, planter, log }: OpenerParts): Opener {
  const counts: OpenerCounts = { opened: 0, missed: 0, rewarded: 0 };
  /** Batches before it have been read. */
  let scanned: bigint | undefined;

  /** Notes where the items of new batches stand. */
  async function locate(): Promise<void> {
    // In this order: what stands in one of these batches was planted before.
    const count = await items.count();
    const waiting = table.all().filter(([, record]) => isWaiting(record));
    // L1 may have taken batches back.
    const isAnew = scanned === undefined || scanned > count;
    let from = isAnew ? count : (scanned as bigint);
    if (isAnew) for (const [, { fromBatch }] of waiting) if (fromBatch < from) from = fromBatch;
    for (let batch = from; batch < count; batch++) {
      const found = waiting.length === 0 ? new Map<string, ItemAt>() : await items.read(batch);
      for (const [task, at] of found) {
        const record = table.get(task);
        if (record !== undefined && isWaiting(record)) await table.put(task, { ...record, at });
      }
      scanned = batch + 1n;
    }
    scanned ??= count;
  }

  async function open(task: string, record: CanaryRecord, at: ItemAt): Promise<boolean> {
    const postedAt = await audits.postedAt(at.batch);
    const { commit, open: end } = audits.times.phasesOf(audits.times.periodOf(postedAt));
    const now = await audits.now();
    const plant = record.plants.findLast((one) => one.at !== undefined && one.at < postedAt);
    if (now >= end || plant === undefined) {
      counts.missed++;
      await table.remove(task);
      log.error({ task, batch: Number(at.batch) }, 'a canary cannot be opened any more: whoever disputes it wins');
      return true;
    }
    const place = hashPlace(at.batch, at.message, at.index);
    if (now < commit && !(await audits.isDisputed(place))) return false;
    const { owner, nonce, workflow, truth } = record;
    const { salt, signature } = plant;
    await audits.open(await items.show(at), { owner, nonce, workflow, truth, salt, signature }, place);
    await table.put(task, { ...record, state: 'opened' });
    counts.opened++;
    log.info({ task, batch: Number(at.batch) }, 'a canary is opened');
    return true;
  }

  async function claim(task: string, at: ItemAt): Promise<boolean> {
    const period = audits.times.periodOf(await audits.postedAt(at.batch));
    if ((await audits.now()) < audits.times.phasesOf(period).reveal) return false;
    if (await audits.claimReward(period, hashPlace(at.batch, at.message, at.index))) counts.rewarded++;
    await table.remove(task);
    return true;
  }

  async function tend(task: string, record: CanaryRecord, signal: AbortSignal): Promise<boolean> {
    const { state, at } = record;
    if (state === 'planted' && at === undefined) return planter.renew(task, record, signal);
    if (state === 'planted' && at !== undefined) return open(task, record, at);
    if (state === 'opened' && at !== undefined) return claim(task, at);
    return false;
  }

  return {
    counts,
    async round(signal) {
      await locate();
      let changed = false;
      for (const [task, record] of table.all()) {
        try {
          changed = (await tend(task, record, signal)) || changed;
        } catch (err) {
          if (signal.aborted) return changed;
          log.warn({ err, task }, 'a canary cannot be looked after; it is tried again');
          // Its item may stand elsewhere since L1 has taken a block back.
          if (record.state !== 'planted' || record.at === undefined) continue;
          const { at: _, ...unplaced } = record;
          await table.put(task, unplaced);
          scanned = undefined;
        }
      }
      return changed;
    },
  };
}

function isWaiting({ state, at }: CanaryRecord): boolean {
  return state === 'planted' && at === undefined;
}
