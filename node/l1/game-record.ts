// docs/disputes.md#game: the events of the games, as records: each holds the list that is to be answered.
import { SIDE } from '../../protocol/generated/enums.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import { type StepInAssertion, toStepInAssertion } from '../../protocol/step-numbers.ts';
import type { ContractEvent } from '../../service/l1/logs.ts';
import type { Table } from '../../service/storage/store.ts';
import type { Draft } from './draft.ts';

export type Side = keyof typeof SIDE;

export type GameStatus = 'open' | 'challenger-won' | 'asserter-won' | 'refunded';

export type GameRecord = {
  readonly id: Hex;
  readonly assertion: Hex;
  /** The judged step. Leaf `step` of the assertion's step list is the state before it. */
  readonly step: StepInAssertion;
  readonly challenger: Address;
  readonly status: GameStatus;
  /** The number of lists posted. If it is odd, the asserter has to answer. */
  readonly lists: number;
  /** The hash of the machine where the range of the last list begins. */
  readonly start: Hex;
  /**
   * As in `PostedList` of contracts/src/dispute/SegmentList.sol: the message's object root, while the opening's list is
   * the last one. Zero later.
   */
  readonly message: Hex;
  readonly startPosition: bigint;
  /** The hash of the machine at the end of that range, as claimed by the side that has to answer the list. */
  readonly end: Hex;
  readonly list: readonly Hex[];
};

export type GameTables = {
  readonly games: Table<GameRecord>;
  readonly openGames: Table<true>;
};

export const GAME_EVENTS = ['GameOpened', 'Moved', 'GameWon', 'GameRefunded'] as const;

type Args = {
  GameOpened: {
    game: Hex;
    assertion: Hex;
    challenger: Address;
    index: bigint;
    start: Hex;
    end: Hex;
    message: Hex;
    list: readonly Hex[];
  };
  Moved: { game: Hex; lists: number; position: bigint | number; start: Hex; end: Hex; list: readonly Hex[] };
  GameWon: { game: Hex; winner: number };
  GameRefunded: { game: Hex };
};

const NO_MESSAGE: Hex = `0x${'00'.repeat(32)}`;

export async function readGameEvent(draft: Draft, tables: GameTables, event: ContractEvent): Promise<void> {
  switch (event.eventName) {
    case 'GameOpened': {
      const { game, assertion, challenger, index, start, end, message, list } = event.args as Args['GameOpened'];
      const opened = {
        id: game,
        assertion,
        challenger,
        step: toStepInAssertion(Number(index)),
        start,
        end,
        message,
        list,
      };
      await draft.put(tables.games, game, { ...opened, status: 'open', lists: 1, startPosition: 0n });
      return draft.put(tables.openGames, game, true);
    }
    case 'Moved': {
      const { game, lists, position, start, end, list } = event.args as Args['Moved'];
      const before = await requireGame(draft, tables, game);
      if (lists !== before.lists + 1) throw new Error(`list ${lists} of game ${game} follows list ${before.lists}`);
      const moved = { lists, startPosition: BigInt(position), start, end, message: NO_MESSAGE, list };
      return draft.put(tables.games, game, { ...before, ...moved });
    }
    case 'GameWon': {
      const { game, winner } = event.args as Args['GameWon'];
      return close(draft, tables, game, winner === SIDE.challenger ? 'challenger-won' : 'asserter-won');
    }
    case 'GameRefunded':
      return close(draft, tables, (event.args as Args['GameRefunded']).game, 'refunded');
  }
}

async function close(draft: Draft, tables: GameTables, id: Hex, status: GameStatus): Promise<void> {
  await draft.put(tables.games, id, { ...(await requireGame(draft, tables, id)), status });
  await draft.delete(tables.openGames, id);
}

async function requireGame(draft: Draft, tables: GameTables, id: Hex): Promise<GameRecord> {
  const game = await draft.get(tables.games, id);
  if (game === undefined) throw new Error(`game ${id} goes on without having begun`);
  return game;
}

export function turnOf({ lists }: Pick<GameRecord, 'lists'>): Side {
  return lists % 2 === 1 ? 'asserter' : 'challenger';
}
