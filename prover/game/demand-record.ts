// docs/disputes.md#bytes: the events of the demands, as records.
import type { Address, Hex } from '../../protocol/hex.ts';
import type { ContractEvent } from '../../service/l1-logs.ts';
import type { Table } from '../../service/store.ts';
import type { Draft } from '../draft.ts';

/** A node of an object's tree that the asserter must show on L1: a leaf itself, another one by the nodes below it. */
export type DemandRecord = {
  readonly id: Hex;
  readonly assertion: Hex;
  readonly demander: Address;
  readonly objectRoot: Hex;
  /** Levels below the tree's root. */
  readonly depth: number;
  /** Among the nodes of that depth. */
  readonly index: number;
  /** Unix seconds. */
  readonly deadline: bigint;
};

/** What L1 has of a tree: a leaf's 128 bytes, or the nodes up to 8 levels below the demanded one. */
export type Publication = Pick<DemandRecord, 'objectRoot' | 'depth' | 'index'> & {
  readonly leaf?: Hex;
  readonly nodes?: readonly Hex[];
};

export type DemandTables = {
  readonly open: Table<DemandRecord>;
  /** By assertion and demand, until the demand is settled. */
  readonly publications: Table<Publication>;
  /** The assertion, by demander and demand, while the contract holds anything of its bond. */
  readonly bonds: Table<Hex>;
};

export const DEMAND_EVENTS = [
  'BytesDemanded',
  'BytesPublished',
  'NodesPublished',
  'DemandExpired',
  'DemandSettled',
] as const;

type Demanded = Omit<DemandRecord, 'index'> & { index: bigint };
type About = { id: Hex; assertion: Hex };

export const publicationKey = (assertion: Hex, id = ''): string => `${assertion}/${id}`;
export const bondKey = (demander: Address, id = ''): string => `${demander.toLowerCase()}/${id}`;

export async function readDemandEvent(draft: Draft, tables: DemandTables, event: ContractEvent): Promise<void> {
  switch (event.eventName) {
    case 'BytesDemanded': {
      const { index, ...demand } = event.args as Demanded;
      await draft.put(tables.open, demand.id, { ...demand, index: Number(index) });
      return draft.put(tables.bonds, bondKey(demand.demander, demand.id), demand.assertion);
    }
    case 'BytesPublished':
    case 'NodesPublished': {
      const { id, assertion, leaf, nodes } = event.args as About & Pick<Publication, 'leaf' | 'nodes'>;
      const { objectRoot, depth, index } = await requireDemand(draft, tables, id);
      await draft.delete(tables.open, id);
      const shown = leaf === undefined ? { nodes: nodes as readonly Hex[] } : { leaf };
      return draft.put(tables.publications, publicationKey(assertion, id), { objectRoot, depth, index, ...shown });
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
