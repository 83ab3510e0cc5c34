// docs/prover.md#derivation: what Inbox and Rollup have said, block by block, in the store; a reorg takes blocks back.
import { MizuError } from '../../protocol/errors.ts';
import {
  attestationsAbi,
  demandsAbi,
  disputeAbi,
  inboxAbi,
  inferenceCourtAbi,
  rollupAbi,
  samplesAbi,
} from '../../protocol/generated/abi.ts';
import { type Address, type Hex, hexToBytes } from '../../protocol/hex.ts';
import { contradiction } from '../../service/l1/blocks.ts';
import { type BlockRef, type ChainChange, type ContractEvent, KEPT_BLOCKS } from '../../service/l1/logs.ts';
import { numberKey, type Operation, type Store } from '../../service/storage/store.ts';
import {
  ATTESTATION_EVENTS,
  type AttestationRecord,
  type AttestationTables,
  readAttestationEvent,
} from './attestation-record.ts';
import type { BatchRecord } from './batch-record.ts';
import { CASE_EVENTS, type CaseRecord, type CaseTables, readCaseEvent } from './case-record.ts';
import {
  bondKey,
  DEMAND_EVENTS,
  type DemandBond,
  type DemandRecord,
  type DemandTables,
  type Publication,
  publicationKey,
  readDemandEvent,
} from './demand-record.ts';
import { createDraft } from './draft.ts';
import { GAME_EVENTS, type GameRecord, type GameTables, readGameEvent } from './game-record.ts';
import {
  type AssertionRecord,
  type DelayedRecord,
  HEAD,
  type MirrorHead,
  type MirrorTables,
  readEvent,
} from './mirror-events.ts';
import {
  createSampleViews,
  openSampleTables,
  readSampleEvent,
  SAMPLE_EVENTS,
  type SampleViews,
} from './sample-record.ts';
import { readVoids, type VoidRecord } from './voids.ts';

export type { AttestationRecord } from './attestation-record.ts';
export type { BatchRecord } from './batch-record.ts';
export type { CaseRecord } from './case-record.ts';
export type { AssertionRecord, DelayedRecord, MirrorHead } from './mirror-events.ts';

export type Mirror = SampleViews & {
  /** Blocks that can be taken back, ascending: what the follower starts from. */
  known(): readonly BlockRef[];
  /** Whether nothing was read before the first known block, so that all blocks can be taken back. */
  isWhole(): boolean;
  /**
   * One durable write.
   * @throws MizuError `l1/contradiction` (retryable) if the events do not follow from what is there
   */
  apply(change: ChainChange): Promise<void>;
  /** A count that grows whenever L1 says something or takes something back. */
  heard(): number;
  head(): Promise<MirrorHead>;
  batch(index: bigint): Promise<BatchRecord | undefined>;
  /** Whether a batch of `[from, to)` became void when there were more than `assertions` assertions. */
  isVoided(from: bigint, to: bigint, assertions: bigint): boolean;
  /** Void batches, ascending, and what made them so. */
  voids(): AsyncIterable<VoidBatch>;
  /** Whether L1 judges nothing about the assertion any more, because a batch has become void since it was made. */
  isMoot(assertion: AssertionRecord): boolean;
  delayed(index: bigint): Promise<DelayedRecord | undefined>;
  assertion(id: Hex): Promise<AssertionRecord | undefined>;
  /** The attestations of an assertion that L1 has. It is undefined if there are none. */
  attestations(assertion: Hex): Promise<AttestationRecord | undefined>;
  /** Assertions whose attesters were paid, in this order, each with its key; those behind the key `after`. */
  funded(after?: string): AsyncIterable<[key: string, assertion: Hex]>;
  /** Cases of the court that are not closed. */
  openCases(): Promise<CaseRecord[]>;
  /** Closed cases of the court in the order in which they were closed, each with its key; those behind the key `after`. */
  closedCases(after?: string): AsyncIterable<[key: string, closed: CaseRecord]>;
  /** Assertions that are neither confirmed nor rejected nor orphaned. */
  pending(): Promise<AssertionRecord[]>;
  game(id: Hex): Promise<GameRecord | undefined>;
  /** Games that nobody has won, in no order. */
  openGames(): Promise<GameRecord[]>;
  /** The demands whose bytes must still be published. */
  openDemands(): Promise<DemandRecord[]>;
  /** What was published for an assertion, in no order. */
  publications(assertion: Hex): Promise<Publication[]>;
  /** The demands of this account whose bonds the contract still holds, wholly or in part. */
  demandBonds(demander: Address): Promise<({ id: Hex } & DemandBond)[]>;
  /** All assertions in the order of L1, from number `from` on. Genesis is number 0. */
  assertions(from?: bigint): AsyncIterable<AssertionRecord>;
};

