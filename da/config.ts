// docs/da.md#node: the configuration file, checked field by field.
import { z } from 'zod';
import {
  address,
  count,
  feeCapsShape,
  hash,
  httpLimitsShape,
  parseConfig,
  requireKey,
  url,
  urls,
  wei,
} from '../service/process/config.ts';
import { withoutUndefined } from '../service/process/fields.ts';
import type { DaNodeOptions } from './node.ts';
import { followEpoch } from './read-committee.ts';
import { followStandings } from './standing.ts';

export const daShape = z.strictObject({
  dataDir: z.string().min(1),
  key: hash.optional(),
  l1Key: hash.optional(),
  ...feeCapsShape,
  port: count(65_535),
  host: z.string().min(1).optional(),
  limits: httpLimitsShape.optional(),
  chainId: count(Number.MAX_SAFE_INTEGER, 1),
  contract: address,
  epoch: wei,
  l1Url: urls.optional(),
  sequencerUrl: url.optional(),
  objectBytes: count(2 ** 32, 1024).optional(),
  capacityBytes: count(Number.MAX_SAFE_INTEGER, 1024).optional(),
  spareBytes: count(Number.MAX_SAFE_INTEGER).optional(),
  freeBytes: count(Number.MAX_SAFE_INTEGER).optional(),
  bytesPerToken: count(Number.MAX_SAFE_INTEGER).optional(),
  grants: z
    .array(z.strictObject({ account: address, bytes: count(Number.MAX_SAFE_INTEGER) }))
    .max(1_000)
    .optional(),
  minRetentionSeconds: count(Number.MAX_SAFE_INTEGER).optional(),
  maxRetentionSeconds: count(Number.MAX_SAFE_INTEGER).optional(),
  unstakedRetentionSeconds: count(Number.MAX_SAFE_INTEGER).optional(),
});

/** @throws MizuError `config/malformed` naming every wrong field */
export function parseDaConfig(value: unknown): DaNodeOptions {
  const { key, l1Key, l1Url, sequencerUrl, epoch, maxFeeGwei, maxPriorityFeeGwei, ...rest } = parseConfig(
    'DA member',
    daShape,
    value,
  );
  const memberKey = requireKey('da', key);
  const payer = { key: requireKey('da_l1', l1Key ?? memberKey), maxFeeGwei, maxPriorityFeeGwei };
  const current = l1Url === undefined ? epoch : followEpoch(l1Url, rest.contract, epoch);
  const standing = l1Url === undefined ? {} : { standing: followStandings(l1Url, rest.contract, sequencerUrl) };
  const answers = l1Url === undefined ? {} : { answers: { l1Url, ...payer } };
  return { ...withoutUndefined(rest), ...standing, ...answers, epoch: current, key: memberKey } as DaNodeOptions;
}
