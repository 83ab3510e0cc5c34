// docs/staking.md#network: options of the commands about stakes. They need L1 alone.
import { type Command, InvalidArgumentError } from 'commander';
import { ROLES, type Role } from '../protocol/roles.ts';
import type { Signer } from '../sdk/client/signer.ts';
import type { Stakes } from '../sdk/stakes/connect.ts';
import { TYPED_ROLES } from '../sdk/stakes/role-name.ts';
import { type NetworkFlags, parseAddress, parseChainId, parseCount, parseUrl } from './options.ts';

export type StakeFlags = Omit<NetworkFlags, 'rpc'> & { readonly json?: boolean };
export type SendFlags = StakeFlags & { readonly dryRun?: boolean };

export const ROLE_LIST = [...TYPED_ROLES.keys()].join(', ');

export function withStakeOptions(command: Command): Command {
  return command
    .option('--l1 <url>', 'RPC of the L1 (default: MIZU_L1_RPC, or the devnet)', parseUrl)
    .option(
      '--rollup <address>',
      'Rollup of the network to believe (default: MIZU_ROLLUP, or the devnet’s)',
      parseAddress,
    )
    .option('--chain-id <id>', 'of the L1 to believe (default: MIZU_CHAIN_ID, or the devnet’s)', parseChainId)
    .option('--key <file>', 'file with the private key (default: MIZU_PRIVATE_KEY, or the devnet’s developer)')
    .option('--json', 'print JSON');
}

export function withSendOptions(command: Command): Command {
  return withStakeOptions(command)
    .option('--max-fee-gwei <gwei>', 'what a unit of gas on L1 may cost (default: 1000)', parseCount)
    .option('--max-priority-fee-gwei <gwei>', 'of it, for the builder of the block (default: 20)', parseCount)
    .option('--dry-run', 'say what it would do and cost, and send nothing');
}

/** Connects to L1. The signer is undefined if no key is named. */
export async function connectToStakes(
  flags: StakeFlags,
): Promise<{ readonly stakes: Stakes; readonly signer: Signer | undefined }> {
  const { discoverL1 } = await import('../sdk/client/discover.ts');
  const { connectStakes } = await import('../sdk/stakes/connect.ts');
  const { l1, key: keyFile, rollup, chainId } = flags;
  const found = await discoverL1({ l1, keyFile, rollup, chainId });
  return { stakes: await connectStakes(found), signer: found.signer };
}

export function parseRole(value: string): Role {
  const role = TYPED_ROLES.get(value) ?? ROLES.find((name) => name === value);
  if (role !== undefined) return role;
  throw new InvalidArgumentError(`Allowed choices are ${ROLE_LIST}.`);
}

/** In basis points: `12.5%` is 1,250. */
export function parsePercent(value: string): number {
  const match = /^(\d{1,3})(?:\.(\d{1,2}))?\s*%?$/.exec(value);
  const points = match === null ? Number.NaN : Number(match[1]) * 100 + Number((match[2] ?? '').padEnd(2, '0'));
  if (points >= 0 && points <= 10_000) return points;
  throw new InvalidArgumentError('Expected 0% to 100%, with two digits after the point at most.');
}
