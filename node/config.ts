// docs/prover.md#configuration: what every node needs to know of a network, as JSON, checked field by field.
import { z } from 'zod';
import { CONTRACT_NAMES, type ContractAddresses } from '../contracts/deploy.ts';
import { KERNEL_PATH } from '../kernel/file.ts';
import { MAX_COMMITTEE, MAX_MODEL_GATEWAYS } from '../protocol/constants.ts';
import {
  address,
  count,
  feeCapsShape,
  hash,
  parseConfig,
  url,
  urls,
  wei,
  withoutUndefined,
} from '../service/process/config.ts';
import type { NodeConfig } from './node.ts';

const genesis = z.strictObject({
  chainId: count(Number.MAX_SAFE_INTEGER, 1),
  gasPriceWei: wei,
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

/** Of the file of any executor or validator: what else it says is left aside. @throws MizuError `config/malformed` */
export function parseNetworkConfig(value: unknown): NodeConfig {
  return withoutUndefined(parseConfig('network', z.object(networkShape.shape), value)) as NodeConfig;
}

/** The same network as JSON, for files that processes are started with. */
export function encodeNetwork(config: NodeConfig): Record<string, unknown> {
  return JSON.parse(JSON.stringify(config, (_key, part) => (typeof part === 'bigint' ? String(part) : part)));
}
