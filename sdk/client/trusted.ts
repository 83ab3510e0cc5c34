// docs/sdk.md#paying: nothing is signed and nothing is paid before L1 has borne out that it is for the network that the user means.
import { MizuError } from '../../protocol/errors.ts';
import { inboxAbi, rollupAbi } from '../../protocol/generated/abi.ts';
import type { Address } from '../../protocol/hex.ts';
import { connectL1, type L1 } from '../../service/l1/l1.ts';
import type { ChainView } from './views.ts';

/** The network that the user means. It never comes from a sequencer. */
export type NetworkTrust = { readonly chainId: number; readonly rollup: Address };

/** What a verification believes, as far as the user says it: docs/sdk.md#trust. */
export type TrustFlags = {
  /** Of the L1: one node, or two and more that must agree. */
  readonly l1Urls?: readonly string[] | undefined;
  readonly rollup?: Address | undefined;
  readonly chainId?: number | undefined;
};

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

/** L1 alone, without a sequencer's word. @throws MizuError `sdk/no-trust-root`, `sdk/other-network`, `l1/unreachable` */
export async function connectTrusted(trust: NetworkTrust | undefined, l1RpcUrl: string | undefined): Promise<L1> {
  if (trust === undefined || l1RpcUrl === undefined) throw noTrustRoot(trust, l1RpcUrl);
  const l1 = await connectL1(l1RpcUrl);
  if (l1.chainId === trust.chainId) return l1;
  throw otherNetwork('the L1 node', `chain ${trust.chainId}`, `chain ${l1.chainId}`);
}

function assertSaid(name: string, expected: string | number, actual: string | number): void {
  if (String(expected).toLowerCase() === String(actual).toLowerCase()) return;
  throw otherNetwork('the sequencer', `${name} ${expected}`, `${name} ${actual}`);
}

function otherNetwork(who: string, expected: string, actual: string): MizuError {
  return new MizuError({
    code: 'sdk/other-network',
    message: `What ${who} says is of another network than the one that you name: nothing was signed, and nothing paid.`,
    expected,
    actual,
    hint: 'Either it is not honest, or you mean another network: then name that with --chain-id, --rollup and --l1.',
  });
}

function noTrustRoot(trust: NetworkTrust | undefined, l1RpcUrl: string | undefined): MizuError {
  const missing = [
    ...(trust === undefined ? ['--chain-id and --rollup (MIZU_CHAIN_ID, MIZU_ROLLUP)'] : []),
    ...(l1RpcUrl === undefined ? ['--l1 (MIZU_L1_RPC)'] : []),
  ];
  return new MizuError({
    code: 'sdk/no-trust-root',
    message: 'To sign or to pay takes to know for which network, and the word of its sequencer is not enough for that.',
    expected: `${missing.join(', ')}, or the devnet's file`,
    actual: 'not given',
    hint: 'Take the chain id and the address of the Rollup from a source that you trust, and name an L1 node.',
  });
}
