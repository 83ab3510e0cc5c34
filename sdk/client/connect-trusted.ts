// docs/sdk.md#paying: L1 alone, for what needs no sequencer. Apart from trusted.ts, because its result is no part of the
// declarations of `mizu`.
import { MizuError } from '../../protocol/errors.ts';
import { connectL1, type L1 } from '../../service/l1/l1.ts';
import type { NetworkTrust } from './trust-flags.ts';

/** L1 alone, without a sequencer's word. @throws MizuError `sdk/no-trust-root`, `sdk/other-network`, `l1/unreachable` */
export async function connectTrusted(trust: NetworkTrust | undefined, l1RpcUrl: string | undefined): Promise<L1> {
  if (trust === undefined || l1RpcUrl === undefined) throw noTrustRoot(trust, l1RpcUrl);
  const l1 = await connectL1(l1RpcUrl);
  if (l1.chainId === trust.chainId) return l1;
  throw otherNetwork('the L1 node', `chain ${trust.chainId}`, `chain ${l1.chainId}`);
}

export function otherNetwork(who: string, expected: string, actual: string): MizuError {
  return new MizuError({
    code: 'sdk/other-network',
    message: `What ${who} says is of another network than the one that you name: nothing was signed, and nothing paid.`,
    expected,
    actual,
    hint: 'Either it is not honest, or you mean another network: then name that with --chain-id, --rollup and --l1.',
  });
}

export function noTrustRoot(trust: NetworkTrust | undefined, l1RpcUrl: string | undefined): MizuError {
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
