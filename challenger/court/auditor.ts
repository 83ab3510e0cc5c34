// docs/court.md#audits: runs a part of all items again, drawn by what nobody knew when they were signed, and notes those that
// are not what the model says: they are disputed.
import { deriveBatch } from '../../node/l1/derive.ts';
import type { BatchRecord } from '../../node/l1/mirror.ts';
import type { LoopRound } from '../../node/loop.ts';
import type { NetworkNode } from '../../node/node.ts';
import { concatBytes, hexToBytes } from '../../protocol/hex.ts';
import { encodeInferenceItem } from '../../protocol/inference.ts';
import { keccak } from '../../protocol/tree.ts';
import type { Logger } from '../../service/process/log.ts';
import type { Caller } from '../caller.ts';
import type { ItemJudge } from './judge.ts';
import type { Suspects } from './suspects.ts';

export type ItemAuditorParts = {
  readonly node: NetworkNode;
  readonly caller: Pick<Caller, 'address'>;
  readonly judge: ItemJudge;
  readonly suspects: Pick<Suspects, 'note'>;
  readonly log: Logger;
  /** The part of all items that is run again, 0 to 1. */
  readonly auditRate: number;
};

export type AuditCounts = { audited: number; wrong: number; inconclusive: number };

export type ItemAuditor = { readonly tasks: readonly LoopRound[]; readonly counts: Readonly<AuditCounts> };

const CURSOR = 'next';
/** Rows of an item that are run again. One of 64 that is wrong is among them with a chance of a fourth at least. */
const AUDITED_ROWS = 16;
const SPACE = 2 ** 32;

export function createItemAuditor(parts: ItemAuditorParts): ItemAuditor {
  const { node, caller, judge, suspects, log, auditRate } = parts;
  const { client } = node.l1;
  const cursor = node.store.table<bigint>('court-audited');
  const counts: AuditCounts = { audited: 0, wrong: 0, inconclusive: 0 };

  async function audit(batch: BatchRecord, signal: AbortSignal): Promise<boolean> {
    const steps = await deriveBatch(node.mirror, node.objects, batch);
    let found = false;
    for (const [place, { message }] of steps.entries()) {
      if (message.message?.kind !== 'InferenceResult') continue;
      const { items } = message.message;
      if (!items.some(({ model }) => judge.knows(model))) continue;
      const at = { batch: batch.index, message: place };
      // The hash of the block that took the batch: the gateway had signed by then.
      const { hash } = await client.getBlock({ blockNumber: batch.block });
      for (const [index, item] of items.entries()) {
        const drawn = keccak(concatBytes([hexToBytes(hash), hexToBytes(caller.address), encodeInferenceItem(item)]));
        const isDrawn = new DataView(drawn.buffer, drawn.byteOffset).getUint32(0) < auditRate * SPACE;
        if (!isDrawn || !judge.knows(item.model)) continue;
        const { verdict, reason } = await judge.judge(item, at, signal, (count) => drawRows(drawn, count));
        counts.audited++;
        if (verdict === 'inconclusive') counts.inconclusive++;
        if (verdict !== 'wrong' && verdict !== 'unavailable') continue;
        log.warn(
          { batch: Number(batch.index), message: place, item: index, reason },
          'an item is not what the model says',
        );
        counts.wrong++;
        await suspects.note(at, index);
        found = true;
      }
    }
    return found;
  }

  async function auditNext(signal: AbortSignal): Promise<boolean> {
    let found = false;
    for (let next = (await cursor.get(CURSOR)) ?? 0n; next < node.execution.batches(); next++) {
      if (signal.aborted) return found;
      const batch = await node.mirror.batch(next);
      if (batch === undefined) return found;
      found = (await audit(batch, signal)) || found;
      await node.store.write([cursor.put(CURSOR, next + 1n)]);
    }
    return found;
  }

  return { counts, tasks: [auditNext] };
}

/** Without those that are drawn twice. */
export function drawRows(seed: Uint8Array, count: number): readonly number[] {
  if (count <= AUDITED_ROWS) return Array.from({ length: count }, (_, place) => place);
  const places = Array.from({ length: AUDITED_ROWS }, (_, number) => {
    const drawn = keccak(concatBytes([seed, Uint8Array.of(number)]));
    return new DataView(drawn.buffer, drawn.byteOffset).getUint32(0) % count;
  });
  return [...new Set(places)];
}
