// docs/disputes.md#bytes: the events of the demands, as records.
import type { Address, Hex } from '../../protocol/hex.ts';
import type { ContractEvent } from '../../service/l1-logs.ts';
import type { Table } from '../../service/store.ts';
import type { Draft } from '../draft.ts';

/** A leaf that the asserter must show on L1. */
export type DemandRecord = {
  readonly id: Hex;
  readonly assertion: Hex;
  readonly demander: Address;
  readonly objectRoot: Hex;
  readonly leafIndex: number;
  /** Unix seconds. */
  readonly deadline: bigint;
};

export type DemandTables = { readonly open: Table<DemandRecord> };

export const DEMAND_EVENTS = ['BytesDemanded', 'BytesPublished', 'DemandExpired', 'DemandRefunded'] as const;

type Demanded = Omit<DemandRecord, 'leafIndex'> & { leafIndex: bigint };

export async function readDemandEvent(draft: Draft, tables: DemandTables, event: ContractEvent): Promise<void> {
  switch (event.eventName) {
    case 'BytesDemanded': {
      const { leafIndex, ...demand } = event.args as Demanded;
      return draft.put(tables.open, demand.id, { ...demand, leafIndex: Number(leafIndex) });
    }
    case 'BytesPublished':
    case 'DemandExpired':
    case 'DemandRefunded':
      return draft.delete(tables.open, (event.args as { id: Hex }).id);
  }
}
