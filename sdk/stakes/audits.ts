// docs/audits.md#standing: what a validator has found of the canaries that were drawn for it, and what it has lost; from L1 alone.
import { attestationsAbi, auditsAbi } from '../../protocol/generated/abi.ts';
import type { Address } from '../../protocol/hex.ts';
import { createPastEvents } from '../../service/l1/past-events.ts';
import { authorityOf, type Stakes } from './connect.ts';
import { lastWeekFrom } from './last-week.ts';

export type AuditStanding = {
  /** Canaries that count and were drawn for the account, in the last `lookBack` periods that are decided. */
  readonly examined: number;
  /** Of those, the ones that it has found. */
  readonly found: number;
  /** Whether it would get no share of an assertion that was made now. */
  readonly losesShare: boolean;
  readonly lookBack: number;
  readonly periodSeconds: number;
  /** Shares that were withheld from it in the last week of blocks, wei. */
  readonly withheldWei: bigint;
};

export async function readAuditStanding(stakes: Stakes, account: Address): Promise<AuditStanding> {
  const { client } = stakes.l1;
  const attestations = { address: authorityOf(stakes, 'Attestations'), abi: attestationsAbi } as const;
  const { number: head, timestamp } = await client.getBlock();
  const address = await client.readContract({ ...attestations, functionName: 'audits' });
  const audits = { address, abi: auditsAbi } as const;
  const args = [account, timestamp] as const;
  const withheld = createPastEvents(
    async () => head,
    lastWeekFrom(head),
    (range) =>
      client.getContractEvents({ ...attestations, eventName: 'ShareWithheld', args: { attester: account }, ...range }),
  );
  const [[examined, found], losesShare, lookBack, periodSeconds, events] = await Promise.all([
    client.readContract({ ...audits, functionName: 'standingAt', args }),
    client.readContract({ ...audits, functionName: 'losesShare', args }),
    client.readContract({ ...audits, functionName: 'lookBack' }),
    client.readContract({ ...audits, functionName: 'periodSeconds' }),
    withheld(),
  ]);
  const withheldWei = events.reduce((sum, event) => sum + (event.args.amount ?? 0n), 0n);
  return { examined: Number(examined), found: Number(found), losesShare, lookBack, periodSeconds, withheldWei };
}
