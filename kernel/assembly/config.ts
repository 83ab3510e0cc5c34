// docs/kernel.md#state: the network's constants, fixed at genesis.

import { TABLE_CONFIG } from './generated/constants';
import { tableKey } from './keys';
import { readBytes, readList, readU256, readU64 } from './rlp';
import { get } from './trie';

let loaded: bool = false;
let priceWei: usize = 0;
let inboxDomainAt: usize = 0;
let daDomainAt: usize = 0;
let gatewayDomainAt: usize = 0;
let retentionSeconds: u64 = 0;
let overlapSeconds: u64 = 0;

function loadConfig(): void {
  if (loaded) return;
  loaded = true;
  readList(get(tableKey(TABLE_CONFIG)));
  readU64();
  priceWei = readU256();
  inboxDomainAt = readBytes();
  daDomainAt = readBytes();
  gatewayDomainAt = readBytes();
  retentionSeconds = readU64();
  overlapSeconds = readU64();
}

export function gasPrice(): usize {
  loadConfig();
  return priceWei;
}

export function inboxDomain(): usize {
  loadConfig();
  return inboxDomainAt;
}

export function daDomain(): usize {
  loadConfig();
  return daDomainAt;
}

export function gatewayDomain(): usize {
  loadConfig();
  return gatewayDomainAt;
}

/** Seconds for which bytes must still be promised when they are used. */
export function retention(): u64 {
  loadConfig();
  return retentionSeconds;
}

/** Seconds for which certificates of a committee are still good after it was replaced. */
export function committeeOverlap(): u64 {
  loadConfig();
  return overlapSeconds;
}
