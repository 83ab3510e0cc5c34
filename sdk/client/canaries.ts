// docs/audits.md#verify: how many answers of a run are wrong on purpose, from L1 alone.
import { attestationsAbi, auditsAbi } from '../../protocol/generated/abi.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import type { L1 } from '../../service/l1/l1.ts';
import { findAttestations } from './attested.ts';

/** Items of the run that were opened as canaries so far. */
export async function countCanaries(l1: L1, inbox: Address, run: Hex): Promise<number> {
  const attestations = { address: await findAttestations(l1, inbox), abi: attestationsAbi } as const;
  const audits = await l1.client.readContract({ ...attestations, functionName: 'audits' });
  const read = { address: audits, abi: auditsAbi, functionName: 'canariesOf' } as const;
  return Number(await l1.client.readContract({ ...read, args: [run] }));
}