export type VoidBatch = Pick<VoidRecord, 'block' | 'transaction'> & { readonly index: bigint };

export type MirroredAddresses = {
  readonly inbox: Address;
  readonly rollup: Address;
  readonly dispute?: Address;
  readonly demands?: Address;
  readonly attestations?: Address;
  readonly samples?: Address;
  readonly inferenceCourt?: Address;
};

/**
 * Contracts and events for the follower of service/l1/logs.ts. Without `dispute` and `demands` the mirror knows of no
 * games, without `attestations` of none of these, without `samples` of no questions to attesters, without
 * `inferenceCourt` of no cases.
 */
export function mirroredContracts(addresses: MirroredAddresses) {
  const { inbox, rollup, dispute, demands, attestations, samples, inferenceCourt } = addresses;
  return [
    { address: inbox, abi: inboxAbi, events: ['BatchPosted', 'BatchVoided', 'MessageDelayed'] },
    {
      address: rollup,
      abi: rollupAbi,
      events: ['AssertionCreated', 'AssertionConfirmed', 'AssertionRejected', 'AssertionOrphaned', 'Ended'],
    },
    ...(dispute === undefined ? [] : [{ address: dispute, abi: disputeAbi, events: GAME_EVENTS }]),
    ...(demands === undefined ? [] : [{ address: demands, abi: demandsAbi, events: DEMAND_EVENTS }]),
    ...(attestations === undefined
      ? []
      : [{ address: attestations, abi: attestationsAbi, events: ATTESTATION_EVENTS }]),
    ...(samples === undefined ? [] : [{ address: samples, abi: samplesAbi, events: SAMPLE_EVENTS }]),
    ...(inferenceCourt === undefined ? [] : [{ address: inferenceCourt, abi: inferenceCourtAbi, events: CASE_EVENTS }]),
  ] as const;
}

type BlockEntry = { readonly hash: Hex; readonly undo: readonly StoredOperation[] };
type StoredOperation = { readonly key: string; readonly value: string | null };

