// docs/da.md#node: the configuration file, checked field by field.
import { z } from 'zod';
import {
  address,
  count,
  hash,
  httpLimitsShape,
  parseConfig,
  requireKey,
  urls,
  wei,
  withoutUndefined,
} from '../service/config.ts';
import { followEpoch } from './committee.ts';
import type { DaNodeOptions } from './node.ts';

export const daShape = z.strictObject({
  dataDir: z.string().min(1),
  key: hash.optional(),
  port: count(65_535),
  host: z.string().min(1).optional(),
  limits: httpLimitsShape.optional(),
  chainId: count(Number.MAX_SAFE_INTEGER, 1),
  contract: address,
  epoch: wei,
  l1Url: urls.optional(),
  objectBytes: count(2 ** 32, 1024).optional(),
  capacityBytes: count(Number.MAX_SAFE_INTEGER, 1024).optional(),
  minRetentionSeconds: count(Number.MAX_SAFE_INTEGER).optional(),
  maxRetentionSeconds: count(Number.MAX_SAFE_INTEGER).optional(),
});

/** @throws MizuError `config/malformed` naming every wrong field */
export function parseDaConfig(value: unknown): DaNodeOptions {
  const { key, l1Url, epoch, ...rest } = parseConfig('DA member', daShape, value);
  const current = l1Url === undefined ? epoch : followEpoch(l1Url, rest.contract, epoch);
  return { ...withoutUndefined(rest), epoch: current, key: requireKey('da', key) } as DaNodeOptions;
}
