// docs/disputes.md#lies: the right receipt behind a wrong write to the state: balances, fees, withdrawals, tasks, datasets.
import * as keys from '../../kernel/keys.ts';
import * as records from '../../kernel/records.ts';
import { type Address, ZERO_HASH } from '../../protocol/hex.ts';
import { GATEWAY } from '../kernel/world.fixture.ts';
import type { CorpusWorld } from './corpus-world.ts';
import { STRANGER } from './inbox.ts';
import { createCorpus, type Lie } from './lie.ts';
import { createSteps, type RecordPlace, type Records } from './steps.ts';

type Write = (records: Records) => Promise<void>;

const ONE = 1n;

export async function stateLies(world: CorpusWorld): Promise<Lie[]> {
  const { after, withState, withReceipt, execOf } = createSteps(world);
  const { lies, add } = createCorpus(after);
  const { run } = world.inbox;
  const account = (address: Address): RecordPlace<records.AccountRecord> => ({
    key: keys.accountKey(address),
    codec: records.accountRecord,
  });
  const user = account(world.network.user);
  const fees = { key: keys.feesKey(), codec: records.feesRecord };
  const withdrawal = (index: bigint) => ({ key: keys.withdrawalKey(index), codec: records.withdrawalRecord });
  const task = (stage: number, partition: number) => ({
    key: keys.taskKey(run, stage, partition),
    codec: records.taskRecord,
  });
  const ofRun = { key: keys.runKey(run), codec: records.runRecord };
  const dataset = { key: keys.datasetKey(run), codec: records.datasetRecord };
  const settled = {
    key: keys.settledKey(GATEWAY.address, STRANGER.address),
    codec: records.settledRecord,
  };
  const gateway = { key: keys.gatewayKey(GATEWAY.address), codec: records.gatewayRecord };
  const balance = (by: bigint): ((old: records.AccountRecord) => records.AccountRecord) => {
    return (old) => ({ ...old, balance: old.balance + by });
  };
  const writes: readonly (readonly [string, string, Write])[] = [
    ['run', 'its sender has one wei more', (r) => r.change(user, balance(ONE))],
    ['run', 'its sender has one wei less', (r) => r.change(user, balance(-ONE))],
    ['run', 'its nonce is not used', (r) => r.change(user, (old) => ({ ...old, nonce: old.nonce - ONE }))],
    ['run', 'somebody else gets a balance', (r) => r.write(account(STRANGER.address), { nonce: 0n, balance: ONE })],
    ['run', 'its fee is counted one wei lower', (r) => r.change(fees, (old) => ({ fees: old.fees - ONE }))],
    ['run', 'its fee is counted twice', (r) => r.change(fees, (old) => ({ fees: old.fees * 2n }))],
    ['run', 'its escrow is larger', (r) => r.change(ofRun, (old) => ({ ...old, escrow: old.escrow + ONE }))],
    ['run', 'it is written under another key', (r) => moveRecord(r, ofRun, keys.runKey(ZERO_HASH))],
    ['run', 'the record of fees is removed', (r) => r.remove(fees)],
    ['task', 'its record is written for another partition', (r) => moveRecord(r, task(0, 0), task(0, 5).key)],
    ['task', 'its record is left out', (r) => r.remove(task(0, 0))],
    ['task', 'less is taken from the escrow', (r) => r.change(ofRun, (old) => ({ ...old, spent: old.spent - ONE }))],
    [
      'task',
      'the run has one task less to do',
      (r) => r.change(ofRun, (old) => ({ ...old, tasksLeft: old.tasksLeft - 1 })),
    ],
    ['result', 'the gateway earns one wei more', (r) => r.change(account(GATEWAY.address), balance(ONE))],
    ['result', 'its nonce is not used', (r) => r.change(gateway, (old) => ({ ...old, nonce: 0n }))],
    ['last task', 'the dataset has another root', (r) => r.change(dataset, (old) => otherRoot(old))],
    ['last task', 'the dataset is written for another run', (r) => moveRecord(r, dataset, keys.datasetKey(ZERO_HASH))],
    ['last task', 'the rest of the escrow is paid twice', (r) => r.change(user, balance(10n ** 9n))],
    ['last task', 'the run still runs', (r) => r.change(ofRun, (old) => ({ ...old, status: 1 }))],
    [
      'withdraw',
      'its amount is one wei higher',
      (r) => r.change(withdrawal(0n), (old) => ({ ...old, amount: old.amount + ONE })),
    ],
    [
      'withdraw',
      'its recipient is another',
      (r) => r.change(withdrawal(0n), (old) => ({ ...old, recipient: GATEWAY.address })),
    ],
    ['withdraw', 'it is written twice', (r) => copyRecord(r, withdrawal(0n), keys.withdrawalKey(ONE))],
    ['withdraw', 'it is written and not taken from the account', (r) => r.change(user, balance(1000n))],
    ['withdraw', 'it is taken from the account and not written', (r) => r.remove(withdrawal(0n))],
    ['overdraft', 'it is paid', (r) => r.write(withdrawal(ONE), { recipient: STRANGER.address, amount: 10n ** 30n })],
    [
      'settle',
      'one wei less is settled than was paid',
      (r) => r.change(settled, (old) => ({ settled: old.settled - ONE })),
    ],
    ['settle', 'it is paid and not taken from the gateway', (r) => r.change(account(GATEWAY.address), balance(20n))],
    ['forged account', 'it is settled', (r) => r.change(settled, (old) => ({ settled: old.settled + 5n }))],
    ['cancel', 'the run runs on', (r) => r.change(runAt(world, 'cancel'), (old) => ({ ...old, status: 1 }))],
  ];
  for (const [name, what, write] of writes) {
    const step = world.stepOf(name);
    add(`state of ${name}: ${what}`, step, await withState(step, write));
  }

  const step = world.stepOf('task');
  const { gasUsed } = await execOf(step);
  const otherGas = await withReceipt(step, (told) => told.replace(`"gasUsed":${gasUsed}`, `"gasUsed":${gasUsed - 1n}`));
  add('receipt of task: one gas less', step, otherGas);
  const refused = world.stepOf('overdraft');
  add(
    'receipt of overdraft: it is taken',
    refused,
    await withReceipt(refused, (told) => told.replace('"ok":false', '"ok":true')),
  );
  const run1 = world.stepOf('run');
  add(
    'receipt of run: another fee',
    run1,
    await withReceipt(run1, (told) => told.replace(/"feeWei":"\d+"/, '"feeWei":"1"')),
  );
  return lies;
}

function runAt(world: CorpusWorld, name: string): RecordPlace<records.RunRecord> {
  const message = world.inbox.messages.get(name);
  if (message?.kind !== 'Cancel') throw new Error(`"${name}" names no run`);
  return { key: keys.runKey(message.run), codec: records.runRecord };
}

async function copyRecord<T>(r: Records, place: RecordPlace<T>, key: Uint8Array): Promise<void> {
  await r.write({ ...place, key }, await r.read(place));
}

async function moveRecord<T>(r: Records, place: RecordPlace<T>, key: Uint8Array): Promise<void> {
  await copyRecord(r, place, key);
  await r.remove(place);
}

function otherRoot(old: records.DatasetRecord): records.DatasetRecord {
  return { ...old, dataset: { ...old.dataset, root: ZERO_HASH } };
}
