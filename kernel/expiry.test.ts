import { beforeEach, describe, expect, test } from 'vitest';
import { MAX_RETENTION_SECONDS } from '../protocol/constants.ts';
import { encodeDefinition, hashWorkflow, objectsOfDefinition } from '../protocol/definition.ts';
import type { Hex } from '../protocol/hex.ts';
import { encodeInputs, hashRun, type Message } from '../protocol/messages.ts';
import { type ObjectRef, objectRef } from '../protocol/tree.ts';
import { nativeEngine } from '../test/kernel/engine.fixture.ts';
import {
  ALICE,
  BOB,
  certify,
  createWorld,
  deployMessage,
  execStage,
  GAS_PRICE,
  inferStage,
  MEMBERS,
  MODEL,
  makeDefinition,
  OVERLAP,
  PARTITIONS,
  RETENTION,
  resultMessage,
  runMessage,
  START,
  sign,
  type World,
} from '../test/kernel/world.fixture.ts';
import { accountKey, formerCommitteeKey, runKey } from './keys.ts';
import { accountRecord, formerCommitteeRecord, runRecord } from './records.ts';

const DEFINITION = makeDefinition([
  inferStage(0xffff),
  execStage({ inputs: [{ source: 0, mode: 'same' }], sink: true }),
]);
const WORKFLOW = hashWorkflow(DEFINITION);
const RUN = hashRun(ALICE.address, 1n, WORKFLOW);
const EXPIRE = 250_000n * GAS_PRICE;
let world: World;

beforeEach(async () => {
  world = await createWorld(nativeEngine);
  world.deposit(ALICE.address, 10n ** 15n);
  world.deposit(BOB.address, 10n ** 15n);
});

async function start({ programs = START + 10_000n, inputs = START + 10_000n, maxCost = 10n ** 9n } = {}) {
  expect(world.apply(await deployMessage(ALICE, 0n, DEFINITION, programs)).receipt.error).toBeUndefined();
  const message = await runMessage(ALICE, 1n, { workflow: WORKFLOW, expiry: inputs, maxCost, deadline: 2n ** 63n });
  expect(world.apply(message).receipt.error).toBeUndefined();
}

const result = (partition: number): ObjectRef => objectRef(Uint8Array.of(partition));
const item = (partition: number) => ({
  run: RUN,
  stage: 0,
  partition,
  attempt: 0,
  requestRoot: PARTITIONS[partition]!.root,
  resultRoot: result(partition).root,
  resultLength: 1,
  model: MODEL,
  inputTokens: 1n,
  outputTokens: 1n,
});
const infer = async (nonce: bigint, partition: number, expiry?: bigint) =>
  world.apply(await resultMessage(nonce, [item(partition)], undefined, expiry)).receipt;
const advance = (partition: number) => world.apply({ kind: 'Advance', run: RUN, stage: 1, partition }).receipt;
const read = async () => (await world.read(runKey(RUN), runRecord))!;
const balance = async (address: Hex) => (await world.read(accountKey(address), accountRecord))!.balance;

