// docs/disputes.md#delegate: the key that plays an executor's games, if it is not the staked one.
import { MizuError } from '../protocol/errors.ts';
import { disputeAbi } from '../protocol/generated/abi.ts';
import { type Address, isSameAddress } from '../protocol/hex.ts';
import type { L1Account } from '../service/l1/l1.ts';
import { createSender, type Sender, type SenderOptions } from '../service/l1/send.ts';

/**
 * `account`: the staked one.
 * @throws MizuError `prover/not-delegate` if L1 does not name the key as its delegate: the moves would be refused
 */
export async function openDelegate(
  l1: L1Account,
  dispute: Address,
  account: Address,
  options: SenderOptions,
): Promise<Sender> {
  const delegate = createSender(l1, options);
  const named = await l1.client.readContract({
    address: dispute,
    abi: disputeAbi,
    functionName: 'delegateOf',
    args: [account],
  });
  if (isSameAddress(named, delegate.address)) return delegate;
  throw new MizuError({
    code: 'prover/not-delegate',
    message: 'The account of delegateKey may not move for the executor.',
    expected: `delegateOf(${account}) is ${delegate.address} in the dispute contract ${dispute}`,
    actual: BigInt(named) === 0n ? 'the account has named no delegate' : named,
    hint: `Call setDelegate(${delegate.address}) from ${account}: npx cast send ${dispute} 'setDelegate(address)' ${delegate.address} --rpc-url URL --private-key KEY`,
  });
}
