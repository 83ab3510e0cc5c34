// docs/sdk.md#paying: nothing is signed and nothing is paid before L1 has borne out that it is for the network that the user means.
import { GAS_PRICE_FACTOR } from '../../protocol/constants.ts';
import { gasPricesAbi, gatewayRegistryAbi, inboxAbi, rollupAbi } from '../../protocol/generated/abi.ts';
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
  const [token, registry] = await Promise.all([
    client.readContract({ address: inbox, abi: inboxAbi, functionName: 'token' }),
    client.readContract({ address: inbox, abi: inboxAbi, functionName: 'gatewayRegistry' }),
  ]);
  const gasPrices = await client.readContract({
    address: registry,
    abi: gatewayRegistryAbi,
    functionName: 'gasPrices',
  });
  const price = await client.readContract({ address: gasPrices, abi: gasPricesAbi, functionName: 'price' });
  assertSaid('inbox', inbox, chain.contracts.inbox);
  assertSaid('token', token, chain.contracts.token);
  assertSaid('daCommittee', committee, chain.contracts.daCommittee);
  // The network may not have heard of the last change yet: then its price is another one by this factor at most.
  const most = price * GAS_PRICE_FACTOR;
  if (BigInt(chain.minGasPrice) > most)
    throw otherNetwork('the sequencer', `minGasPrice of at most ${most} wei`, `minGasPrice ${chain.minGasPrice} wei`);
}

function assertSaid(name: string, expected: string | number, actual: string | number): void {
  if (String(expected).toLowerCase() === String(actual).toLowerCase()) return;
  throw otherNetwork('the sequencer', `${name} ${expected}`, `${name} ${actual}`);
}
