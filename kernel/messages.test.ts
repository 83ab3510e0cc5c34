import { beforeEach, describe, expect, test } from 'vitest';
import { hashWorkflow } from '../protocol/definition.ts';
import type { Hex } from '../protocol/hex.ts';
import { encodeMessage, hashRun, type Message } from '../protocol/messages.ts';
import { decodeStateLeaf } from '../protocol/state.ts';
import { keccakHex, objectRef } from '../protocol/tree.ts';
import { nativeEngine } from '../test/kernel/engine.fixture.ts';
import {
  ALICE,
  BOB,
  CHAIN,
  createWorld,
  deployMessage,
  GAS_PRICE,
  makeDefinition,
  makeProgram,
  PARTITIONS,
  programId,
  runMessage,
  START,
  sign,
  type World,
} from '../test/kernel/world.fixture.ts';
import { loadGas } from './fees.ts';
import {
  accountKey,
  committeeKey,
  countersKey,
  feesKey,
  gatewayKey,
  inputKey,
  modelKey,
  programKey,
  runKey,
  stageKey,
  withdrawalKey,
  workflowKey,
} from './keys.ts';
import {
  accountRecord,
  committeeRecord,
  countersRecord,
  feesRecord,
  gatewayRecord,
  inputRecord,
  modelRecord,
  programRecord,
  runRecord,
  stageRecord,
  withdrawalRecord,
  workflowRecord,
} from './records.ts';

const FUNDS = 10n ** 15n;
const WORKFLOW = hashWorkflow(makeDefinition());
const STAGE = 50_000n;
const KEEP = 10n;
// Base, loading of 32 bytes of code, 11 of module, 313 of image, 8 of slots and one page, one input of 10 bytes, 1,000
// of its program.
const FIRST_TASK = 400_000n + (200_000n + 4n * 32n + 8n * 11n + 321n + 3_000n) + 10_020n + 1_000n;
let world: World;

beforeEach(async () => {
  world = await createWorld(nativeEngine);
});

const balance = async (address: Hex) => (await world.read(accountKey(address), accountRecord))?.balance ?? 0n;
const feeOf = (message: Message): bigint => (250_000n + 1_000n * BigInt(encodeMessage(message).length)) * GAS_PRICE;

/** Refused for this reason, with no change of the state. */
function refusedFree(message: Message | Uint8Array, error: string, origin: 'sequencer' | 'l1' = 'sequencer'): void {
  const before = decodeStateLeaf(world.leaf).stateRoot;
  const { receipt } = world.apply(message, origin);
  expect(receipt).toMatchObject({ ok: false, error });
  expect(receipt.feeWei).toBeUndefined();
  expect(decodeStateLeaf(world.leaf).stateRoot).toBe(before);
}

/** Refused for this reason; the sender has paid the fee and used the nonce, and nothing else changed. */
async function refusedPaid(
  message: Message & { sender: Hex; nonce: bigint },
  error: string,
  moreGas = 0n,
): Promise<void> {
  const fee = feeOf(message) + moreGas * GAS_PRICE;
  const before = await balance(message.sender);
  const fees = (await world.read(feesKey(), feesRecord))?.fees ?? 0n;
  const { receipt } = world.apply(message);
  expect(receipt).toMatchObject({ ok: false, error, feeWei: String(fee) });
  expect(await world.read(accountKey(message.sender), accountRecord)).toEqual({
    nonce: message.nonce + 1n,
    balance: before - fee,
  });
  expect((await world.read(feesKey(), feesRecord))?.fees).toBe(fees + fee);
}

