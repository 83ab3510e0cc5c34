// docs/attestations.md#record: what L1 has of the attestations of an assertion.
import type { Address, Hex } from '../../protocol/hex.ts';
import type { BlockRef, ContractEvent } from '../../service/l1/logs.ts';
import { numberKey, type Table } from '../../service/storage/store.ts';
import type { Draft } from './draft.ts';

export type AttestationRecord = {
  /** Whose signatures are recorded, in lower case, in no order. */
  readonly attesters: readonly Address[];
  /** Their stake, in wei. */
  readonly weight: bigint;
  /** The stake of all validators, in wei. */
  readonly totalWeight: bigint;
  /** Those of them, with the block, who were recorded when two thirds of the stake were there already. */
  readonly late: readonly { readonly attester: Address; readonly block: bigint }[];
  /** Transactions that have recorded signatures. */
  readonly transactions: readonly Hex[];
  /** Undefined until two thirds of the stake are recorded. */
  readonly attested?: { readonly block: bigint; readonly transaction: Hex };
  /** What the attesters share, in wei. */
  readonly feesWei: bigint;
};

export type AttestationTables = {
  readonly attestations: Table<AttestationRecord>;
  /** Assertions by block and id: the order in which their attesters were paid. */
  readonly funded: Table<Hex>;
};

export const ATTESTATION_EVENTS = ['AttestationsRecorded', 'Attested', 'AttestersFunded'] as const;

const NOTHING: AttestationRecord = {
  attesters: [],
  weight: 0n,
  totalWeight: 0n,
  late: [],
  transactions: [],
  feesWei: 0n,
};

type Args = {
  AttestationsRecorded: { assertion: Hex; weight: bigint; totalWeight: bigint; attesters: readonly Address[] };
  Attested: { assertion: Hex };
  AttestersFunded: { assertion: Hex; amount: bigint };
};

export async function readAttestationEvent(
  draft: Draft,
  { attestations: table, funded }: AttestationTables,
  event: ContractEvent,
  block: BlockRef,
): Promise<void> {
  const change = async (assertion: Hex, fields: (before: AttestationRecord) => Partial<AttestationRecord>) => {
    const before = (await draft.get(table, assertion)) ?? NOTHING;
    await draft.put(table, assertion, { ...before, ...fields(before) });
  };
  switch (event.eventName) {
    case 'AttestationsRecorded': {
      const { assertion, weight, totalWeight, ...args } = event.args as Args['AttestationsRecorded'];
      const attesters = args.attesters.map((one) => one.toLowerCase() as Address);
      const late = (before: AttestationRecord) =>
        before.attested === undefined ? [] : attesters.filter((one) => !before.attesters.includes(one));
      return change(assertion, (before) => ({
        weight,
        totalWeight,
        attesters: [...new Set([...before.attesters, ...attesters])],
        late: [...before.late, ...late(before).map((attester) => ({ attester, block: block.number }))],
        transactions: [...before.transactions, event.transactionHash],
      }));
    }
    case 'Attested': {
      const attested = { block: block.number, transaction: event.transactionHash };
      return change((event.args as Args['Attested']).assertion, () => ({ attested }));
    }
    case 'AttestersFunded': {
      const { assertion, amount } = event.args as Args['AttestersFunded'];
      await draft.put(funded, `${numberKey(block.number)}${assertion.slice(2)}`, assertion);
      return change(assertion, ({ feesWei }) => ({ feesWei: feesWei + amount }));
    }
  }
}
