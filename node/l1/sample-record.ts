// docs/attestations.md#questions: the events of questions to attesters, and of the games about what they open, as records.
import { SIDE } from '../../protocol/generated/enums.ts';
import { type Address, type Hex, ZERO_HASH } from '../../protocol/hex.ts';
import type { ContractEvent } from '../../service/l1/logs.ts';
import { numberKey, type Store, type Table } from '../../service/storage/store.ts';
import type { Draft } from './draft.ts';
import type { GameRecord } from './game-record.ts';

/** An attester is asked to open what it has committed itself to. */
export type QuestionRecord = {
  readonly id: Hex;
  readonly assertion: Hex;
  /** In lower case. */
  readonly attester: Address;
  readonly commitment: Hex;
  /** Until when it must be opened, in unix seconds. */
  readonly deadline: bigint;
  /** What was opened, and until when a game about it may begin, in unix seconds. */
  readonly opened?: { readonly machines: readonly [Hex, Hex]; readonly until: bigint };
};

/** A game about an opened machine. Its step follows from the draw of the sample. */
export type SampleGameRecord = Omit<GameRecord, 'step'> &
  Pick<QuestionRecord, 'attester' | 'commitment'> & { readonly question: Hex; readonly sample: 0 | 1 };

export type SampleViews = {
  question(id: Hex): Promise<QuestionRecord | undefined>;
  /** Questions to attesters that are neither answered nor expired, in no order. */
  askedQuestions(): Promise<QuestionRecord[]>;
  /** Answered questions about which a game may begin at `nowSeconds`. */
  challengeable(nowSeconds: bigint): Promise<QuestionRecord[]>;
  /** Games about samples that nobody has won, in no order. */
  openSampleGames(): Promise<SampleGameRecord[]>;
};

export type SampleTables = {
  readonly questions: Table<QuestionRecord>;
  /** Ids of those that are not opened. */
  readonly asked: Table<true>;
  /** Ids of those that are opened, by the time until which games may begin. */
  readonly opened: Table<Hex>;
  readonly games: Table<SampleGameRecord>;
  readonly openGames: Table<true>;
};

export const SAMPLE_EVENTS = [
  'SamplesAsked',
  'SamplesOpened',
  'SamplesExpired',
  'SampleChallenged',
  'SampleMoved',
  'SampleGameWon',
  'SampleGameRefunded',
] as const;

export function openSampleTables(store: Store): SampleTables {
  return {
    questions: store.table('questions'),
    asked: store.table('questions-asked'),
    opened: store.table('questions-opened'),
    games: store.table('sample-games'),
    openGames: store.table('open-sample-games'),
  };
}

export function createSampleViews({ questions, asked, opened, games, openGames }: SampleTables): SampleViews {
  return {
    question: (id) => questions.get(id),
    async askedQuestions() {
      const records: QuestionRecord[] = [];
      for await (const [id] of asked.entries()) records.push(await requireStored(questions, id));
      return records;
    },
    async challengeable(nowSeconds) {
      const records: QuestionRecord[] = [];
      for await (const [, id] of opened.entries({ gte: numberKey(nowSeconds + 1n) }))
        records.push(await requireStored(questions, id));
      return records;
    },
    async openSampleGames() {
      const records: SampleGameRecord[] = [];
      for await (const [id] of openGames.entries()) records.push(await requireStored(games, id));
      return records;
    },
  };
}

type Args = {
  SamplesAsked: { question: Hex; assertion: Hex; attester: Address; commitment: Hex; deadline: bigint };
  SamplesOpened: { question: Hex; machines: readonly [Hex, Hex]; challengeableUntil: bigint };
  SamplesExpired: { question: Hex };
  SampleChallenged: {
    game: Hex;
    question: Hex;
    challenger: Address;
    sample: bigint;
    start: Hex;
    end: Hex;
    message: Hex;
    list: readonly Hex[];
  };
  SampleMoved: { game: Hex; lists: number; position: bigint | number; start: Hex; end: Hex; list: readonly Hex[] };
  SampleGameWon: { game: Hex; winner: number };
  SampleGameRefunded: { game: Hex };
};

export async function readSampleEvent(draft: Draft, tables: SampleTables, event: ContractEvent): Promise<void> {
  switch (event.eventName) {
    case 'SamplesAsked': {
      const { question: id, ...asked } = event.args as Args['SamplesAsked'];
      const attester = asked.attester.toLowerCase() as Address;
      await draft.put(tables.questions, id, { id, ...asked, attester });
      return draft.put(tables.asked, id, true);
    }
    case 'SamplesOpened': {
      const { question: id, machines, challengeableUntil: until } = event.args as Args['SamplesOpened'];
      const question = await requireRecord(draft, tables.questions, id);
      await draft.put(tables.questions, id, { ...question, opened: { machines, until } });
      await draft.delete(tables.asked, id);
      return draft.put(tables.opened, `${numberKey(until)}/${id}`, id);
    }
    case 'SamplesExpired':
      return draft.delete(tables.asked, (event.args as Args['SamplesExpired']).question);
    case 'SampleChallenged': {
      const { game: id, sample, ...opened } = event.args as Args['SampleChallenged'];
      const { assertion, attester, commitment } = await requireRecord(draft, tables.questions, opened.question);
      await draft.put(tables.games, id, {
        id,
        ...opened,
        assertion,
        attester,
        commitment,
        sample: sample === 0n ? 0 : 1,
        status: 'open',
        lists: 1,
        startPosition: 0n,
      });
      return draft.put(tables.openGames, id, true);
    }
    case 'SampleMoved': {
      const { game, lists, position, start, end, list } = event.args as Args['SampleMoved'];
      const before = await requireRecord(draft, tables.games, game);
      if (lists !== before.lists + 1) throw new Error(`list ${lists} of game ${game} follows list ${before.lists}`);
      const moved = { lists, startPosition: BigInt(position), start, end, message: ZERO_HASH, list };
      return draft.put(tables.games, game, { ...before, ...moved });
    }
    case 'SampleGameWon': {
      const { game, winner } = event.args as Args['SampleGameWon'];
      return close(draft, tables, game, winner === SIDE.challenger ? 'challenger-won' : 'asserter-won');
    }
    case 'SampleGameRefunded':
      return close(draft, tables, (event.args as Args['SampleGameRefunded']).game, 'refunded');
  }
}

async function close(draft: Draft, tables: SampleTables, id: Hex, status: GameRecord['status']): Promise<void> {
  await draft.put(tables.games, id, { ...(await requireRecord(draft, tables.games, id)), status });
  await draft.delete(tables.openGames, id);
}

const requireRecord = async <V>(draft: Draft, table: Table<V>, id: Hex): Promise<V> =>
  known(await draft.get(table, id), id);

const requireStored = async <V>(table: Table<V>, id: string): Promise<V> => known(await table.get(id), id);

function known<V>(record: V | undefined, id: string): V {
  if (record === undefined) throw new Error(`${id} goes on without having begun`);
  return record;
}