describe('every step', () => {
  test('moves the cursor and names its receipt', () => {
    const step = world.deposit(ALICE.address, 5n);
    expect(decodeStateLeaf(step.stateLeaf)).toMatchObject({ batch: 1n, message: 0n, step: 1n });
    expect(decodeStateLeaf(step.stateLeaf).receiptHash).toBe(keccakHex(step.receiptBytes));
    expect(new TextDecoder().decode(step.receiptBytes)).toBe(
      `{"kind":"Deposit","ok":true,"account":"${ALICE.address.toLowerCase()}","amountWei":"5"}`,
    );
  });

  test('without a message that can be read is a no-op', () => {
    expect(world.apply(new Uint8Array(0)).receipt).toEqual({
      kind: 'Empty',
      ok: false,
      error: 'message: expected bytes of at least 1, got 0',
    });
    refusedFree(Uint8Array.of(0x7f), 'kind: expected one of docs/messages.md, got 127');
    refusedFree(new Uint8Array(256 * 1024 + 1), 'message: expected bytes of at most 262144, got 262145');
  });
});

describe('L1 messages', () => {
  test('deposits add up', async () => {
    world.deposit(ALICE.address, 5n);
    world.deposit(ALICE.address, 7n);
    expect(await world.read(accountKey(ALICE.address), accountRecord)).toEqual({ nonce: 0n, balance: 12n });
  });

  test('count only from L1, in full length, below 2^256', () => {
    const deposit: Message = { kind: 'Deposit', account: ALICE.address, amount: 2n ** 256n - 1n };
    refusedFree(deposit, 'origin: expected L1, got sequencer');
    refusedFree(encodeMessage(deposit).slice(0, 52), 'message: expected bytes of 53, got 52', 'l1');
    world.apply(deposit, 'l1');
    refusedFree({ ...deposit, amount: 1n }, 'balance: expected below 2^256, got more', 'l1');
  });

  test('gateways come and go and keep their nonce', async () => {
    world.apply({ kind: 'GatewayChanged', gateway: BOB.address, active: true }, 'l1');
    expect(await world.read(gatewayKey(BOB.address), gatewayRecord)).toEqual({ active: true, nonce: 0n });
    world.apply({ kind: 'GatewayChanged', gateway: BOB.address, active: false }, 'l1');
    expect(await world.read(gatewayKey(BOB.address), gatewayRecord)).toEqual({ active: false, nonce: 0n });
    const bytes = encodeMessage({ kind: 'GatewayChanged', gateway: BOB.address, active: true });
    bytes[21] = 2;
    refusedFree(bytes, 'active: expected 0 or 1, got 2', 'l1');
  });

  test('models have a class and prices', async () => {
    const model = {
      active: true,
      class: 2,
      inputPrice: 2n ** 255n,
      outputPrice: 0n,
      gateways: [BOB.address.toLowerCase() as Hex],
    };
    const message: Message = { kind: 'ModelChanged', model: WORKFLOW, ...model };
    expect(world.apply(message, 'l1').receipt.ok).toBe(true);
    expect(await world.read(modelKey(WORKFLOW), modelRecord)).toEqual(model);
    refusedFree({ ...message, class: 3 }, 'class: expected at most 2, got 3', 'l1');
    refusedFree({ ...message, gateways: [] }, 'gateways: expected 1 to 8, got 0', 'l1');
    const nine = Array.from({ length: 9 }, () => BOB.address);
    refusedFree({ ...message, gateways: nine }, 'gateways: expected 1 to 8, got 9', 'l1');
    refusedFree({ ...message, active: false, gateways: nine }, 'gateways: expected at most 8, got 9', 'l1');
    refusedFree(encodeMessage(message).slice(0, 119), 'message: expected bytes of 120, got 119', 'l1');
    expect(world.apply({ ...message, active: false, gateways: [] }, 'l1').receipt.ok).toBe(true);
    refusedFree(message, 'origin: expected L1, got sequencer');
  });

  test('a committee replaces an older one', async () => {
    const members = Array.from({ length: 32 }, (_, n) => `0x${(n + 1).toString(16).padStart(40, '0')}` as const);
    const message = { kind: 'CommitteeChanged', epoch: 2n, threshold: 22, members } as const;
    expect(world.apply(message, 'l1').receipt.ok).toBe(true);
    const { kind: _, ...committee } = message;
    expect(await world.read(committeeKey(), committeeRecord)).toEqual(committee);
    refusedFree(message, 'epoch: expected more than 2, got 2', 'l1');
    refusedFree({ ...message, epoch: 3n, threshold: 33 }, 'threshold: expected 1 to 32, got 33', 'l1');
    refusedFree({ ...message, epoch: 3n, members: [] }, 'members: expected 1 to 32, got 0', 'l1');
    refusedFree(
      { ...message, epoch: 3n, members: [...members, ALICE.address] },
      'members: expected 1 to 32, got 33',
      'l1',
    );
  });
});

