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

function loadConfig(): void {
  if (loaded) return;
  loaded = true;
  readList(get(tableKey(TABLE_CONFIG)));
  readU64();
  priceWei = readU256();
  inboxDomainAt = readBytes();
  daDomainAt = readBytes();
  gatewayDomainAt = readBytes();
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
