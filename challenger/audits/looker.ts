// docs/audits.md#findings: what a validator finds among the items of a period that are drawn for it.
import type { ContractAddresses } from '../../contracts/deploy.ts';
import { hashPlace } from '../../dispute/shown-item.ts';
import type { AuditPhases } from '../../node/l1/audit-times.ts';
import { deriveBatch } from '../../node/l1/derive.ts';
import type { NetworkNode } from '../../node/node.ts';
import { auditsAbi, inboxAbi } from '../../protocol/generated/abi.ts';
import { type Address, concatBytes, type Hex, hexToBytes } from '../../protocol/hex.ts';
import type { InferenceItem } from '../../protocol/inference.ts';
import { keccak } from '../../protocol/tree.ts';
import type { Logger } from '../../service/process/log.ts';
import { drawRows } from '../court/auditor.ts';
import type { ItemJudge } from '../court/judge.ts';
import type { Suspects } from '../court/suspects.ts';
import { isItemDrawn } from './draw.ts';

export type LookerParts = {
  readonly node: NetworkNode;
  readonly contracts: Pick<ContractAddresses, 'audits' | 'inbox'>;
  readonly judge: ItemJudge;
  readonly suspects: Pick<Suspects, 'note'>;
  readonly self: Address;
  readonly log: Logger;
};

/** An item of a model that we have. */
export type PeriodItem = {
  readonly place: Hex;
  readonly batch: bigint;
  readonly message: number;
  readonly index: number;
  readonly item: InferenceItem;
};

export type LookCounts = { looked: number; found: number };

export type Looker = {
  readonly counts: Readonly<LookCounts>;
  /** In the order of the batches; undefined as long as we have not executed all of them. */
  itemsOf(phases: AuditPhases): Promise<readonly PeriodItem[] | undefined>;
  drawnOf(items: readonly PeriodItem[], seed: Hex): Promise<readonly PeriodItem[]>;
  /** The findings, in the order of the items; it ends early when `goesOn` says no. */
  look(items: readonly PeriodItem[], signal: AbortSignal, goesOn: () => Promise<boolean>): Promise<readonly Hex[]>;
};

/** Audits.MAX_FINDINGS. */
const MAX_FINDINGS = 32;

export function createLooker({ node, contracts, judge, suspects, self, log }: LookerParts): Looker {
  const { client } = node.l1;
  const inbox = { address: contracts.inbox, abi: inboxAbi } as const;
  const counts: LookCounts = { looked: 0, found: 0 };

  /** Batches that L1 has taken in the period, from the newest back. */
  async function batchesIn({ begin, end }: AuditPhases): Promise<bigint[]> {
    const { batches } = await node.mirror.head();
    const found: bigint[] = [];
    for (let index = batches - 1n; index >= 0n; index--) {
      const postedAt = BigInt(await client.readContract({ ...inbox, functionName: 'postedAtOf', args: [index] }));
      if (postedAt < begin) break;
      if (postedAt < end) found.unshift(index);
    }
    return found;
  }

  async function itemsIn(index: bigint): Promise<PeriodItem[]> {
    const batch = await node.mirror.batch(index);
    if (batch === undefined) return [];
    const found: PeriodItem[] = [];
    for (const [message, step] of (await deriveBatch(node.mirror, node.objects, batch)).entries()) {
      const body = step.message.message;
      if (body?.kind !== 'InferenceResult') continue;
      for (const [number, item] of body.items.entries()) {
        if (!judge.knows(item.model)) continue;
        const place = hashPlace(index, message, number);
        found.push({ place, batch: index, message, index: number, item });
      }
    }
    return found;
  }

  async function findingOf(one: PeriodItem, signal: AbortSignal, goesOn: () => Promise<boolean>) {
    const seed = keccak(concatBytes([hexToBytes(one.place), hexToBytes(self)]));
    const { verdict, reason } = await judge.judge(one.item, one, signal, (count) => drawRows(seed, count));
    counts.looked++;
    if (verdict !== 'wrong' && verdict !== 'unavailable') return undefined;
    counts.found++;
    const { batch, message, index } = one;
    log.warn(
      { batch: Number(batch), message, item: index, reason },
      'an item that was drawn is not what the model says',
    );
    await suspects.note(one, index);
    const truth = await judge.truthOf(one.item, signal, goesOn);
    if (truth === undefined) return undefined;
    const args = [one.place, truth] as const;
    return client.readContract({ address: contracts.audits, abi: auditsAbi, functionName: 'hashFinding', args });
  }

  return {
    counts,
    async itemsOf(phases) {
      const batches = await batchesIn(phases);
      const last = batches.at(-1);
      if (last !== undefined && node.execution.batches() <= last) return undefined;
      return (await Promise.all(batches.map(itemsIn))).flat();
    },
    async drawnOf(items, seed) {
      const audits = { address: contracts.audits, abi: auditsAbi } as const;
      const rate = BigInt(await client.readContract({ ...audits, functionName: 'rate' }));
      return items.filter(({ place }) => isItemDrawn(seed, place, self, rate));
    },
    async look(items, signal, goesOn) {
      const findings: Hex[] = [];
      for (const one of items) {
        if (findings.length === MAX_FINDINGS || signal.aborted || !(await goesOn())) break;
        const finding = await findingOf(one, signal, goesOn);
        if (finding !== undefined) findings.push(finding);
      }
      return findings;
    },
  };
}
