// docs/disputes.md#playing: what a player must know of the contract that its games are played on.
import type { Abi } from 'viem';
import type { GameRecord, Side } from '../node/l1/game-record.ts';
import type { Mirror } from '../node/l1/mirror.ts';
import { disputeAbi } from '../protocol/generated/abi.ts';
import type { Address } from '../protocol/hex.ts';
import type { L1 } from '../service/l1/l1.ts';
import { encodeGameKey } from './calls.ts';
import { isJudged, isWindowOver } from './judged.ts';
import { TRACE_END } from './play.ts';

export type Arena<Played extends GameRecord> = {
  readonly address: Address;
  /** It has the calls and views of `Dispute`, each with the key of its own games. */
  readonly abi: Abi;
  /** The number of instructions that a game is about: a power of 32. */
  readonly range: bigint;
  /** Games that are not decided, in no order. */
  openGames(): Promise<readonly Played[]>;
  /** The account that has this side of a game. */
  accountOf(game: Played, side: Side): Promise<Address | undefined>;
  /** The first argument of each call about a game. */
  encodeKey(game: Played): unknown;
  /** Whether L1 still decides the game. */
  isOn(game: Played): Promise<boolean>;
  /**
   * `refund`: nobody wins the game any more, and this side is to get the bond back. `over`: the same, but this side has
   * nothing to do. `now`: L1's time, unix seconds.
   */
  standingOf(game: Played, side: Side, now: bigint): Promise<'on' | 'refund' | 'over'>;
};

export type StepArenaContracts = { readonly dispute: Address; readonly rollup: Address };

/** Games about steps of assertions: contracts/src/Dispute.sol. */
export function createStepArena(l1: L1, mirror: Mirror, contracts: StepArenaContracts): Arena<GameRecord> {
  return {
    address: contracts.dispute,
    abi: disputeAbi as Abi,
    range: TRACE_END,
    openGames: () => mirror.openGames(),
    accountOf: async (game, side) =>
      side === 'challenger' ? game.challenger : (await mirror.assertion(game.assertion))?.asserter,
    encodeKey: encodeGameKey,
    // No move of a game is possible once another game has decided its assertion, and none is worth its gas if the
    // assertion is moot.
    isOn: ({ assertion }) => isJudged(l1, contracts.rollup, assertion),
    async standingOf(game, side, now) {
      const assertion = await mirror.assertion(game.assertion);
      if (assertion?.status === 'rejected') return side === 'challenger' ? 'refund' : 'over';
      if (assertion === undefined || !mirror.isMoot(assertion)) return 'on';
      // The bond is the challenger's. The asserter gets its own back when no game is open any more and the window is
      // over.
      const isTurn = side === 'challenger' || (await isWindowOver(l1, contracts.rollup, game.assertion, now));
      return isTurn ? 'refund' : 'over';
    },
  };
}
