// docs/prover.md#attempts: challenged assertions whose asserters may be about to lose them by saying nothing.
import type { ContractAddresses } from '../contracts/deploy.ts';
import { demandsAbi, disputeAbi } from '../protocol/generated/abi.ts';
import type { Hex } from '../protocol/hex.ts';
import { type GameRecord, turnOf } from './game/record.ts';
import type { ProverNode } from './node.ts';

/**
 * By L1's clock, in unix seconds: ids of assertions whose asserter has used up half of its time in an open game, or let a
 * demand come within half of `demandSeconds` of its deadline.
 */
export type Abandonment = (headSeconds: bigint) => Promise<ReadonlySet<Hex>>;

/** `status` as in contracts/src/Dispute.sol. The asserter's time runs in its turn only. */
type Clock = { readonly status: number; readonly lists: number; readonly turnedAt: bigint; readonly spent: bigint };

const OPEN = 1;
const CHALLENGER_WON = 2;
/** Where contracts/src/dispute/Clock.sol keeps the asserter's `spentSeconds`, 32 bits. */
const ASSERTER_BITS = 80n;

export function createAbandonment({ l1, mirror }: ProverNode, contracts: ContractAddresses): Abandonment {
  const dispute = { address: contracts.dispute, abi: disputeAbi } as const;
  const demands = { address: contracts.demands, abi: demandsAbi } as const;
  /** Of open games, until their next list: thousands may be open. */
  const known = new Map<Hex, Clock>();
  let clockSeconds: number | undefined;
  let demandSeconds: number | undefined;

  async function clockOf({ id, lists }: GameRecord): Promise<Clock> {
    const kept = known.get(id);
    if (kept?.lists === lists) return kept;
    const game = await l1.client.readContract({ ...dispute, functionName: 'gameOf', args: [id] });
    const spent = BigInt.asUintN(32, game.players >> ASSERTER_BITS);
    const clock = { status: game.status, lists: game.lists, turnedAt: BigInt(game.turnedAt), spent };
    if (clock.status === OPEN && clock.lists === lists) known.set(id, clock);
    return clock;
  }

  return async (headSeconds) => {
    const [games, open] = [await mirror.openGames(), await mirror.openDemands()];
    clockSeconds ??= await l1.client.readContract({ ...dispute, functionName: 'clockSeconds' });
    demandSeconds ??= await l1.client.readContract({ ...demands, functionName: 'demandSeconds' });
    const ids = new Set(games.map(({ id }) => id));
    for (const id of known.keys()) if (!ids.has(id)) known.delete(id);
    const abandoned = new Set<Hex>();
    for (const { assertion, deadline } of open)
      if (2n * (deadline - headSeconds) <= BigInt(demandSeconds)) abandoned.add(assertion);
    for (const game of games) {
      if (abandoned.has(game.assertion)) continue;
      const { status, turnedAt, spent, ...clock } = await clockOf(game);
      const used = spent + (turnOf(clock) === 'asserter' ? headSeconds - turnedAt : 0n);
      const isLate = status === OPEN && 2n * used >= BigInt(clockSeconds);
      if (isLate || status === CHALLENGER_WON) abandoned.add(game.assertion);
    }
    return abandoned;
  };
}