describe('what all user messages share', () => {
  test('a wrong nonce or signature, or no money for the fee, charges nobody', async () => {
    const withdraw = await sign(ALICE, { kind: 'Withdraw', nonce: 0n, recipient: BOB.address, amount: 1n });
    refusedFree(withdraw, `balance: expected at least the fee of ${feeOf(withdraw)}, got 0`);
    world.deposit(ALICE.address, FUNDS);
    refusedFree({ ...withdraw, nonce: 1n }, 'nonce: expected 0, got 1');
    refusedFree(
      { ...withdraw, signature: `0x${'00'.repeat(65)}` },
      `signer: expected ${ALICE.address.toLowerCase()}, got 0x${'00'.repeat(20)}`,
    );
    const { receipt } = world.apply({ ...withdraw, amount: 2n } as Message);
    expect(receipt.error).toMatch(/^signer: expected 0x[0-9a-f]{40}, got 0x[0-9a-f]{40}$/);
    refusedFree(encodeMessage(withdraw).slice(0, 177), 'message: expected bytes of 178, got 177');
    refusedFree(Uint8Array.of(1, 2, 3), 'message: expected bytes of at least 158, got 3');
  });

  test('the zero address signs nothing', () => {
    const zero: Hex = `0x${'00'.repeat(20)}`;
    world.deposit(zero, FUNDS);
    const message = {
      kind: 'Withdraw',
      signature: `0x${'00'.repeat(65)}`,
      sender: zero,
      nonce: 0n,
      gasPrice: GAS_PRICE,
      recipient: BOB.address,
      amount: 1n,
    } as const;
    refusedFree(message, `signer: expected ${zero}, got ${zero}`);
  });

  test('a message is not good twice, and not with the other form of its signature', async () => {
    world.deposit(ALICE.address, FUNDS);
    const message = await sign(ALICE, { kind: 'Withdraw', nonce: 0n, recipient: BOB.address, amount: 1n });
    const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
    const highS = (order - BigInt(`0x${message.signature.slice(66, 130)}`)).toString(16).padStart(64, '0');
    const otherV = message.signature.endsWith('1b') ? '1c' : '1b';
    const other = `${message.signature.slice(0, 66)}${highS}${otherV}` as Hex;
    refusedFree(
      { ...message, signature: other },
      `signer: expected ${ALICE.address.toLowerCase()}, got 0x${'00'.repeat(20)}`,
    );
    expect(world.apply(message).receipt.ok).toBe(true);
    refusedFree(message, 'nonce: expected 1, got 0');
  });

  test('a user message forced through L1 is like any other', async () => {
    world.deposit(ALICE.address, FUNDS);
    const message = await sign(ALICE, { kind: 'Withdraw', nonce: 0n, recipient: BOB.address, amount: 1n });
    expect(world.apply(message, 'l1').receipt).toMatchObject({ ok: true, feeWei: String(feeOf(message)) });
  });
});

