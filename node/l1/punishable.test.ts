// docs/court.md#penalties: who was ever a validator, by what contracts of stakes say, read once.
import type { PublicClient } from 'viem';
import { expect, test } from 'vitest';
import type { Address } from '../../protocol/hex.ts';
import { ROLE } from '../../protocol/roles.ts';
import { createPastValidators, findPunishable } from './punishable.ts';

const STAKES: Address = `0x${'55'.repeat(20)}`;
const COURT: Address = `0x${'66'.repeat(20)}`;
type Asked = { address: Address; event: { name: string }; args: unknown; fromBlock: bigint; toBlock: bigint };

const account = (digit: string): Address => `0x${digit.repeat(40)}`;

test('accounts of either contract of stakes are told once, and each settled block is read once', async () => {
  const asked: string[] = [];
  let head = 400n;
  const said = [
    { name: 'WeightChanged', account: account('A'), block: 20n },
    { name: 'WeightChanged', account: account('a'), block: 30n },
    { name: 'Synced', account: account('b'), block: 390n },
  ];
  const client = {
    getBlockNumber: async () => head,
    getLogs: async ({ address, event: { name }, args, fromBlock, toBlock }: Asked) => {
      expect([address, args]).toEqual([STAKES, { role: ROLE.validator }]);
      asked.push(`${name} ${fromBlock} ${toBlock}`);
      return said
        .filter((one) => one.name === name && one.block >= fromBlock && one.block <= toBlock)
        .map((one) => ({ args: { account: one.account } }));
    },
  } as unknown as PublicClient;
  const validators = createPastValidators({ client }, STAKES, 10n);
  expect(await validators()).toEqual([account('a'), account('b')]);
  expect(asked.splice(0)).toEqual(['WeightChanged 10 144', 'Synced 10 144', 'WeightChanged 145 400', 'Synced 145 400']);
  head = 401n;
  said.push({ name: 'WeightChanged', account: account('c'), block: 401n });
  expect(await validators()).toEqual([account('a'), account('b'), account('c')]);
  expect(asked).toContain('Synced 146 401');
});

test('L1 is asked about 64 voters at a time, and says whom it would punish', async () => {
  const sizes: number[] = [];
  const client = {
    multicall: async ({ contracts }: { contracts: { args: [bigint, bigint, Address] }[] }) => {
      sizes.push(contracts.length);
      return contracts.map(({ args: [, round] }) => ({ status: round === 2n ? 'success' : 'failure' }));
    },
  } as unknown as PublicClient;
  const voters = Array.from({ length: 130 }, (_, i) => ({ round: i === 129 ? 2n : 1n, voter: account('a') }));
  expect(await findPunishable({ client }, COURT, 1n, voters)).toEqual([{ round: 2n, voter: account('a') }]);
  expect(sizes).toEqual([64, 64, 2]);
});
