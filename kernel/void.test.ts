import { beforeEach, describe, expect, test } from 'vitest';
import { hashWorkflow, type Stage } from '../protocol/definition.ts';
import type { Hex } from '../protocol/hex.ts';
import { encodeInputs, encodeMessage, hashRun, type L1Message } from '../protocol/messages.ts';
import { decodeStateLeaf } from '../protocol/state.ts';
import { objectRef } from '../protocol/tree.ts';
import { nativeEngine } from '../test/kernel/engine.fixture.ts';
import { totalOf } from '../test/kernel/total.fixture.ts';
import {
  ALICE,
  BOB,
  CHAIN,
  certify,
  createWorld,
  deployMessage,
  execStage,
  GAS_PRICE,
  GATEWAY,
  inferStage,
  MODEL,
  makeDefinition,
  PARTITIONS,
  resultMessage,
  runMessage,
  START,
  sign,
  type World,
} from '../test/kernel/world.fixture.ts';
import { accountKey, datasetKey, feesKey, progressKey, runKey, taskKey } from './keys.ts';
import {
  accountRecord,
  datasetRecord,
  feesRecord,
  progressRecord,
  type RunRecord,
  runRecord,
  taskRecord,
} from './records.ts';

type ItemVoided = L1Message & { kind: 'ItemVoided' };

const FUNDS = 10n ** 15n;
const REFUND = 10n ** 8n;
const answer = (text: string) => objectRef(new TextEncoder().encode(text));
let world: World;
let run: Hex;
let nonce: bigint;

async function start(stages: readonly Stage[], fields: Parameters<typeof runMessage>[2] = {}): Promise<void> {
  world = await createWorld(nativeEngine);
  nonce = 0n;
  world.deposit(ALICE.address, FUNDS);
  world.apply(await deployMessage(ALICE, 0n, makeDefinition(stages)));
  const workflow = hashWorkflow(makeDefinition(stages));
  expect(world.apply(await runMessage(ALICE, 1n, { ...fields, workflow })).receipt.error).toBeUndefined();
  run = hashRun(ALICE.address, 1n, workflow);
}

const advance = (stage: number, partition: number) => world.apply({ kind: 'Advance', run, stage, partition }).receipt;
const task = (stage: number, partition: number) => world.read(taskKey(run, stage, partition), taskRecord);
const record = async (): Promise<RunRecord> => (await world.read(runKey(run), runRecord))!;
const done = (stage: number) => world.read(progressKey(run, stage), progressRecord);
const balance = async (of: { address: Hex }) =>
  (await world.read(accountKey(of.address), accountRecord))?.balance ?? 0n;

async function infer(stage: number, partition: number, text: string, attempt = 0) {
  const source = stage === 0 ? PARTITIONS[partition]! : (await task(stage - 1, partition))!.output;
  const { root: resultRoot, length: resultLength } = answer(text);
  const names = { run, stage, partition, attempt, requestRoot: source.root, model: MODEL };
  const item = { ...names, resultRoot, resultLength, inputTokens: 10n, outputTokens: 3n };
  const message = await resultMessage(++nonce, [item]);
  return { message, item: world.apply(message).receipt.items![0]! };
}

const voidMessage = (partition: number, text: string, fields: Partial<ItemVoided> = {}): ItemVoided => ({
  ...{ kind: 'ItemVoided', run, stage: 1, partition, attempt: 0, resultRoot: answer(text).root, refund: REFUND },
  ...fields,
});
const voidItem = (...args: Parameters<typeof voidMessage>) => world.apply(voidMessage(...args), 'l1').receipt;

/** ALICE withdraws what she has but for this. */
async function spendAllBut(left: bigint): Promise<void> {
  const { nonce: own, balance: has } = (await world.read(accountKey(ALICE.address), accountRecord))!;
  const withdraw = (amount: bigint) => sign(ALICE, { kind: 'Withdraw', nonce: own, recipient: BOB.address, amount });
  const fee = (250_000n + 1_000n * BigInt(encodeMessage(await withdraw(1n)).length)) * GAS_PRICE;
  world.apply(await withdraw(has - fee - left));
}

async function runThrough(): Promise<void> {
  for (const partition of [0, 1, 2]) {
    advance(0, partition);
    await infer(1, partition, `answer ${partition}`);
    advance(2, partition);
  }
}