describe('Withdraw', () => {
  beforeEach(() => void world.deposit(ALICE.address, FUNDS));

  test('takes from the account and numbers the withdrawals', async () => {
    for (const nonce of [0n, 1n]) {
      const message = await sign(ALICE, { kind: 'Withdraw', nonce, recipient: BOB.address, amount: 5n + nonce });
      expect(world.apply(message).receipt).toMatchObject({
        ok: true,
        withdrawal: Number(nonce),
        amountWei: String(5n + nonce),
      });
      expect(await world.read(withdrawalKey(nonce), withdrawalRecord)).toEqual({
        recipient: BOB.address.toLowerCase(),
        amount: 5n + nonce,
      });
    }
    expect(await world.read(countersKey(), countersRecord)).toEqual({ withdrawals: 2n });
  });

  test('needs an amount that is there', async () => {
    const withdraw = (nonce: bigint, amount: bigint) =>
      sign(ALICE, { kind: 'Withdraw', nonce, recipient: BOB.address, amount });
    await refusedPaid(await withdraw(0n, 0n), 'amount: expected more than 0, got 0');
    const message = await withdraw(1n, FUNDS);
    const left = (await balance(ALICE.address)) - feeOf(message);
    await refusedPaid(message, `balance: expected at least ${FUNDS}, got ${left}`);
  });
});

describe('Run, Cancel, Expire', () => {
  const run = hashRun(ALICE.address, 1n, WORKFLOW);

  beforeEach(async () => {
    world.deposit(ALICE.address, FUNDS);
    world.deposit(BOB.address, FUNDS);
    world.apply(await deployMessage(ALICE, 0n));
  });

  test('a run takes its escrow and lists its inputs', async () => {
    const message = await runMessage(ALICE, 1n);
    const before = await balance(ALICE.address);
    expect(world.apply(message).receipt).toMatchObject({ ok: true, run, workflow: WORKFLOW, runStatus: 'running' });
    expect(await balance(ALICE.address)).toBe(
      before - feeOf(message) - (4n * STAGE + 30n * KEEP) * GAS_PRICE - 10n ** 9n,
    );
    expect(await world.read(runKey(run), runRecord)).toMatchObject({
      workflow: WORKFLOW,
      owner: ALICE.address.toLowerCase(),
      status: 1,
      escrow: 10n ** 9n,
      spent: 0n,
      timestamp: START,
      partitions: 3,
      tasksLeft: 10,
    });
    for (const [n, partition] of PARTITIONS.entries())
      expect(await world.read(inputKey(run, n), inputRecord)).toEqual(partition);
  });

  test('refusals of a run', async () => {
    const missing: Hex = `0x${'ab'.repeat(32)}`;
    await refusedPaid(
      await runMessage(ALICE, 1n, { deadline: START }),
      `deadline: expected after ${START}, got ${START}`,
    );
    await refusedPaid(
      await runMessage(ALICE, 2n, { workflow: missing }),
      `workflow: expected one that is deployed, got ${missing}`,
    );
    await refusedPaid(await runMessage(ALICE, 3n, { inputs: [] }), 'partitions: expected 1 to 1024, got 0');
    const large = { root: missing, length: 1024 * 1024 + 1 };
    await refusedPaid(
      await runMessage(ALICE, 4n, { inputs: [large] }),
      'partition length: expected at most 1048576, got 1048577',
    );
    const rich = await runMessage(ALICE, 5n, { maxCost: FUNDS });
    const more = 4n * STAGE + 30n * KEEP;
    const left = (await balance(ALICE.address)) - feeOf(rich) - more * GAS_PRICE;
    await refusedPaid(rich, `balance: expected at least maxCost ${FUNDS}, got ${left}`, more);
    const run6 = await runMessage(ALICE, 6n);
    if (run6.kind !== 'Run') throw new Error('unreachable');
    await refusedPaid(
      await sign(ALICE, { ...run6, inputs: run6.inputs.slice(0, 100) }),
      'partitions: expected bytes of at least 120, got 96',
    );
    await refusedPaid(
      await sign(ALICE, { ...run6, nonce: 7n, inputs: new Uint8Array(3) }),
      'partition count: expected bytes of at least 4, got 3',
    );
    await refusedPaid(
      await sign(ALICE, { ...run6, nonce: 8n, taskGasLimit: 0n }),
      'taskGasLimit: expected at least 1, got 0',
    );
  });

  test('only the owner cancels, and gets the rest of the escrow back', async () => {
    world.apply(await runMessage(ALICE, 1n));
    world.apply({ kind: 'Advance', run, stage: 0, partition: 0 });
    await refusedPaid(
      await sign(BOB, { kind: 'Cancel', nonce: 0n, run }),
      `sender: expected the owner ${ALICE.address.toLowerCase()}, got ${BOB.address.toLowerCase()}`,
    );
    const before = await balance(ALICE.address);
    const cancel = await sign(ALICE, { kind: 'Cancel', nonce: 2n, run });
    expect(world.apply(cancel).receipt).toMatchObject({ ok: true, runStatus: 'cancelled' });
    expect(await balance(ALICE.address)).toBe(before - feeOf(cancel) + 10n ** 9n - FIRST_TASK * GAS_PRICE);
    await refusedPaid(
      await sign(ALICE, { kind: 'Cancel', nonce: 3n, run }),
      'run status: expected running, got cancelled',
    );
    refusedFree({ kind: 'Advance', run, stage: 0, partition: 1 }, 'run status: expected running, got cancelled');
    const missing: Hex = `0x${'ab'.repeat(32)}`;
    await refusedPaid(
      await sign(ALICE, { kind: 'Cancel', nonce: 4n, run: missing }),
      `run: expected one that was started, got ${missing}`,
    );
  });

  test('anyone expires a run after its deadline, and not before', async () => {
    world.apply(await runMessage(ALICE, 1n, { deadline: START + 10n }));
    world.time += 10n;
    refusedFree({ kind: 'Expire', run }, `time: expected after ${START + 10n}, got ${START + 10n}`);
    world.time += 1n;
    const before = await balance(ALICE.address);
    expect(world.apply({ kind: 'Expire', run }).receipt).toMatchObject({
      ok: true,
      runStatus: 'expired',
      feeWei: String(250_000n * GAS_PRICE),
    });
    expect(await balance(ALICE.address)).toBe(before + 10n ** 9n - 250_000n * GAS_PRICE);
    refusedFree({ kind: 'Expire', run }, 'run status: expected running, got expired');
    refusedFree(Uint8Array.of(0x12), 'message: expected bytes of 33, got 1');
  });
});

