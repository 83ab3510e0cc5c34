// docs/kernel.md#state: the network's constants, fixed at genesis, and the least price of gas, which L1 sets.

import { TABLE_CONFIG } from './generated/constants';
import { tableKey } from './keys';
import {
  beginRecord,
  endRecord,
  length,
  position,
  readBytes,
  readList,
  readU256,
  readU64,
  writeRaw,
  writeU256,
  writeU64,
} from './rlp';
import { get, put } from './trie';

let loaded: bool = false;
let chainId: u64 = 0;
let leastPriceWei: usize = 0;
/** What stands behind the price in the record, and its end. */
let rest: usize = 0;
let end: usize = 0;
let inboxDomainAt: usize = 0;
let daDomainAt: usize = 0;
let gatewayDomainAt: usize = 0;
let retentionSeconds: u64 = 0;
let overlapSeconds: u64 = 0;

function loadConfig(): void {
  if (loaded) return;
  loaded = true;
  end = readList(get(tableKey(TABLE_CONFIG)));
  chainId = readU64();
  leastPriceWei = readU256();
  rest = position();
  inboxDomainAt = readBytes();
  daDomainAt = readBytes();
  gatewayDomainAt = readBytes();
  retentionSeconds = readU64();
  overlapSeconds = readU64();
}

/** The least wei per gas that a user message offers. */
export function minGasPrice(): usize {
  loadConfig();
  return leastPriceWei;
}

/** Writes the record anew with this price; the rest of it is fixed at genesis. */
export function storeMinGasPrice(price: usize): void {
  loadConfig();
  leastPriceWei = price;
  beginRecord();
  writeU64(chainId);
  writeU256(price);
  writeRaw(rest, <u32>(end - rest));
  put(tableKey(TABLE_CONFIG), endRecord(), length);
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
