// docs/disputes.md#see: the events of L1 about assertions, games and stakes, each with its transaction and what that
// cost.
import { disputeAbi, rollupAbi, stakeManagerAbi } from '../protocol/generated/abi.ts';
import type { Address, Hex } from '../protocol/hex.ts';
import type { L1 } from '../service/l1/l1.ts';
import { followLogs } from '../service/l1/logs.ts';

type Events = {
  AssertionCreated: { id: Hex; asserter: Address; stepRoot: Hex; stepCount: bigint };
  AssertionConfirmed: { id: Hex };
  AssertionRejected: { id: Hex };
  GameOpened: { game: Hex; assertion: Hex; challenger: Address; index: bigint };
  /** `lists` were posted; the range of the new one begins at `position`. */
  Moved: { game: Hex; side: number; lists: number; position: bigint | number };
  /**
   * The proof of one instruction: the machine before it, after it as the loser says, and after it as L1 has computed.
   */
  StepProven: { game: Hex; position: bigint | number; start: Hex; end: Hex; provenEnd: Hex };
  TimedOut: { game: Hex; side: number };
  GameWon: { game: Hex; assertion: Hex; winner: number };
  LeafRejected: { assertion: Hex; index: bigint; challenger: Address };
  Slashed: { account: Address; beneficiary: Address; slashed: bigint; reward: bigint; burned: bigint };
  /** Bonds and awards that are taken out of the dispute contract. */
  Withdrawn: { account: Address; amount: bigint };
  /** Rewards out of slashed stakes. */
  RewardClaimed: { account: Address; amount: bigint };
};

const NAMES = {
  rollup: ['AssertionCreated', 'AssertionConfirmed', 'AssertionRejected'],
  dispute: ['GameOpened', 'Moved', 'StepProven', 'TimedOut', 'GameWon', 'LeafRejected', 'Withdrawn'],
  stakeManager: ['Slashed', 'RewardClaimed'],
} as const;

export type DisputeEvent = {
  [Name in keyof Events]: {
    readonly name: Name;
    readonly args: Readonly<Events[Name]>;
    readonly transaction: Hex;
    readonly sender: Address;
    readonly gasUsed: bigint;
  };
}[keyof Events];

export type FeedContracts = { readonly rollup: Address; readonly dispute: Address; readonly stakeManager: Address };

/**
 * Events in ascending order, from this block on, until the signal aborts. An event stays told if a reorganisation takes
 * it back.
 */
export async function* followDisputes(
  l1: L1,
  contracts: FeedContracts,
  fromBlock: bigint,
  signal: AbortSignal,
): AsyncGenerator<DisputeEvent> {
  const abis = { rollup: rollupAbi, dispute: disputeAbi, stakeManager: stakeManagerAbi };
  const followed = (['rollup', 'dispute', 'stakeManager'] as const).map((contract) => ({
    address: contracts[contract],
    abi: abis[contract],
    events: NAMES[contract],
  }));
  const options = {
    client: l1.client,
    nodes: l1.nodes,
    contracts: followed,
    fromBlock,
    confirmations: 0,
    known: [],
    signal,
    pollMs: 250,
  };
  for await (const change of followLogs(options)) {
    if (change.kind === 'undo') continue;
    for (const { eventName, args, transactionHash } of change.events) {
      const { gasUsed, from } = await l1.client.getTransactionReceipt({ hash: transactionHash });
      yield { name: eventName, args, transaction: transactionHash, sender: from, gasUsed } as unknown as DisputeEvent;
    }
  }
}
