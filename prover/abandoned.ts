// docs/prover.md#attempts: challenged assertions whose asserters may be about to lose them by saying nothing.
import type { ContractAddresses } from '../contracts/deploy.ts';
import type { DemandRecord } from '../node/l1/demand-record.ts';
import { type GameRecord, turnOf } from '../node/l1/game-record.ts';
import type { NetworkNode } from '../node/node.ts';
import { demandsAbi, disputeAbi } from '../protocol/generated/abi.ts';
import { DEMAND_STATUS, GAME_STATUS } from '../protocol/generated/enums.ts';
import type { Hex } from '../protocol/hex.ts';

/**
 * The ids of the assertions whose asserter has used up half of its time in an open game, or has let a demand come
 * within half of `demandSeconds` of its deadline. `headSeconds`: L1's clock, unix seconds.
 */
export type Abandonment = (headSeconds: bigint) => Promise<ReadonlySet<Hex>>;

/** `status` as in contracts/src/Dispute.sol. The asserter's time runs in its turn only. */
type Clock = { readonly status: number; readonly lists: number; readonly turnedAt: bigint; readonly spent: bigint };

/** The bit at which contracts/src/dispute/Clock.sol keeps the 32 bits of the asserter's `spentSeconds`. */
const ASSERTER_BITS = 80n;

export function createAbandonment({ l1, mirror }: NetworkNode, contracts: ContractAddresses): Abandonment {
  const dispute = { address: contracts.dispute, abi: disputeAbi } as const;
  const demands = { address: contracts.demands, abi: demandsAbi } as const;
  /** The clocks of open games. Each is kept until the game's next list, because thousands of games may be open. */
  const known = new Map<Hex, Clock>();
  let clockSeconds: number | undefined;
  let demandSeconds: number | undefined;

  async function readClock(id: Hex): Promise<Clock> {
    const game = await l1.client.readContract({ ...dispute, functionName: 'gameOf', args: [id] });
    const spent = BigInt.asUintN(32, game.players >> ASSERTER_BITS);
    return { status: game.status, lists: game.lists, turnedAt: BigInt(game.turnedAt), spent };
  }

  function isLate({ status, turnedAt, spent, lists }: Clock, headSeconds: bigint, clockSeconds: number): boolean {
    const used = spent + (turnOf({ lists }) === 'asserter' ? headSeconds - turnedAt : 0n);
    return status === GAME_STATUS.challengerWon || (status === GAME_STATUS.open && 2n * used >= BigInt(clockSeconds));
  }

  // `headSeconds` is the time of L1's head, and the mirror may be behind it: what looks late there may have been
  // answered since.
  async function isGameLate({ id, lists }: GameRecord, headSeconds: bigint, seconds: number): Promise<boolean> {
    const kept = known.get(id);
    if (kept?.lists === lists && !isLate(kept, headSeconds, seconds)) return false;
    const clock = await readClock(id);
    if (clock.status === GAME_STATUS.open && clock.lists === lists) known.set(id, clock);
    return isLate(clock, headSeconds, seconds);
  }

  async function isDemandLate({ id, deadline }: DemandRecord, headSeconds: bigint, seconds: number): Promise<boolean> {
    if (2n * (deadline - headSeconds) > BigInt(seconds)) return false;
    const demand = await l1.client.readContract({ ...demands, functionName: 'demandOf', args: [id] });
    return demand.status === DEMAND_STATUS.open || demand.status === DEMAND_STATUS.expired;
  }

  return async (headSeconds) => {
    const [games, open] = [await mirror.openGames(), await mirror.openDemands()];
    clockSeconds ??= await l1.client.readContract({ ...dispute, functionName: 'clockSeconds' });
    demandSeconds ??= await l1.client.readContract({ ...demands, functionName: 'demandSeconds' });
    const ids = new Set(games.map(({ id }) => id));
    for (const id of known.keys()) if (!ids.has(id)) known.delete(id);
    const abandoned = new Set<Hex>();
    for (const demand of open) {
      if (abandoned.has(demand.assertion)) continue;
      if (await isDemandLate(demand, headSeconds, demandSeconds)) abandoned.add(demand.assertion);
    }
    for (const game of games) {
      if (abandoned.has(game.assertion)) continue;
      if (await isGameLate(game, headSeconds, clockSeconds)) abandoned.add(game.assertion);
    }
    return abandoned;
  };
}
