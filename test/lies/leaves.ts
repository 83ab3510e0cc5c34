// docs/disputes.md#lies: lies about whole leaves: for each kind of message a wrong state, receipt, message or context.
import { KIND } from '../../protocol/constants.ts';
import type { Message } from '../../protocol/messages.ts';
import { receiveMessage } from '../../protocol/received.ts';
import type { CorpusWorld } from './corpus-world.ts';
import { createCorpus, type Lie } from './lie.ts';
import { createSteps } from './steps.ts';

const NOTHING = receiveMessage(new Uint8Array(0));
/** What L1 puts before the batch's own messages, by kind. */
const FROM_L1 = {
  deposit: KIND.Deposit,
  'gateway change': KIND.GatewayChanged,
  'model change': KIND.ModelChanged,
  'committee change': KIND.CommitteeChanged,
  'item voided': KIND.ItemVoided,
  'gas price change': KIND.GasPriceChanged,
} as const;
type FromL1 = keyof typeof FROM_L1;
const STEPS = ['deposit', 'deploy', 'run', 'task', 'last task'] as const;
/** Two lies each: the rest of a leaf is as those of `STEPS`. */
const MORE_STEPS = [
  ...['result', 'trap', 'renewal', 'early expiry', 'cancel', 'withdraw', 'overdraft', 'settle'],
  'forged account',
  ...(['gateway change', 'model change', 'committee change', 'item voided', 'gas price change'] satisfies FromL1[]),
];

export async function leafLies(world: CorpusWorld): Promise<Lie[]> {
  const { before, after, changed, mixed, rerun, withMessage, withContext } = createSteps(world);
  const { lies, add } = createCorpus(after);
  const stepOf = (name: string) => (name in FROM_L1 ? firstOf(world, FROM_L1[name as FromL1]) : world.stepOf(name));
  const deposit = stepOf('deposit');
  const unchanged = (step: number) => {
    const leaf = after(step);
    leaf.set(before(step).subarray(0, 32));
    return leaf;
  };

  for (const name of STEPS) {
    const step = stepOf(name);
    add(`${name}: one bit of the state root`, step, changed(step, 31));
    add(`${name}: one bit of the receipt hash`, step, changed(step, 63, 0x80));
    add(`${name}: the message is skipped`, step, await rerun(step, { message: NOTHING }));
    add(`${name}: the state stays as it was`, step, unchanged(step));
  }
  for (const name of MORE_STEPS) {
    const step = stepOf(name);
    add(`${name}: one bit of the state root`, step, changed(step, 17, 0x10));
    add(`${name}: the message is skipped`, step, await rerun(step, { message: NOTHING }));
  }
  const [run, task, last] = [stepOf('run'), stepOf('task'), stepOf('last task')];
  add('another state of the chain', last, mixed(last, after(deposit)));
  add('all zero', run, mixed(run, new Uint8Array(64)));

  const about = <K extends Message['kind']>(
    name: string,
    kind: K,
    change: (message: Extract<Message, { kind: K }>) => Message,
  ) => withMessage(stepOf(name), (m) => (m.kind === kind ? change(m as Extract<Message, { kind: K }>) : m));
  const higher = await about('deposit', 'Deposit', (m) => ({ ...m, amount: m.amount + 1n }));
  add('a deposit one wei higher', deposit, higher);
  const others = await about('deposit', 'Deposit', (m) => ({ ...m, account: `0x${'66'.repeat(20)}` }));
  add('a deposit to somebody else', deposit, others);
  const voided = stepOf('item voided');
  add(
    'an item that was voided is refunded one wei more',
    voided,
    await about('item voided', 'ItemVoided', (m) => ({ ...m, refund: m.refund + 1n })),
  );
  add('a void by a sequencer counts', voided, await withContext(voided, { origin: 'sequencer' }));
  const price = stepOf('gas price change');
  const dearer = await about('gas price change', 'GasPriceChanged', (m) => ({ ...m, price: m.price + 1n }));
  add('the least gas price is another than L1 has set', price, dearer);
  add('a gas price by a sequencer counts', price, await withContext(price, { origin: 'sequencer' }));
  const cheap = await about('run', 'Run', (m) => ({ ...m, gasPrice: 1n }));
  add('a run with a lower gas price and no right signature', run, cheap);
  const unlimited = await about('run', 'Run', (m) => ({ ...m, maxCost: m.maxCost + 1n }));
  add('a run with another limit and no right signature', run, unlimited);
  add('a run is charged twice: the same nonce once more', run, await rerun(run, {}, after(run)));
  const another = await about('task', 'Advance', (m) => ({ ...m, partition: 1 }));
  add('another task than that of the message', task, another);
  add('an L1 message taken for a sequenced one', deposit, await withContext(deposit, { origin: 'sequencer' }));
  add('a sequenced message with another time', run, await withContext(run, { timestamp: 0n }));
  const expiry = stepOf('early expiry');
  add('a run is expired before its time', expiry, await withContext(expiry, { timestamp: 1n << 40n }));
  const stranger = await about('cancel', 'Cancel', (m) => ({ ...m, run: world.inbox.run }));
  add('another run is cancelled', stepOf('cancel'), stranger);

  const richer = await about('settle', 'Settle', (m) => ({ ...m, total: m.total + 1n }));
  add('a worker is paid one wei that its gateway has not signed', stepOf('settle'), richer);
  const replayed = stepOf('settled again');
  add('a worker is paid twice for one account', replayed, await rerun(replayed, {}, before(stepOf('settle'))));
  const malformed: readonly (readonly [string, number])[] = [
    ['the batch in its cursor', 71],
    ['the message in its cursor', 79],
    ['its step number', 87],
    ['the high bits of its step number', 80],
    ['the first byte that must be zero', 88],
    ['the last byte that must be zero', 127],
    ['a byte in the middle that must be zero', 100],
  ];
  for (const [name, offset] of malformed) add(`leaf: ${name}`, run, changed(run, offset));
  return lies;
}

function firstOf({ inputs }: CorpusWorld, kind: number): number {
  return inputs.findIndex(({ message }) => message.bytes[0] === kind);
}
