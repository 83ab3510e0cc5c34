// docs/court.md#penalties: which voters of a case L1 would punish now, of all that were ever validators.
import { type ContractFunctionParameters, getAbiItem } from 'viem';
import { eigenStakeSourceAbi, inferenceCourtAbi, stakeManagerAbi } from '../../protocol/generated/abi.ts';
import type { Address } from '../../protocol/hex.ts';
import { ROLE } from '../../protocol/roles.ts';
import type { L1 } from '../../service/l1/l1.ts';
import { createPastEvents } from '../../service/l1/past-events.ts';

/** A voter of a round of a case. */
export type RoundVoter = { readonly round: bigint; readonly voter: Address };

/** What stakes are told by: those of MIZU's own contract, and those in EigenLayer. */
const STAKE_EVENTS = [
  getAbiItem({ abi: stakeManagerAbi, name: 'WeightChanged' }),
  getAbiItem({ abi: eigenStakeSourceAbi, name: 'Synced' }),
] as const;
/** Each has had the minimum stake once. Those that came first are kept. */
const MAX_VALIDATORS = 65_536;
const TRIED_AT_ONCE = 64;

/**
 * Everybody who was ever a validator, in lower case, by the events of the contract of stakes. Each look reads only what
 * is new.
 */
export function createPastValidators(
  { client }: Pick<L1, 'client'>,
  stakes: Address,
  fromBlock: bigint,
): () => Promise<readonly Address[]> {
  // Whom a block has told that L1 takes back is asked about in vain.
  const known = new Set<Address>();
  const look = createPastEvents(
    () => client.getBlockNumber(),
    fromBlock,
    async (range) => {
      const args = { role: ROLE.validator };
      const logs = await Promise.all(
        STAKE_EVENTS.map((event) => client.getLogs({ address: stakes, event, args, ...range, strict: true })),
      );
      for (const { args } of logs.flat())
        if (known.size < MAX_VALIDATORS) known.add(args.account.toLowerCase() as Address);
      return [];
    },
  );
  return async () => {
    await look();
    return [...known];
  };
}

/**
 * Those whom `punish` would not refuse. L1 decides; many are tried in one request.
 * @param before calls of the court after which they are tried
 */
export async function findPunishable(
  { client }: Pick<L1, 'client'>,
  court: Address,
  id: bigint,
  voters: readonly RoundVoter[],
  before: readonly ContractFunctionParameters[] = [],
): Promise<readonly RoundVoter[]> {
  const found: RoundVoter[] = [];
  for (let at = 0; at < voters.length; at += TRIED_AT_ONCE) {
    const some = voters.slice(at, at + TRIED_AT_ONCE);
    const punished: ContractFunctionParameters[] = some.map(({ round, voter }) => {
      const args = [id, round, voter] as const;
      return { address: court, abi: inferenceCourtAbi, functionName: 'punish', args };
    });
    const contracts = [...before, ...punished];
    const tried = await client.multicall({ contracts, allowFailure: true, deployless: true, batchSize: 0 });
    found.push(...some.filter((_, i) => tried[before.length + i]?.status === 'success'));
  }
  return found;
}
