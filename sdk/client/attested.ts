// docs/attestations.md#levels: whether validators with two thirds of the stake have attested what a dataset rests on, from L1 alone.
import { attestationsAbi, bridgeAbi, inboxAbi, rollupAbi, stakeManagerAbi } from '../../protocol/generated/abi.ts';
import { ASSERTION_STATUS } from '../../protocol/generated/enums.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import { ROLE } from '../../protocol/roles.ts';
import type { L1 } from '../../service/l1/l1.ts';
import type { AttestedBy } from './views.ts';

/** More assertions than this are not pending at one time. */
const MAX_PENDING = 256;

/** The contract Attestations of the network, as the Inbox of its Rollup leads to it. */
export async function findAttestations({ client }: L1, inbox: Address): Promise<Address> {
  const bridge = await client.readContract({ address: inbox, abi: inboxAbi, functionName: 'bridge' });
  return client.readContract({ address: bridge, abi: bridgeAbi, functionName: 'attestations' });
}

/**
 * Who has attested the assertion. It is undefined unless it and all before it, back to the confirmed one, are attested:
 * an assertion is worth no more than what it builds on.
 */
export async function readAttested(
  l1: L1,
  { rollup, inbox }: { readonly rollup: Address; readonly inbox: Address },
  assertion: Hex,
): Promise<AttestedBy | undefined> {
  const { client } = l1;
  const address = await findAttestations(l1, inbox);
  const attestations = { address, abi: attestationsAbi } as const;
  const isAttested = (id: Hex) => client.readContract({ ...attestations, functionName: 'isAttested', args: [id] });
  const read = (id: Hex) =>
    client.readContract({ address: rollup, abi: rollupAbi, functionName: 'assertionOf', args: [id] });
  for (let id = assertion, looked = 0; ; looked++) {
    const { status, parent } = await read(id);
    if (status === ASSERTION_STATUS.confirmed) break;
    if (status !== ASSERTION_STATUS.pending || looked === MAX_PENDING || !(await isAttested(id))) return undefined;
    id = parent;
  }
  const [{ weight, time }, stakes] = await Promise.all([
    client.readContract({ ...attestations, functionName: 'recordOf', args: [assertion] }),
    client.readContract({ ...attestations, functionName: 'stakes' }),
  ]);
  if (weight === 0n) return undefined;
  const total = await client.readContract({
    address: stakes,
    abi: stakeManagerAbi,
    functionName: 'totalWeightAt',
    args: [ROLE.validator, time],
  });
  return { weight: String(weight), totalWeight: String(total) };
}
