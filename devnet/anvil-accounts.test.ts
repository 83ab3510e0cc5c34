import { expect, test } from 'vitest';
import { anvilAccounts } from './anvil-accounts.ts';

test("the accounts are those of anvil's mnemonic", () => {
  const accounts = anvilAccounts();
  expect(accounts).toHaveLength(17);
  expect(accounts[0]?.address).toBe('0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266');
  expect(accounts[1]?.address).toBe('0x70997970C51812dc3A010C7d01b50e0d17dc79C8');
  expect(anvilAccounts()).toBe(accounts);
});
