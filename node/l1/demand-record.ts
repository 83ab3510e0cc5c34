// docs/disputes.md#bytes: the events of the demands, as records.
import type { Address, Hex } from '../../protocol/hex.ts';
import type { ContractEvent } from '../../service/l1/logs.ts';
import type { Table } from '../../service/storage/store.ts';
import type { Draft } from './draft.ts';

/**
 * A node of an object's tree that the asserter must show on L1: a leaf by its bytes, any other node by the nodes below
 * it.
 */
export type DemandRecord = {
  readonly id: Hex;
  readonly assertion: Hex;
  readonly demander: Address;
  readonly objectRoot: Hex;
  /** The number of levels below the tree's root. */
  readonly depth: number;
  /** The place among the nodes of that depth, from 0. */
  readonly index: number;
  /** What the demander has paid: the base bond, and a surcharge if other demands were open. */
  readonly bondWei: bigint;
  /** Until when it must be answered, in unix seconds. Each demand has its own deadline. */
  readonly deadline: bigint;
};

/** The most that the contract still holds of a demand's bond. */
export type DemandBond = { readonly assertion: Hex; readonly bondWei: bigint };

/** What L1 was shown of a tree: the 128 bytes of a leaf, or the nodes up to 8 levels below the demanded one. */
export type Publication = Pick<DemandRecord, 'objectRoot' | 'depth' | 'index'> & {
  readonly leaf?: Hex;
  readonly nodes?: readonly Hex[];
};

export type DemandTables = {
  readonly open: Table<DemandRecord>;
  /** By assertion and demand, until the demand is settled. */
  readonly publications: Table<Publication>;
  /** By demander and demand, while the contract holds anything of its bond. */
  readonly bonds: Table<DemandBond>;
};

export const DEMAND_EVENTS = [
  'BytesDemanded',
  'BytesPublished',
  'NodesPublished',
  'SurchargeBurned',
  'DemandExpired',
  'DemandSettled',
] as const;

type Demanded = Omit<DemandRecord, 'index' | 'bondWei'> & { index: bigint; bond: bigint };
type About = { id: Hex; assertion: Hex };

export const publicationKey = (assertion: Hex, id = ''): string => `${assertion}/${id}`;
export const bondKey = (demander: Address, id = ''): string => `${demander.toLowerCase()}/${id}`;

export async function readDemandEvent(draft: Draft, tables: DemandTables, event: ContractEvent): Promise<void> {
  switch (event.eventName) {
    case 'BytesDemanded': {
      const { index, bond: bondWei, ...demand } = event.args as Demanded;
      const { id, assertion, demander } = demand;
      await draft.put(tables.open, id, { ...demand, bondWei, index: Number(index) });
      return draft.put(tables.bonds, bondKey(demander, id), { assertion, bondWei });
    }
    case 'BytesPublished':
    case 'NodesPublished': {
      const { id, assertion, leaf, nodes } = event.args as About & Pick<Publication, 'leaf' | 'nodes'>;
      const { objectRoot, depth, index } = await requireDemand(draft, tables, id);
      await draft.delete(tables.open, id);
      const shown = leaf === undefined ? { nodes: nodes as readonly Hex[] } : { leaf };
      return draft.put(tables.publications, publicationKey(assertion, id), { objectRoot, depth, index, ...shown });
    }
    case 'SurchargeBurned': {
      const { id, demander, amount } = event.args as { id: Hex; demander: Address; amount: bigint };
      const key = bondKey(demander, id);
      const bond = await draft.get(tables.bonds, key);
      if (bond === undefined) throw new Error(`a surcharge is burned of demand ${id}, which nobody has paid for`);
      return draft.put(tables.bonds, key, { ...bond, bondWei: bond.bondWei - amount });
    }
    case 'DemandExpired':
    case 'DemandSettled': {
      const { id, assertion, demander } = event.args as About & { demander: Address };
      await draft.delete(tables.open, id);
      await draft.delete(tables.publications, publicationKey(assertion, id));
      return draft.delete(tables.bonds, bondKey(demander, id));
    }
  }
}

async function requireDemand(draft: Draft, tables: DemandTables, id: Hex): Promise<DemandRecord> {
  const demand = await draft.get(tables.open, id);
  if (demand === undefined) throw new Error(`demand ${id} is answered without having been made`);
  return demand;
}
