// docs/staking.md#network: the contracts of stakes, read from L1 alone: no sequencer is asked, so none can name others.
import { MizuError } from '../../protocol/errors.ts';
import { attestationsAbi, daCommitteeAbi, inboxAbi, rollupAbi, stakeManagerAbi } from '../../protocol/generated/abi.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import type { FeeCapConfig } from '../../service/l1/fees.ts';
import { type L1, type L1Account, withAccount } from '../../service/l1/l1.ts';
import { findAttestations } from '../client/attested.ts';
import { connectTrusted } from '../client/connect-trusted.ts';
import { requireSigner } from '../client/network.ts';
import type { Signer } from '../client/signer.ts';
import type { NetworkTrust } from '../client/trust-flags.ts';

/** A contract of the network that may lock or slash stakes. */
export type StakeAuthority = { readonly name: string; readonly address: Address };

export type Stakes = {
  readonly l1: L1;
  readonly token: Address;
  readonly manager: Address;
  /** Makes the pools of delegated stake. */
  readonly pools: Address;
  readonly authorities: readonly StakeAuthority[];
  readonly unbondingSeconds: bigint;
};

type Options = { readonly l1RpcUrl: string | undefined; readonly trust: NetworkTrust | undefined };

/** @throws MizuError `sdk/no-trust-root`, `sdk/other-network`, `sdk/other-stakes`, `l1/unreachable` */
export async function connectStakes({ l1RpcUrl, trust }: Options): Promise<Stakes> {
  const l1 = await connectTrusted(trust, l1RpcUrl);
  const { client } = l1;
  const rollup = { address: (trust as NetworkTrust).rollup, abi: rollupAbi } as const;
  try {
    const [manager, inboxAddress, committee] = await Promise.all([
      client.readContract({ ...rollup, functionName: 'stakes' }),
      client.readContract({ ...rollup, functionName: 'inbox' }),
      client.readContract({ ...rollup, functionName: 'committee' }),
    ]);
    const stakes = { address: manager, abi: stakeManagerAbi } as const;
    const inbox = { address: inboxAddress, abi: inboxAbi } as const;
    const [token, pools, { unbonding }, registry, challenges, attestations, court] = await Promise.all([
      client.readContract({ ...stakes, functionName: 'token' }),
      client.readContract({ ...stakes, functionName: 'pools' }),
      client.readContract({ ...stakes, functionName: 'timing' }),
      client.readContract({ ...inbox, functionName: 'gatewayRegistry' }),
      client.readContract({ address: committee, abi: daCommitteeAbi, functionName: 'challenges' }),
      findAttestations(l1, inboxAddress),
      client.readContract({ ...inbox, functionName: 'court' }),
    ]);
    const samples = await client.readContract({
      address: attestations,
      abi: attestationsAbi,
      functionName: 'samples',
    });
    const authorities = [
      { name: 'Rollup', address: rollup.address },
      { name: 'Inbox', address: inboxAddress },
      { name: 'DACommittee', address: committee },
      { name: 'GatewayRegistry', address: registry },
      { name: 'DAChallenges', address: challenges },
      { name: 'Attestations', address: attestations },
      { name: 'Samples', address: samples },
      { name: 'InferenceCourt', address: court },
    ];
    return { l1, token, manager, pools, authorities, unbondingSeconds: unbonding };
  } catch (cause) {
    throw otherStakes(rollup.address, cause);
  }
}

/** @throws Error if there is no such contract */
export function authorityOf({ authorities }: Pick<Stakes, 'authorities'>, name: string): Address {
  const found = authorities.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no contract ${name} is known`);
  return found.address;
}

/** Who pays and signs. @throws MizuError `sdk/no-account`, `sdk/no-l1` */
export function payerOf({ l1 }: Stakes, signer: Signer | undefined, feeCaps: FeeCapConfig): L1Account {
  return withAccount(l1, holderOf(signer).privateKey, undefined, feeCaps);
}

/** The signer's own key. @throws MizuError `sdk/no-account`, `sdk/no-l1` */
export function holderOf(signer: Signer | undefined): { readonly address: Address; readonly privateKey: Hex } {
  const { address, privateKey } = requireSigner({ signer });
  if (privateKey !== undefined) return { address, privateKey };
  throw new MizuError({
    code: 'sdk/no-l1',
    message: 'A transaction on L1 needs a private key.',
    expected: '--key FILE or MIZU_PRIVATE_KEY',
    actual: 'a signer without one',
  });
}

function otherStakes(rollup: Address, cause: unknown): MizuError {
  return new MizuError({
    code: 'sdk/other-stakes',
    message: 'The stakes of this network cannot be read.',
    expected: `a Rollup at ${rollup} whose stakes stand in a StakeManager`,
    actual: (cause as { shortMessage?: string }).shortMessage ?? String(cause),
    hint: 'Check --rollup and --chain-id. A network whose stakes stand elsewhere has other tools for them.',
    cause,
  });
}