describe('an item of a run that goes on', () => {
  beforeEach(async () => {
    await start(CHAIN);
    await runThrough();
  });

  test('runs again with attempt + 1, and so does what has used it', async () => {
    const before = await record();
    const old = await task(0, 1);
    const receipt = voidItem(1, 'answer 1');
    expect(receipt).toMatchObject({
      ...{ kind: 'ItemVoided', ok: true, run, stage: 1, partition: 1, attempt: 1 },
      ...{ runStatus: 'running', amountWei: String(REFUND) },
    });
    expect(receipt.account).toBeUndefined();
    expect(await task(0, 1)).toEqual(old);
    expect(await task(1, 1)).toMatchObject({ status: 0, attempt: 1 });
    expect(await task(2, 1)).toMatchObject({ status: 0, attempt: 1 });
    expect(await task(2, 0)).toMatchObject({ status: 1, attempt: 0 });
    // Stage 3 reads all of stage 2: its records below attempt 1 are void.
    expect(await done(3)).toEqual({ done: 0, attempt: 1 });
    expect([await done(1), await done(2)]).toEqual([
      { done: 2, attempt: 0 },
      { done: 2, attempt: 0 },
    ]);
    expect(await record()).toMatchObject({
      ...{ status: 1, tasksLeft: before.tasksLeft + 2, escrow: before.escrow + REFUND, inferenceSpent: 0n },
      ...{ voided: { items: 1, at: START }, deadline: before.deadline },
    });
    expect(advance(2, 1).error).toBe('task: expected inputs that are done, stage, got 1');
    expect((await infer(1, 1, 'another')).item.error).toBe('attempt: expected 1, got 0');
    expect((await infer(1, 1, 'another', 1)).item).toMatchObject({ ok: true });
    expect(advance(2, 1)).toMatchObject({ ok: true });
    expect(await task(2, 1)).toMatchObject({ status: 1, attempt: 1 });
    expect(advance(3, 0)).toMatchObject({ ok: true, runStatus: 'done' });
    expect(await task(3, 0)).toMatchObject({ status: 1, attempt: 1 });
  });

  test('is not taken again from the batch that had it', async () => {
    await start(CHAIN);
    advance(0, 0);
    const { message } = await infer(1, 0, 'wrong');
    voidItem(0, 'wrong');
    expect(world.apply(message).receipt.error).toBe('nonce: expected more than 1, got 1');
    expect((await infer(1, 0, 'wrong')).item.error).toBe('attempt: expected 1, got 0');
  });

  test('can be voided again and again, each attempt once', async () => {
    voidItem(1, 'answer 1');
    await infer(1, 1, 'answer 1', 1);
    expect(voidItem(1, 'answer 1').attempt).toBeUndefined();
    expect(voidItem(1, 'answer 1', { attempt: 1 }).attempt).toBe(2);
    expect(await record()).toMatchObject({ voided: { items: 2 } });
    expect(await done(3)).toEqual({ done: 0, attempt: 2 });
  });

  test('moves the deadline as far away as it was at the start', async () => {
    world.time = START + 1000n;
    voidItem(1, 'answer 1');
    expect(await record()).toMatchObject({ deadline: START + 1000n + 3600n });
    world.time = START + 1500n;
    voidItem(2, 'answer 2');
    expect(await record()).toMatchObject({ deadline: START + 1500n + 3600n, voided: { items: 2, at: START + 1500n } });
  });

  test('a deadline at the end of time stays there', async () => {
    await start(CHAIN, { deadline: 2n ** 64n - 1n });
    await runThrough();
    voidItem(1, 'answer 1');
    expect(await record()).toMatchObject({ deadline: 2n ** 64n - 1n });
  });

  test('a Renew names the results that count', async () => {
    voidItem(1, 'answer 1');
    const renewed = async (partitions: readonly number[]) => {
      const objects = [...PARTITIONS, ...partitions.map((partition) => answer(`answer ${partition}`))];
      const bytes = encodeInputs(objects, await certify(objects, { expiry: START + 20_000n }));
      const own = (await world.read(accountKey(ALICE.address), accountRecord))!.nonce;
      return world.apply(await sign(ALICE, { kind: 'Renew', nonce: own, run, objects: bytes })).receipt;
    };
    expect((await renewed([0, 1, 2])).ok).toBe(false);
    expect(await renewed([0, 2])).toMatchObject({ ok: true });
  });
});

