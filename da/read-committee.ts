// docs/da.md#epochs: the committee as L1 has it.
import { daCommitteeAbi } from '../protocol/generated/abi.ts';
import type { Address } from '../protocol/hex.ts';
import { connectL1, type L1 } from '../service/l1/l1.ts';
import { type Appointed, followCommittee } from './committee.ts';

export function readCommittee({ client }: L1, address: Address): () => Promise<Appointed> {
  const contract = { address, abi: daCommitteeAbi } as const;
  return async () => {
    // One block for all three: a change between two reads would mix committees.
    const blockNumber = await client.getBlockNumber();
    const [epoch, threshold, members] = await Promise.all([
      client.readContract({ ...contract, functionName: 'epoch', blockNumber }),
      client.readContract({ ...contract, functionName: 'threshold', blockNumber }),
      client.readContract({ ...contract, functionName: 'members', blockNumber }),
    ]);
    return { epoch, threshold, members: members.map((member) => ({ address: member })) };
  };
}

/** Where members answer for what they have signed: the DAChallenges of the committee. */
export function readChallenges({ client }: Pick<L1, 'client'>, committee: Address): Promise<Address> {
  return client.readContract({ address: committee, abi: daCommitteeAbi, functionName: 'challenges' });
}

/** The committee's epoch, at most 5 s old while L1 answers; `first` until it has answered. */
export function followEpoch(
  l1Url: string | readonly string[],
  contract: Address,
  first: bigint,
): () => Promise<bigint> {
  let read: (() => Promise<Appointed>) | undefined;
  const committee = followCommittee(async () => {
    read ??= readCommittee(await connectL1(l1Url), contract);
    return read();
  }, []);
  return async () =>
    committee.appointed().then(
      ({ epoch }) => epoch,
      () => first,
    );
}