export async function openMirror(store: Store): Promise<Mirror> {
  const tables: MirrorTables = {
    head: store.table('chain-head'),
    batches: store.table('chain-batches'),
    voids: store.table('chain-voids'),
    delayed: store.table('chain-delayed'),
    assertions: store.table('chain-assertions'),
    order: store.table('chain-order'),
    pending: store.table('chain-pending'),
  };
  const gameTables: GameTables = {
    games: store.table('games'),
    openGames: store.table('open-games'),
  };
  const demandTables: DemandTables = {
    open: store.table('demands'),
    publications: store.table('publications'),
    bonds: store.table('demand-bonds'),
  };
  const attestationTables: AttestationTables = {
    attestations: store.table('attestations'),
    funded: store.table('attestations-funded'),
  };
  const sampleTables = openSampleTables(store);
  const caseTables: CaseTables = { open: store.table('court-open'), closed: store.table('court-closed') };
  const blocks = store.table<BlockEntry>('chain-blocks');
  const trimmed = store.table<true>('chain-trimmed');
  let heard = 0;
  let isWhole = (await trimmed.get('trimmed')) === undefined;
  let voids = await readVoids(tables.voids);
  const known: BlockRef[] = [];
  for await (const [key, { hash }] of blocks.entries()) known.push({ number: BigInt(`0x${key}`), hash });

  async function applyBlock(block: BlockRef, events: readonly ContractEvent[]): Promise<void> {
    const draft = createDraft();
    for (const event of events) {
      try {
        await readEvent(draft, tables, event, block);
        await readGameEvent(draft, gameTables, event);
        await readDemandEvent(draft, demandTables, event);
        await readCaseEvent(draft, caseTables, event, block);
        await readAttestationEvent(draft, attestationTables, event, block);
        await readSampleEvent(draft, sampleTables, event);
      } catch (cause) {
        if (cause instanceof MizuError) throw cause;
        throw contradiction('events that follow from those before', (cause as Error).message, cause);
      }
    }
    const entry = { hash: block.hash, undo: draft.undo.map(toStored) };
    const oldest = known.length >= 2 * KEPT_BLOCKS ? known.slice(0, known.length - KEPT_BLOCKS) : [];
    await store.write([
      ...draft.operations(),
      blocks.put(numberKey(block.number), entry),
      ...oldest.map(({ number }) => blocks.delete(numberKey(number))),
      ...(oldest.length > 0 ? [trimmed.put('trimmed', true)] : []),
    ]);
    if (voids.holds(entry.undo)) voids = await readVoids(tables.voids);
    isWhole &&= oldest.length === 0;
    known.splice(0, oldest.length);
    known.push(block);
  }

  async function undoBlock(block: BlockRef): Promise<void> {
    const key = numberKey(block.number);
    const entry = await blocks.get(key);
    if (entry === undefined) throw new Error(`block ${block.number} to be taken back is not known`);
    await store.write([...entry.undo.map(fromStored), blocks.delete(key)]);
    if (voids.holds(entry.undo)) voids = await readVoids(tables.voids);
    known.pop();
  }

  const list = async (ids: AsyncIterable<[string, unknown]>): Promise<AssertionRecord[]> => {
    const records: AssertionRecord[] = [];
    for await (const [id] of ids) records.push(await requireAssertion(id));
    return records;
  };
  const requireAssertion = async (id: string): Promise<AssertionRecord> => {
    const record = await tables.assertions.get(id);
    if (record === undefined) throw new Error(`assertion ${id} has no record`);
    return record;
  };

  const requireGame = async (id: string): Promise<GameRecord> => {
    const record = await gameTables.games.get(id);
    if (record === undefined) throw new Error(`game ${id} has no record`);
    return record;
  };

  return {
    ...createSampleViews(sampleTables),
    known: () => known,
    isWhole: () => isWhole,
    async apply(change) {
      await (change.kind === 'apply' ? applyBlock(change.block, change.events) : undoBlock(change.block));
      if (change.kind === 'undo' || change.events.length > 0) heard += 1;
    },
    heard: () => heard,
    head: async () => (await tables.head.get(HEAD.key)) ?? HEAD.empty,
    async batch(index) {
      // Taken before the record is read, and once: what is void and the fingerprint that commits to it are of one
      // moment.
      const { overlay } = voids;
      const posted = await tables.batches.get(numberKey(index));
      return posted === undefined ? undefined : overlay(posted);
    },
    isVoided: (from, to, assertions) => voids.changed(from, to, assertions),
    voids: async function* () {
      for await (const [key, { block, transaction }] of tables.voids.entries())
        yield { index: BigInt(`0x${key}`), block, transaction };
    },
    isMoot: ({ status, place }) => (status === 'pending' || status === 'orphaned') && place < voids.assertions,
    delayed: (index) => tables.delayed.get(numberKey(index)),
    assertion: (id) => tables.assertions.get(id),
    attestations: (id) => attestationTables.attestations.get(id),
    funded: (after) => attestationTables.funded.entries(after === undefined ? {} : { gt: after }),
    game: (id) => gameTables.games.get(id),
    async openGames() {
      const games: GameRecord[] = [];
      for await (const [id] of gameTables.openGames.entries()) games.push(await requireGame(id));
      return games;
    },
    async openDemands() {
      const demands: DemandRecord[] = [];
      for await (const [, demand] of demandTables.open.entries()) demands.push(demand);
      return demands;
    },
    async publications(assertion) {
      const publications: Publication[] = [];
      for await (const [, shown] of demandTables.publications.entries(startingWith(publicationKey(assertion))))
        publications.push(shown);
      return publications;
    },
    async demandBonds(demander) {
      const prefix = bondKey(demander);
      const bonds: ({ id: Hex } & DemandBond)[] = [];
      for await (const [key, bond] of demandTables.bonds.entries(startingWith(prefix)))
        bonds.push({ id: key.slice(prefix.length) as Hex, ...bond });
      return bonds;
    },
    async openCases() {
      const cases: CaseRecord[] = [];
      for await (const [, record] of caseTables.open.entries()) cases.push(record);
      return cases;
    },
    closedCases: (after) => caseTables.closed.entries(after === undefined ? {} : { gt: after }),
    pending: () => list(tables.pending.entries()),
    assertions: async function* (from = 0n) {
      for await (const [, id] of tables.order.entries({ gte: numberKey(from) })) yield requireAssertion(id);
    },
  };
}

/** Keys are hex behind the prefix. */
const startingWith = (prefix: string) => ({ gte: prefix, lt: `${prefix}~` });

function toStored(operation: Operation): StoredOperation {
  const value = operation.type === 'put' ? Buffer.from(operation.value).toString('hex') : null;
  return { key: operation.key, value };
}

function fromStored({ key, value }: StoredOperation): Operation {
  return value === null ? { type: 'del', key } : { type: 'put', key, value: hexToBytes(`0x${value}`) };
}
