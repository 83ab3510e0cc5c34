// docs/court.md#views: the cases of the court, as its events tell them.
import type { Address, Hex } from '../../protocol/hex.ts';
import { hexToBytes } from '../../protocol/hex.ts';
import { decodeInferenceItem, type InferenceItem } from '../../protocol/inference.ts';
import type { BlockRef, ContractEvent } from '../../service/l1/logs.ts';
import { numberKey, type Table } from '../../service/storage/store.ts';
import type { Draft } from './draft.ts';
import type { MessagePlace } from './message-place.ts';

export type CaseRecord = {
  readonly id: bigint;
  readonly gateway: Address;
  readonly challenger: Address;
  /** Where the message stands that has the item. */
  readonly place: MessagePlace;
  /** Of the item in the message. */
  readonly index: number;
  /** The 256 bytes of the item. */
  readonly bytes: Hex;
  /** Who has committed in which round, and whether he has revealed. */
  readonly ballots: readonly CaseBallot[];
};

export type CaseBallot = { readonly round: number; readonly voter: Address; readonly isRevealed: boolean };

export type CaseTables = {
  /** Cases that are not closed. */
  readonly open: Table<CaseRecord>;
  /** Cases by the block in which they were closed, and their number. */
  readonly closed: Table<CaseRecord>;
};

export const CASE_EVENTS = ['CaseOpened', 'Committed', 'Revealed', 'Closed'] as const;

type Args = {
  CaseOpened: {
    id: bigint;
    gateway: Address;
    challenger: Address;
    batch: bigint;
    message: bigint;
    index: bigint;
    item: Hex;
  };
  Committed: { id: bigint; round: bigint; voter: Address };
  Revealed: { id: bigint; round: bigint; voter: Address };
  Closed: { id: bigint };
};

export async function readCaseEvent(
  draft: Draft,
  { open, closed }: CaseTables,
  event: ContractEvent,
  block: BlockRef,
): Promise<void> {
  switch (event.eventName) {
    case 'CaseOpened': {
      const { id, gateway, challenger, batch, message, index, item } = event.args as Args['CaseOpened'];
      const place = { batch, message: Number(message) };
      return draft.put(open, numberKey(id), {
        ...{ id, gateway, challenger, place, bytes: item },
        index: Number(index),
        ballots: [],
      });
    }
    case 'Committed':
      return note(draft, open, event.args as Args['Committed'], false);
    case 'Revealed':
      return note(draft, open, event.args as Args['Revealed'], true);
    case 'Closed': {
      const key = numberKey((event.args as Args['Closed']).id);
      const record = await draft.get(open, key);
      if (record === undefined) throw new Error(`case ${key} is closed without having been opened`);
      await draft.put(closed, `${numberKey(block.number)}${key}`, record);
      return draft.delete(open, key);
    }
  }
}

async function note(
  draft: Draft,
  open: Table<CaseRecord>,
  { id, round, voter }: Args['Committed'],
  isRevealed: boolean,
): Promise<void> {
  const record = await draft.get(open, numberKey(id));
  if (record === undefined) throw new Error(`case ${id} is voted on without having been opened`);
  const ballot = { round: Number(round), voter: voter.toLowerCase() as Address, isRevealed };
  const others = record.ballots.filter((one) => one.round !== ballot.round || one.voter !== ballot.voter);
  await draft.put(open, numberKey(id), { ...record, ballots: [...others, ballot] });
}

/** What a case is about. @throws MizuError `protocol/malformed` if the court has taken what is no item */
export function itemOf({ bytes }: CaseRecord): InferenceItem {
  return decodeInferenceItem(hexToBytes(bytes));
}
