// docs/prover.md#replication: what was held against L1 and DA, and whether it holds.

export type Check = { readonly name: string; readonly ok: boolean; readonly detail: string };
