// docs/sdk.md#paying: nothing is signed and nothing is paid before L1 has borne out that it is for the network that the user means.
import { inboxAbi, rollupAbi } from '../../protocol/generated/abi.ts';
import { connectTrusted, noTrustRoot, otherNetwork } from './connect-trusted.ts';
import type { NetworkTrust } from './trust-flags.ts';
import type { ChainView } from './views.ts';

/** @throws MizuError `sdk/no-trust-root`, `sdk/other-network`, `l1/unreachable` */
export async function assertTrusted(
  chain: ChainView,
  trust: NetworkTrust | undefined,
  l1RpcUrl: string | undefined,
): Promise<void> {
  if (trust === undefined || l1RpcUrl === undefined) throw noTrustRoot(trust, l1RpcUrl);
  assertSaid('chainId', trust.chainId, chain.chainId);
  assertSaid('rollup', trust.rollup, chain.contracts.rollup);
  const { client } = await connectTrusted(trust, l1RpcUrl);
  const rollup = { address: trust.rollup, abi: rollupAbi } as const;
  const [inbox, committee] = await Promise.all([
    client.readContract({ ...rollup, functionName: 'inbox' }),
    client.readContract({ ...rollup, functionName: 'committee' }),
  ]);
  const token = await client.readContract({ address: inbox, abi: inboxAbi, functionName: 'token' });
  assertSaid('inbox', inbox, chain.contracts.inbox);
  assertSaid('token', token, chain.contracts.token);
  assertSaid('daCommittee', committee, chain.contracts.daCommittee);
}

function assertSaid(name: string, expected: string | number, actual: string | number): void {
  if (String(expected).toLowerCase() === String(actual).toLowerCase()) return;
  throw otherNetwork('the sequencer', `${name} ${expected}`, `${name} ${actual}`);
}
