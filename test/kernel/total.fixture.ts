import { accountKey, countersKey, feesKey, runKey, withdrawalKey } from '../../kernel/keys.ts';
import { accountRecord, countersRecord, feesRecord, runRecord, withdrawalRecord } from '../../kernel/records.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import type { World } from './world.fixture.ts';

/** What all accounts, escrows of running runs, fees and withdrawals hold together. */
export async function totalOf(world: World, accounts: readonly Address[], runs: Iterable<Hex>): Promise<bigint> {
  let total = (await world.read(feesKey(), feesRecord))?.fees ?? 0n;
  for (const address of accounts) total += (await world.read(accountKey(address), accountRecord))?.balance ?? 0n;
  for (const id of runs) {
    const run = (await world.read(runKey(id), runRecord))!;
    if (run.status === 1) total += run.escrow - run.spent;
  }
  const withdrawals = (await world.read(countersKey(), countersRecord))?.withdrawals ?? 0n;
  for (let index = 0n; index < withdrawals; index++) {
    total += (await world.read(withdrawalKey(index), withdrawalRecord))!.amount;
  }
  return total;
}
