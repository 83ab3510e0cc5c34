// docs/operations.md#devnet: the accounts that have ether on a local L1 from the start, from the public test mnemonic.
import { pbkdf2Sync } from 'node:crypto';
import { type HDAccount, HDKey, hdKeyToAccount } from 'viem/accounts';
import { ANVIL_ACCOUNTS } from './anvil.ts';

const MNEMONIC = 'test test test test test test test test test test test junk';

let accounts: readonly HDAccount[] | undefined;

/** The accounts in the order of anvil. */
export function anvilAccounts(): readonly HDAccount[] {
  accounts ??= derive();
  return accounts;
}

function derive(): HDAccount[] {
  // BIP-39's seed is derived once for all accounts: viem's mnemonicToAccount derives it for each, 2,048 rounds in
  // JavaScript.
  const root = HDKey.fromMasterSeed(pbkdf2Sync(MNEMONIC, 'mnemonic', 2048, 64, 'sha512'));
  return Array.from({ length: ANVIL_ACCOUNTS }, (_, addressIndex) => hdKeyToAccount(root, { addressIndex }));
}
