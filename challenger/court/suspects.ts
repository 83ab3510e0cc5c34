// docs/audits.md#court: items that are not what the model says wait here until none of them can be a canary any more; then
// they are disputed. They are in the store, so the process may be killed anywhere.
import type { Abi } from 'viem';
import type { ContractAddresses } from '../../contracts/deploy.ts';
import { hashPlace, showItemAt } from '../../dispute/shown-item.ts';
import type { ItemAt, MessagePlace } from '../../node/l1/message-place.ts';
import type { LoopRound } from '../../node/loop.ts';
import type { NetworkNode } from '../../node/node.ts';
import { inboxAbi, inferenceCourtAbi } from '../../protocol/generated/abi.ts';
import type { Logger } from '../../service/process/log.ts';
import type { Caller } from '../caller.ts';
import type { CanaryWatch } from './canary-watch.ts';

export type SuspectParts = {
  readonly node: NetworkNode;
  readonly contracts: Pick<ContractAddresses, 'inferenceCourt' | 'inbox'>;
  readonly caller: Caller;
  readonly canaries: CanaryWatch;
  readonly log: Logger;
  readonly bondWei: bigint;
  /** From an item's batch on L1, in which it can be disputed. */
  readonly contestSeconds: bigint;
};

export type Suspects = {
  /** Durable when it resolves. */
  note(at: MessagePlace, index: number): Promise<void>;
  readonly counts: Readonly<{ disputed: number }>;
  readonly tasks: readonly LoopRound[];
};

export function createSuspects(parts: SuspectParts): Suspects {
  const { node, contracts, caller, canaries, log, bondWei, contestSeconds } = parts;
  const { client } = node.l1;
  const court = { address: contracts.inferenceCourt, abi: inferenceCourtAbi } as const;
  const inbox = { address: contracts.inbox, abi: inboxAbi } as const;
  const table = node.store.table<ItemAt>('court-suspects');
  const counts = { disputed: 0 };
  const keyOf = ({ batch, message, index }: ItemAt) => `${batch}:${message}:${index}`;

  async function decide(suspect: ItemAt): Promise<'wait' | 'dispute' | 'canary' | 'late'> {
    const { batch } = suspect;
    const postedAt = BigInt(await client.readContract({ ...inbox, functionName: 'postedAtOf', args: [batch] }));
    if ((await node.headSeconds()) >= postedAt + contestSeconds) return 'late';
    const standing = await canaries.standingOf(suspect);
    if (standing === 'none') return 'dispute';
    return standing === 'open' ? 'wait' : 'canary';
  }

  async function dispute(suspect: ItemAt): Promise<boolean> {
    const { message, index } = suspect;
    const about = hashPlace(suspect.batch, message, index);
    const isDone = async () => (await client.readContract({ ...court, functionName: 'caseAbout', args: [about] })) > 0n;
    if (await isDone()) return false;
    const shown = await showItemAt(node, suspect);
    if (shown === undefined) return false;
    await caller.allowBond(contracts.inferenceCourt, bondWei);
    const call = { ...court, abi: inferenceCourtAbi as Abi, functionName: 'open', args: [shown], isDone };
    const sent = await caller.send(call, `item ${index} of message ${message} of batch ${suspect.batch}`);
    if (sent) counts.disputed++;
    return sent;
  }

  async function disputeNext(signal: AbortSignal): Promise<boolean> {
    let sent = false;
    for await (const [key, suspect] of table.entries()) {
      if (signal.aborted) return sent;
      const decision = await decide(suspect);
      if (decision === 'wait') continue;
      if (decision === 'dispute') sent = (await dispute(suspect)) || sent;
      else log.info({ ...suspect, batch: Number(suspect.batch), decision }, 'an item that is wrong is not disputed');
      await node.store.write([table.delete(key)]);
    }
    return sent;
  }

  return {
    counts,
    tasks: [disputeNext],
    async note({ batch, message }, index) {
      const suspect = { batch, message, index };
      await node.store.write([table.put(keyOf(suspect), suspect)]);
    },
  };
}
