// docs/prover.md#configuration: what every node needs to know of a network, as JSON, checked field by field.
import { z } from 'zod';
import { CONTRACT_NAMES, type ContractAddresses } from '../contracts/deploy.ts';
import type { MemberAddress } from '../da/member.ts';
import { KERNEL_PATH } from '../kernel/file.ts';
import type { GenesisConfig } from '../kernel/genesis.ts';
import { MAX_COMMITTEE, MAX_MODEL_GATEWAYS } from '../protocol/constants.ts';
import type { Hex } from '../protocol/hex.ts';
import type { FeeCapConfig } from '../service/l1/fees.ts';
import { address, count, feeCapsShape, hash, parseConfig, url, urls, wei } from '../service/process/config.ts';
import { withoutUndefined } from '../service/process/fields.ts';

export type NodeConfig = FeeCapConfig & {
  readonly dataDir: string;
  /** One URL or several, which are held against each other (docs/operations.md#l1-proof). */
  readonly l1Url: string | readonly string[];
  readonly contracts: ContractAddresses;
  /** The L1 block of the first contract. */
  readonly fromBlock: bigint;
  /** The number of blocks on top of a block before it counts. Default 0. */
  readonly confirmations?: number;
  /** It must have the state root that the Rollup began with. */
  readonly genesis: GenesisConfig;
  /** The members are in the committee's order. */
  readonly da: { readonly members: readonly MemberAddress[]; readonly threshold: number };
  /** The file of the kernel's module. */
  readonly kernelPath: string;
  /** The number of threads for programs. Default 2. */
  readonly workers?: number;
  /** What programs may take together, in MiB: docs/prover.md#memory. Default 2048. */
  readonly memoryMiB?: number;
  /** Milliseconds between two looks at L1. Default 500. */
  readonly pollMs?: number;
  /** The key of the account that is charged for what the node stores on DA. Without it the node only reads there. */
  readonly key?: Hex;
};

const genesis = z.strictObject({
  chainId: count(Number.MAX_SAFE_INTEGER, 1),
  minGasPrice: wei,
  inboxDomain: hash,
  daDomain: hash,
  gatewayDomain: hash,
  retention: wei,
  committeeOverlap: wei,
  committee: z.strictObject({
    epoch: wei,
    threshold: count(MAX_COMMITTEE),
    members: z.array(address).max(MAX_COMMITTEE),
  }),
  models: z
    .array(
      z.strictObject({
        id: hash,
        active: z.boolean(),
        class: count(2),
        inputPrice: wei,
        outputPrice: wei,
        gateways: z.array(address).max(MAX_MODEL_GATEWAYS),
      }),
    )
    .optional(),
  gateways: z.array(address).optional(),
});

const contracts = z.strictObject(
  Object.fromEntries(CONTRACT_NAMES.map((name) => [name, address])) as Record<keyof ContractAddresses, typeof address>,
);

export const networkShape = z.strictObject({
  dataDir: z.string().min(1),
  l1Url: urls,
  contracts,
  fromBlock: wei,
  confirmations: count(1_000).default(0),
  genesis,
  da: z.strictObject({
    members: z
      .array(z.strictObject({ url: url, address: address }))
      .min(1)
      .max(MAX_COMMITTEE),
    threshold: count(MAX_COMMITTEE, 1),
  }),
  kernelPath: z.string().min(1).default(KERNEL_PATH),
  workers: count(256, 1).default(2),
  memoryMiB: count(1024 * 1024, 256).default(2048),
  pollMs: count(60_000, 10).default(500),
  ...feeCapsShape,
});

/**
 * Takes the network's fields out of the file of an executor or a validator, and leaves out the others.
 * @throws MizuError `config/malformed`
 */
export function parseNetworkConfig(value: unknown): NodeConfig {
  return withoutUndefined(parseConfig('network', z.object(networkShape.shape), value)) as NodeConfig;
}

/** The same network as JSON, for files that processes are started with. */
export function encodeNetwork(config: NodeConfig): Record<string, unknown> {
  return JSON.parse(JSON.stringify(config, (_key, part) => (typeof part === 'bigint' ? String(part) : part)));
}
