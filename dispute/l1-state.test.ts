// docs/disputes.md#trial: L1's state is read as it is asked for, once, and not without end.
import { createAddressFromString } from '@ethereumjs/util';
import type { PublicClient } from 'viem';
import { expect, test } from 'vitest';
import type { Address, Hex } from '../protocol/hex.ts';
import { hexToBytes } from '../protocol/hex.ts';
import { keccak } from '../protocol/tree.ts';
import { L1State } from './l1-state.ts';
import { createTrials } from './trial.ts';

const BLOCK = { chainId: 31_337, number: 8n, timestamp: 1_000n, gasLimit: 30_000_000n };
const CONTRACT: Address = `0x${'aa'.repeat(20)}`;
const PERSON: Address = `0x${'bb'.repeat(20)}`;
/** Returns its slot 7: 60 07 54 5f 52 60 20 5f f3. */
const READER: Hex = '0x6007545f5260205ff3';
/** Reads slot after slot, without end: 5f 5b 80 54 50 60 01 01 60 01 56. */
const ENDLESS: Hex = '0x5f5b805450600101600156';

function nodeWith(code: Hex, slot: Hex | Error) {
  const asked: string[] = [];
  const note = (what: string, { address, blockNumber }: { address: Address; blockNumber: bigint }) =>
    asked.push(`${what} ${address.slice(2, 4)} ${blockNumber}`);
  type At = { address: Address; blockNumber: bigint };
  const client = {
    getTransactionCount: async (at: At) => note('nonce', at) && 0,
    getBalance: async (at: At) => (note('balance', at) && at.address === PERSON ? 5n : 0n),
    getCode: async (at: At) => (note('code', at) && at.address === CONTRACT ? code : undefined),
    getStorageAt: async (at: At & { slot: Hex }) => {
      note('slot', at);
      if (slot instanceof Error) throw slot;
      return slot;
    },
  } as unknown as PublicClient;
  return { state: new L1State(client, 7n), asked };
}

const address = (hex: Address) => createAddressFromString(hex);
const call = { name: 'call', from: PERSON, to: CONTRACT, data: '0x', errors: [] } as const;
const WORD: Hex = `0x${'00'.repeat(30)}0102`;

test('an account is there if it has anything, and everything is read once, of one block', async () => {
  const { state, asked } = nodeWith(READER, WORD);
  const contract = await state.getAccount(address(CONTRACT));
  expect(contract?.codeHash).toEqual(keccak(hexToBytes(READER)));
  expect(await state.getCode(address(CONTRACT))).toEqual(hexToBytes(READER));
  expect((await state.getAccount(address(PERSON)))?.balance).toBe(5n);
  expect(await state.getAccount(address(`0x${'cc'.repeat(20)}`))).toBe(undefined);
  const slot = new Uint8Array(32).fill(7, 31);
  expect(await state.getStorage(address(CONTRACT), slot)).toEqual(Uint8Array.of(1, 2));
  expect(await state.getStorage(address(CONTRACT), slot)).toEqual(Uint8Array.of(1, 2));
  const three = (at: string) => ['nonce', 'balance', 'code'].map((what) => `${what} ${at} 7`);
  expect(asked).toEqual([...three('aa'), ...three('bb'), ...three('cc'), 'slot aa 7']);
});

test('what the caller changes of an account changes nothing for others', async () => {
  const { state } = nodeWith(READER, WORD);
  (await state.getAccount(address(PERSON)))!.balance = 0n;
  expect((await state.getAccount(address(PERSON)))?.balance).toBe(5n);
  const poor = (await state.getAccount(address(PERSON)))!;
  poor.balance = 1n;
  await state.checkpoint();
  await state.putAccount(address(PERSON), poor);
  expect((await state.getAccount(address(PERSON)))?.balance).toBe(1n);
  await state.revert();
  expect((await state.getAccount(address(PERSON)))?.balance).toBe(5n);
});

test('a slot that is empty has no byte', async () => {
  const { state } = nodeWith(READER, `0x${'00'.repeat(32)}`);
  expect(await state.getStorage(address(CONTRACT), new Uint8Array(32))).toEqual(new Uint8Array());
});

test('a contract runs on the state that is read', async () => {
  const trials = await createTrials(BLOCK, nodeWith(READER, WORD).state);
  expect(await trials.run(call)).toMatchObject({ kind: 'success', output: WORD });
});

test('what the node throws is thrown, and the next call is tried as ever', async () => {
  const trials = await createTrials(BLOCK, nodeWith(READER, new Error('down')).state);
  await expect(trials.run(call)).rejects.toThrow('down');
  expect(await trials.run({ ...call, to: PERSON })).toMatchObject({ kind: 'success', gas: { transaction: 21_000n } });
});

test('code that reads without end is given up', async () => {
  const { state, asked } = nodeWith(ENDLESS, WORD);
  const trials = await createTrials(BLOCK, state);
  await expect(trials.run(call)).rejects.toThrow('a trial may read 1000 accounts and slots of L1, not more');
  expect(asked.length).toBeLessThan(1_020);
});