describe('an item of a run that is done', () => {
  beforeEach(async () => {
    await start(CHAIN);
    await runThrough();
    expect(advance(3, 0).runStatus).toBe('done');
  });

  test('makes it run again, with the refund and as much as it has spent, and gives another dataset', async () => {
    const first = (await world.read(datasetKey(run), datasetRecord))!.dataset;
    const before = await record();
    const owned = await balance(ALICE);
    expect(voidItem(0, 'answer 0')).toMatchObject({ attempt: 1, runStatus: 'running' });
    const taken = before.spent;
    expect(await record()).toMatchObject({
      status: 1,
      escrow: before.spent + taken + REFUND,
      spent: before.spent,
      tasksLeft: 3,
    });
    expect(await balance(ALICE)).toBe(owned - taken);
    expect((await world.read(datasetKey(run), datasetRecord))!.dataset).toEqual(first);
    await infer(1, 0, 'right', 1);
    advance(2, 0);
    const last = advance(3, 0);
    expect(last).toMatchObject({ runStatus: 'done', datasetLength: first.length });
    const second = (await world.read(datasetKey(run), datasetRecord))!.dataset;
    expect(second.root).toBe(last.datasetRoot);
    expect(second.root).not.toBe(first.root);
    const after = await record();
    expect(await balance(ALICE)).toBe(owned - taken + after.escrow - after.spent);
  });

  test('gives the same dataset if the second answer is the same', async () => {
    const first = (await world.read(datasetKey(run), datasetRecord))!.dataset;
    voidItem(0, 'answer 0');
    await infer(1, 0, 'answer 0', 1);
    advance(2, 0);
    expect(advance(3, 0)).toMatchObject({ runStatus: 'done', datasetRoot: first.root });
  });

  test('takes no more from its owner than it gave back, or than he has', async () => {
    const before = await record();
    const rest = before.spent / 2n;
    await start(CHAIN, { maxCost: before.spent + rest });
    await runThrough();
    advance(3, 0);
    let owned = await balance(ALICE);
    voidItem(0, 'answer 0', { refund: 0n });
    expect(await record()).toMatchObject({ escrow: before.spent + rest });
    expect(await balance(ALICE)).toBe(owned - rest);
    await start(CHAIN);
    await runThrough();
    advance(3, 0);
    await spendAllBut(7n);
    owned = await balance(ALICE);
    expect(owned).toBe(7n);
    voidItem(0, 'answer 0', { refund: 0n });
    expect(await record()).toMatchObject({ escrow: before.spent + 7n });
    expect(await balance(ALICE)).toBe(0n);
  });

  test('fails it if that and the refund do not pay for the rest', async () => {
    await spendAllBut(0n);
    voidItem(0, 'answer 0', { refund: 3_000_000n });
    expect((await infer(1, 0, 'right', 1)).item).toMatchObject({ ok: true });
    expect(advance(2, 0)).toMatchObject({ ok: true, status: 256, runStatus: 'failed' });
  });

  test('an item that they do not pay for is refused, and the run can expire', async () => {
    await spendAllBut(0n);
    voidItem(0, 'answer 0', { refund: 5n });
    expect((await infer(1, 0, 'right', 1)).item.error).toMatch(/^cost: expected at most the rest of the escrow 5/);
    world.time = START + 3601n;
    const owned = await balance(ALICE);
    expect(world.apply({ kind: 'Expire', run }).receipt).toMatchObject({ ok: true, runStatus: 'expired', feeWei: '5' });
    expect(await balance(ALICE)).toBe(owned);
  });

  test('cancelled then, it gives refund and rest to the owner', async () => {
    const spent = (await record()).spent;
    voidItem(0, 'answer 0');
    const own = (await world.read(accountKey(ALICE.address), accountRecord))!;
    const cancelled = world.apply(await sign(ALICE, { kind: 'Cancel', nonce: own.nonce, run })).receipt;
    expect(await balance(ALICE)).toBe(own.balance + REFUND + spent - BigInt(cancelled.feeWei!));
  });

  test('whose bytes are promised no more runs again only to expire', async () => {
    world.time = START + 9_950n;
    expect(voidItem(0, 'answer 0')).toMatchObject({ runStatus: 'running' });
    expect(world.apply({ kind: 'Expire', run }).receipt).toMatchObject({ ok: true, runStatus: 'expired' });
  });
});