test('a deploy writes the workflow, its stages and its programs', async () => {
  world.deposit(ALICE.address, FUNDS);
  expect(world.apply(await deployMessage(ALICE, 0n)).receipt).toMatchObject({ ok: true, workflow: WORKFLOW });
  expect(await world.read(workflowKey(WORKFLOW), workflowRecord)).toEqual({
    owner: ALICE.address.toLowerCase(),
    stageCount: 4,
    metadata: objectRef(new TextEncoder().encode('{}')),
    expiry: START + 10_000n,
  });
  for (const [n, { program, ...stage }] of CHAIN.entries()) {
    const id = stage.kind === 'exec' ? programId(program === 0 ? 'map' : 'reduce') : `0x${'00'.repeat(32)}`;
    expect(await world.read(stageKey(WORKFLOW, n), stageRecord)).toEqual({
      ...stage,
      programId: id,
      loadGas: stage.kind === 'exec' ? loadGas(makeProgram(program === 0 ? 'map' : 'reduce')) : 0n,
    });
  }
  expect(await world.read(programKey(programId('map')), programRecord)).toEqual(makeProgram('map'));
  const until = START + 10_000n;
  await refusedPaid(await deployMessage(ALICE, 1n), `certificate expiry: expected more than ${until}, got ${until}`);
});
