// docs/audits.md#court: a canary is upheld. Its gateway opens it when somebody disputes it, so who has found it wrong waits.
import type { ContractAddresses } from '../../contracts/deploy.ts';
import { hashPlace } from '../../dispute/shown-item.ts';
import type { AuditTimes } from '../../node/l1/audit-times.ts';
import type { ItemAt } from '../../node/l1/message-place.ts';
import type { NetworkNode } from '../../node/node.ts';
import { auditsAbi, inboxAbi } from '../../protocol/generated/abi.ts';
import type { ItemJudgement } from './judge.ts';

export type CanaryWatch = {
  /** `canary`: it was opened in time; `open`: it may still be; `none`: it is none. */
  standingOf(place: ItemAt): Promise<'canary' | 'open' | 'none'>;
};

const UPHELD: ItemJudgement = { verdict: 'upheld', reason: 'it is a canary: its run has wanted it' };

export type CanaryWatchParts = {
  readonly node: Pick<NetworkNode, 'headSeconds'> & { readonly l1: Pick<NetworkNode['l1'], 'client'> };
  readonly contracts: Pick<ContractAddresses, 'audits' | 'inbox'>;
  readonly times: AuditTimes;
};

export function createCanaryWatch({ node, contracts, times }: CanaryWatchParts): CanaryWatch {
  const { client } = node.l1;
  const audits = { address: contracts.audits, abi: auditsAbi } as const;
  const inbox = { address: contracts.inbox, abi: inboxAbi } as const;

  return {
    async standingOf({ batch, message, index }) {
      const postedAt = BigInt(await client.readContract({ ...inbox, functionName: 'postedAtOf', args: [batch] }));
      if (!(await client.readContract({ ...audits, functionName: 'mayBeCanary', args: [postedAt] }))) return 'none';
      // Asked before: what is opened meanwhile is seen below.
      const canBeOpened = (await node.headSeconds()) < times.phasesOf(times.periodOf(postedAt)).open;
      const place = hashPlace(batch, message, index);
      if (await client.readContract({ ...audits, functionName: 'isCanary', args: [place] })) return 'canary';
      return canBeOpened ? 'open' : 'none';
    },
  };
}

/** What is to be said of the item of a case; undefined: nothing yet, since it may still be opened. */
export async function sayOf(
  watch: CanaryWatch,
  place: ItemAt,
  own: ItemJudgement,
  isLate: boolean,
): Promise<ItemJudgement | undefined> {
  if (own.verdict !== 'wrong' && own.verdict !== 'unavailable') return own;
  const standing = await watch.standingOf(place);
  if (standing === 'canary') return UPHELD;
  return standing === 'open' && !isLate ? undefined : own;
}