describe('a run whose bytes are not promised for longer than the retention', () => {
  test.each([
    ['programs', { programs: START + 1_000n }],
    ['inputs', { inputs: START + 1_000n }],
  ])('ends with the next message that names it: %s', async (_, certificates) => {
    world.exec = () => {
      throw new Error('it was run');
    };
    for (const how of ['Advance', 'Expire', 'InferenceResult'] as const) {
      world = await createWorld(nativeEngine);
      world.deposit(ALICE.address, 10n ** 15n);
      await start(certificates);
      const before = await balance(ALICE.address);
      world.time = START + 1_000n - RETENTION;
      expect(world.apply({ kind: 'Expire', run: RUN }).receipt.error).toMatch(/^time: expected after/);
      world.time += 1n;
      if (how === 'InferenceResult') {
        const { ok, items } = await infer(1n, 0);
        expect(ok).toBe(true);
        expect(items![0]).toMatchObject({
          ok: false,
          error: 'run status: expected running, got expired',
          runStatus: 'expired',
        });
      } else {
        const { receipt } = world.apply(how === 'Expire' ? { kind: 'Expire', run: RUN } : advanceMessage(0));
        expect(receipt).toMatchObject({ ok: true, run: RUN, runStatus: 'expired', feeWei: String(EXPIRE) });
        expect(receipt.status).toBeUndefined();
      }
      expect(await read()).toMatchObject({ status: 5, spent: EXPIRE });
      expect(await balance(ALICE.address)).toBe(before + 10n ** 9n - EXPIRE);
      expect(advance(0).error).toBe('run status: expected running, got expired');
    }
  });

  test('pays what it has for its end', async () => {
    await start({ inputs: START + 1_000n, maxCost: 7n });
    world.time = START + 1_000n;
    expect(advance(0)).toMatchObject({ runStatus: 'expired', feeWei: '7' });
    expect(await read()).toMatchObject({ status: 5, spent: 7n });
  });

  test('is not begun: ten years later nothing runs', async () => {
    await start();
    world.time += 10n * 365n * 86_400n;
    expect(advance(0).runStatus).toBe('expired');
    const late = world.time + 10_000n;
    expect(
      world.apply(await runMessage(ALICE, 2n, { workflow: WORKFLOW, expiry: late, deadline: 2n ** 63n })).receipt,
    ).toMatchObject({
      ok: false,
      error: `workflow expiry: expected at least ${world.time + RETENTION}, got ${START + 10_000n}`,
    });
    expect(world.apply(await deployMessage(BOB, 0n, DEFINITION, late)).receipt.ok).toBe(true);
    expect(
      world.apply(await runMessage(ALICE, 3n, { workflow: WORKFLOW, expiry: late, deadline: 2n ** 63n })).receipt.ok,
    ).toBe(true);
  });

  test('is not begun with programs that are promised for less, to the second', async () => {
    expect(world.apply(await deployMessage(ALICE, 0n, DEFINITION, START + 1_000n)).receipt.ok).toBe(true);
    const run = async (nonce: bigint) => world.apply(await runMessage(ALICE, nonce, { workflow: WORKFLOW })).receipt;
    world.time = START + 1_001n - RETENTION;
    expect((await run(1n)).error).toBe(`workflow expiry: expected at least ${START + 1_001n}, got ${START + 1_000n}`);
    world.time -= 1n;
    expect((await run(2n)).error).toBeUndefined();
  });

  test('a result lowers what its run is promised for, and has itself enough', async () => {
    await start();
    expect((await infer(1n, 0, START + RETENTION - 1n)).error).toBe(
      `certificate expiry: expected at least ${START + RETENTION}, got ${START + RETENTION - 1n}`,
    );
    expect((await infer(1n, 0, START + 5_000n)).items![0]!.ok).toBe(true);
    expect((await infer(2n, 1, START + 20_000n)).items![0]!.ok).toBe(true);
    expect((await read()).expiry).toBe(START + 5_000n);
  });
});

const advanceMessage = (partition: number): Message => ({ kind: 'Advance', run: RUN, stage: 1, partition });

describe('Renew', () => {
  const OBJECTS = [...PARTITIONS, result(0), result(2)];
  const renew = async (
    nonce: bigint,
    {
      objects = OBJECTS,
      by = ALICE,
      expiry = START + 50_000n,
    }: { objects?: ObjectRef[]; by?: typeof ALICE; expiry?: bigint } = {},
  ) => {
    const bytes = encodeInputs(objects, await certify(objects, { expiry }));
    return world.apply(await sign(by, { kind: 'Renew', nonce, run: RUN, objects: bytes })).receipt;
  };

  beforeEach(async () => {
    await start();
    expect((await infer(1n, 2)).items![0]!.ok).toBe(true);
    expect((await infer(2n, 0)).items![0]!.ok).toBe(true);
  });

  test('names the inputs in order, then the results that are there, and is paid for what is kept', async () => {
    const before = await balance(ALICE.address);
    const receipt = await renew(2n);
    // Message 126 + 32 + 4 + 5 * 40 + 219 bytes; 2 stages; 3 tasks of the infer stage; 32 bytes kept.
    const gas = 250_000n + 581_000n + 2n * 50_000n + 3n * 10_000n + 10n * 32n;
    expect(receipt).toMatchObject({
      kind: 'Renew',
      ok: true,
      run: RUN,
      workflow: WORKFLOW,
      feeWei: String(gas * GAS_PRICE),
    });
    expect(await balance(ALICE.address)).toBe(before - gas * GAS_PRICE);
    expect(await read()).toMatchObject({ status: 1, expiry: START + 50_000n });
    expect((await renew(3n)).error).toBe(
      `certificate expiry: expected more than ${START + 50_000n}, got ${START + 50_000n}`,
    );
  });

  test('is refused with any other object, number or order, or by another', async () => {
    const [a, b, c, d, e] = OBJECTS as [ObjectRef, ObjectRef, ObjectRef, ObjectRef, ObjectRef];
    const other = objectRef(Uint8Array.of(9));
    const wrong: [ObjectRef[], RegExp][] = [
      [[a, b, c, e, d], /^object: expected 0x\w+, got 0x\w+$/],
      [[a, b, c, d, other], /^object: /],
      [[a, b, c, { ...d, length: 2 }, e], /^object length: expected 1, got 2$/],
      [[a, b, c, d], /^objects: expected more than 4, got 4$/],
      [[a, b], /^objects: expected more than 2, got 2$/],
      [[a, b, c, d, e, other], /^objects: expected 5, got 6$/],
      [[], /^objects: expected more than 0, got 0$/],
    ];
    let nonce = 2n;
    for (const [objects, error] of wrong) expect((await renew(nonce++, { objects })).error).toMatch(error);
    expect((await renew(0n, { by: BOB })).error).toMatch(/^sender: expected the owner/);
    const good = encodeInputs(OBJECTS, await certify(OBJECTS.slice(1), { expiry: START + 50_000n }));
    const message = await sign(ALICE, { kind: 'Renew', nonce, run: RUN, objects: good });
    expect(world.apply(message).receipt.error).toMatch(/^certificate signature/);
    const short = await sign(ALICE, { kind: 'Renew', nonce: nonce + 1n, run: RUN, objects: good.slice(0, 100) });
    expect(world.apply(short).receipt.error).toBe('objects: expected bytes of at least 200, got 96');
    const huge = Uint8Array.of(255, 255, 255, 255);
    const many = await sign(ALICE, { kind: 'Renew', nonce: nonce + 2n, run: RUN, objects: huge });
    expect(world.apply(many).receipt.error).toBe('objects: expected at most 8192, got 4294967295');
    expect((await read()).expiry).toBe(START + 10_000n);
  });
});

