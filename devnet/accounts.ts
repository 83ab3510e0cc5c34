// docs/operations.md#devnet: the role of each of anvil's accounts.
import { type Address, bytesToHex, type Hex } from '../protocol/hex.ts';
import { anvilAccounts } from './anvil-accounts.ts';

export type DevnetAccount = { readonly address: Address; readonly privateKey: Hex };

/** Indexes below 17: at genesis anvil gives ether to these accounts. */
const INDEX = {
  /** Owns the token, and deploys the contracts. */
  tokenOwner: 0,
  developer: 1,
  sequencer: 2,
  executor: 3,
  validator: 4,
  gateway: 5,
  da0: 6,
  da1: 7,
  da2: 8,
  da3: 9,
  worker0: 10,
  worker1: 11,
  /** Used only by a devnet with a liar. */
  liar: 12,
  committeeOwner: 13,
  modelOwner: 14,
  guardian: 15,
  gasPriceOwner: 16,
} as const;

export type DevnetPart = keyof typeof INDEX;

export function devnetAccounts(): Record<DevnetPart, DevnetAccount> {
  const entries = Object.entries(INDEX).map(([part, index]) => [part, toAccount(index)] as const);
  return Object.fromEntries(entries) as Record<DevnetPart, DevnetAccount>;
}

function toAccount(index: number): DevnetAccount {
  const account = anvilAccounts()[index]!;
  const privateKey = account.getHdKey().privateKey as Uint8Array;
  return { address: account.address.toLowerCase() as Address, privateKey: bytesToHex(privateKey) };
}