describe('nothing runs again', () => {
  const owner = ALICE.address.toLowerCase();
  beforeEach(async () => {
    await start(CHAIN);
    await runThrough();
  });

  test.each<[string, Partial<ItemVoided>]>([
    ['another attempt', { attempt: 1 }],
    ['another root', { resultRoot: `0x${'ab'.repeat(32)}` }],
    ['an exec stage', { stage: 0 }],
    ['a stage that there is not', { stage: 4 }],
    ['a partition that there is not', { partition: 3 }],
  ])('for %s: the owner has the refund', async (_, fields) => {
    const [before, owned] = [await record(), await balance(ALICE)];
    const receipt = voidItem(1, 'answer 1', fields);
    expect(receipt).toMatchObject({ ok: true, account: owner, amountWei: String(REFUND) });
    expect([receipt.attempt, receipt.runStatus]).toEqual([undefined, undefined]);
    expect(await record()).toEqual(before);
    expect(await balance(ALICE)).toBe(owned + REFUND);
  });

  test('of a run that was cancelled', async () => {
    world.apply(await sign(ALICE, { kind: 'Cancel', nonce: 2n, run }));
    const owned = await balance(ALICE);
    expect(voidItem(1, 'answer 1')).toMatchObject({ ok: true, account: owner });
    expect(await record()).toMatchObject({ status: 4 });
    expect(await balance(ALICE)).toBe(owned + REFUND);
  });

  test('of a task that is open', async () => {
    await start(CHAIN);
    expect(voidItem(1, 'answer 1')).toMatchObject({ account: owner });
  });

  test('of an unknown run: the refund is a fee', async () => {
    const fees = (await world.read(feesKey(), feesRecord))!.fees;
    const unknown: Hex = `0x${'ab'.repeat(32)}`;
    const receipt = voidItem(1, 'answer 1', { run: unknown });
    expect(receipt).toMatchObject({ ok: true, run: unknown, feeWei: String(REFUND) });
    expect((await world.read(feesKey(), feesRecord))!.fees).toBe(fees + REFUND);
  });

  test('if it does not come from L1, is longer or shorter, or is of more wei than there can be', async () => {
    const before = decodeStateLeaf(world.leaf).stateRoot;
    expect(world.apply(voidMessage(1, 'answer 1')).receipt.error).toBe('origin: expected L1, got sequencer');
    const bytes = encodeMessage(voidMessage(1, 'answer 1'));
    expect(bytes.length).toBe(105);
    expect(world.apply(bytes.slice(0, 104), 'l1').receipt.error).toBe('message: expected bytes of 105, got 104');
    expect(world.apply(Uint8Array.of(...bytes, 0), 'l1').receipt.error).toBe('message: expected bytes of 105, got 106');
    const most = 2n ** 256n - 1n;
    for (const fields of [{}, { attempt: 1 }, { run: `0x${'ab'.repeat(32)}` as Hex }])
      expect(voidItem(1, 'answer 1', { ...fields, refund: most }).error).toBe(
        'refund: expected a sum below 2^256, got more',
      );
    expect(decodeStateLeaf(world.leaf).stateRoot).toBe(before);
    expect(await totalOf(world, [ALICE.address, BOB.address, GATEWAY.address], [run])).toBe(FUNDS);
  });
});

test('what a stage that is open as a whole has made before counts for nobody behind it', async () => {
  const all = [{ source: 1, mode: 'all' as const }];
  const same = [{ source: 2, mode: 'same' as const }];
  await start([
    execStage(),
    inferStage(0),
    execStage({ inputs: all }),
    inferStage(2),
    execStage({ inputs: same, sink: true }),
  ]);
  for (const partition of [0, 1, 2]) {
    advance(0, partition);
    await infer(1, partition, `answer ${partition}`);
  }
  for (const partition of [0, 1]) {
    advance(2, partition);
    await infer(3, partition, `later ${partition}`);
  }
  advance(4, 0);
  expect(voidItem(2, 'answer 2')).toMatchObject({ attempt: 1 });
  // All their records are there as they were.
  for (const stage of [2, 3, 4]) expect(await task(stage, 0)).toMatchObject({ status: 1, attempt: 0 });
  expect(await record()).toMatchObject({ tasksLeft: 3 * 5 - 5 });
  expect(advance(4, 1).error).toBe('task: expected inputs that are done, stage, got 2');
  expect((await infer(3, 1, 'later 1', 1)).item.error).toBe('task: expected an input that is done, got none');
  expect(voidItem(1, 'later 1', { stage: 3 }).attempt).toBeUndefined();
  await infer(1, 2, 'answer 2', 1);
  advance(2, 1);
  expect((await infer(3, 1, 'later 1', 1)).item).toMatchObject({ ok: true });
  expect(voidItem(1, 'later 1', { stage: 3, attempt: 1 })).toMatchObject({ attempt: 2 });
});

test('the dearest one: 256 stages of 8 inputs that all use the item', async () => {
  const inputs = Array.from({ length: 8 }, () => ({ source: 0, mode: 'same' as const }));
  const all = inputs.map(({ source }) => ({ source, mode: 'all' as const }));
  for (const used of [inputs, all]) {
    await start([inferStage(0xffff), ...Array.from({ length: 255 }, () => execStage({ inputs: used, sink: true }))], {
      maxCost: 10n ** 12n,
    });
    for (const partition of [0, 1, 2]) await infer(0, partition, `answer ${partition}`);
    for (let stage = 1; stage < 256; stage++) expect(advance(stage, 0)).toMatchObject({ ok: true });
    const { receipt, gasUsed } = world.apply(voidMessage(0, 'answer 0', { stage: 0 }), 'l1');
    expect(receipt).toMatchObject({ attempt: 1 });
    expect(await record()).toMatchObject({ tasksLeft: 3 * 256 - 2 });
    expect(gasUsed).toBeLessThan(60_000_000n);
  }
});