describe('a certificate', () => {
  const deploy = async (nonce: bigint, expiry: bigint) =>
    world.apply(await deployMessage(ALICE, nonce, DEFINITION, expiry)).receipt.error;

  test('runs for at least the retention and at most 400 days', async () => {
    const [least, most] = [START + RETENTION, START + MAX_RETENTION_SECONDS];
    expect(await deploy(0n, least - 1n)).toBe(`certificate expiry: expected at least ${least}, got ${least - 1n}`);
    expect(await deploy(1n, most + 1n)).toBe(`certificate expiry: expected at most ${most}, got ${most + 1n}`);
    expect(await deploy(2n, least)).toBeUndefined();
    expect(await deploy(3n, most)).toBeUndefined();
  });

  test('renews a workflow only if it is later than the one before', async () => {
    expect(await deploy(0n, START + 10_000n)).toBeUndefined();
    for (const [nonce, expiry] of [9_000n, 9_999n, 10_000n].entries()) {
      expect(await deploy(BigInt(nonce + 1), START + expiry)).toBe(
        `certificate expiry: expected more than ${START + 10_000n}, got ${START + expiry}`,
      );
    }
    expect(await deploy(4n, START + 10_001n)).toBeUndefined();
  });
});

describe('a committee that was replaced', () => {
  const members = [BOB, ALICE].map(({ address }) => address);

  test('is believed until its overlap ends', async () => {
    const change = (epoch: bigint) =>
      world.apply({ kind: 'CommitteeChanged', epoch, threshold: 1, members }, 'l1').receipt;
    expect(change(2n).ok).toBe(true);
    expect(await world.read(formerCommitteeKey(), formerCommitteeRecord)).toEqual({
      until: START + OVERLAP,
      epoch: 1n,
      threshold: 3,
      members: MEMBERS.map(({ address }) => address.toLowerCase()),
    });
    world.time += OVERLAP;
    expect(world.apply(await deployMessage(ALICE, 0n, DEFINITION)).receipt.error).toBeUndefined();
    world.time += 1n;
    expect(world.apply(await runMessage(ALICE, 1n, { workflow: WORKFLOW })).receipt.error).toBe(
      'certificate epoch: expected 2, got 1',
    );
    expect(change(3n).ok).toBe(true);
    // Epoch 2 is the former committee now, and epoch 1 is none any more.
    expect(world.apply(await deployMessage(ALICE, 2n, makeDefinition())).receipt.error).toBe(
      'certificate epoch: expected 3, got 1',
    );
  });

  test('has its own threshold and members', async () => {
    world.apply({ kind: 'CommitteeChanged', epoch: 2n, threshold: 1, members }, 'l1');
    const objects = objectsOfDefinition(DEFINITION);
    const refusal = async (signers: number[], epoch: bigint, nonce: bigint) => {
      const definition = encodeDefinition(DEFINITION, await certify(objects, { signers, epoch }));
      return world.apply(await sign(ALICE, { kind: 'Deploy', nonce, maxFee: 10n ** 18n, definition })).receipt.error;
    };
    expect(await refusal([0, 1], 1n, 0n)).toBe('certificate signers: expected at least 3, got 2');
    expect(await refusal([0, 1], 2n, 1n)).toBe('certificate signature: expected to be of the member it is for, got 0');
    expect(await refusal([0, 1, 3], 1n, 2n)).toBeUndefined();
  });

  test('of 32 members is a record of less than 900 bytes', async () => {
    const many = Array.from({ length: 32 }, (_, n) => `0x${(n + 1).toString(16).padStart(40, '0')}` as const);
    world.apply({ kind: 'CommitteeChanged', epoch: 2n ** 60n, threshold: 22, members: many }, 'l1');
    world.apply({ kind: 'CommitteeChanged', epoch: 2n ** 62n, threshold: 22, members: many }, 'l1');
    const former = (await world.read(formerCommitteeKey(), formerCommitteeRecord))!;
    expect(former.members).toHaveLength(32);
    expect(formerCommitteeRecord.encode(former).length).toBeLessThan(900);
  });
});
