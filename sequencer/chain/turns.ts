// docs/contracts.md#turns: whose turn it is to post, as the sequencer sees it.
import { inboxAbi } from '../../protocol/generated/abi.ts';
import type { Address } from '../../protocol/hex.ts';
import type { L1 } from '../../service/l1/l1.ts';
import type { Sender } from '../../service/l1/send.ts';

/** Enters the sender's account into the Inbox's list of sequencers, unless it is there already. */
export async function joinSequencers(l1: L1, inbox: Address, sender: Sender): Promise<void> {
  const contract = { address: inbox, abi: inboxAbi } as const;
  const args = [sender.address] as const;
  const isDone = () => l1.client.readContract({ ...contract, functionName: 'isListed', args });
  if (!(await isDone())) await sender.sendAndWait({ ...contract, functionName: 'join', args: [], isDone });
}

/**
 * Whether the Inbox would take a batch of this account in the next block. A transaction that is mined later may fall
 * into the time slot of another sequencer: then it reverts, and the batch is posted later.
 */
export async function isOurTurn(l1: L1, inbox: Address, account: Address): Promise<boolean> {
  const { timestamp } = await l1.client.getBlock({ blockTag: 'latest' });
  return l1.client.readContract({
    address: inbox,
    abi: inboxAbi,
    functionName: 'mayPost',
    args: [account, timestamp + 1n],
  });
}
