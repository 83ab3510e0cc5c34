import { beforeEach, describe, expect, test } from 'vitest';
import { createWriter } from '../protocol/bytes.ts';
import { TAG } from '../protocol/constants.ts';
import { hashWorkflow, type Stage } from '../protocol/definition.ts';
import type { Hex } from '../protocol/hex.ts';
import type { InferenceItem } from '../protocol/inference.ts';
import { encodeMessage, hashInputs, hashRun } from '../protocol/messages.ts';
import { decodeExecInputs, decodeStateLeaf, type ExecRequest } from '../protocol/state.ts';
import { keccakHex, type ObjectRef, objectRef } from '../protocol/tree.ts';
import { nativeEngine } from '../test/kernel/engine.fixture.ts';
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
  programId,
  resultMessage,
  runMessage,
  START,
  type World,
} from '../test/kernel/world.fixture.ts';
import { accountKey, datasetKey, gatewayKey, progressKey, runKey, taskKey } from './keys.ts';
import { accountRecord, datasetRecord, gatewayRecord, progressRecord, runRecord, taskRecord } from './records.ts';

// Base, loading of 32 bytes of code, 11 of module, 313 of image, 8 of slots and one page, one input of 10 bytes, 1,000
// of its program.
const FIRST_TASK = 400_000n + (200_000n + 4n * 32n + 8n * 11n + 321n + 3_000n) + 10_020n + 1_000n;
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
let world: World;
let run: Hex;
let workflow: Hex;

async function start(stages: readonly Stage[], fields: Parameters<typeof runMessage>[2] = {}): Promise<void> {
  world = await createWorld(nativeEngine);
  world.deposit(ALICE.address, 10n ** 15n);
  expect(world.apply(await deployMessage(ALICE, 0n, makeDefinition(stages))).receipt.error).toBeUndefined();
  workflow = hashWorkflow(makeDefinition(stages));
  expect(world.apply(await runMessage(ALICE, 1n, { ...fields, workflow })).receipt.error).toBeUndefined();
  run = hashRun(ALICE.address, 1n, workflow);
}

const advance = (stage: number, partition: number) => world.apply({ kind: 'Advance', run, stage, partition }).receipt;
const task = (stage: number, partition: number) => world.read(taskKey(run, stage, partition), taskRecord);

describe('Advance', () => {
  beforeEach(() => start(CHAIN));

  test('asks for the program with its parameters and inputs, and stores the result', async () => {
    let seen: ExecRequest | undefined;
    const answer = world.exec;
    world.exec = (request) => {
      seen = request;
      return answer(request);
    };
    expect(advance(0, 2)).toMatchObject({
      ok: true,
      status: 0,
      gasUsed: 1000,
      feeWei: String(FIRST_TASK * GAS_PRICE),
      run,
      workflow,
    });
    const parameters = utf8('eMIZU_STAGE=0\0eMIZU_PARTITION=2\0eMIZU_WIDTH=3\0eMIZU_PARTITIONS=3\0');
    const seed = createWriter().u8(TAG.seed).hex(workflow, 32).hex(hashInputs(PARTITIONS), 32).u16(0).u32(2).finish();
    expect(seen).toMatchObject({
      programId: programId('map'),
      seed: keccakHex(seed),
      gasLimit: 500_000n,
      timestampNs: START * 1_000_000_000n,
      inputCount: 2,
    });
    expect(decodeExecInputs(world.objects.get(seen!.inputsRoot)!)).toEqual([objectRef(parameters), PARTITIONS[2]]);
    expect(world.objects.get(objectRef(parameters).root)).toEqual(parameters);
    const output = answer(seen!);
    expect(await task(0, 2)).toEqual({
      status: 1,
      output: { root: output.outputRoot, length: output.outputLength },
      gasUsed: 1000n,
      attempt: 0,
    });
    expect(await world.read(progressKey(run, 0), progressRecord)).toEqual({ done: 1, attempt: 0 });
    expect(await world.read(runKey(run), runRecord)).toMatchObject({ spent: FIRST_TASK * GAS_PRICE, tasksLeft: 9 });
  });

  test('of what is not there, not ready or done already is a no-op', () => {
    const missing: Hex = `0x${'ab'.repeat(32)}`;
    const before = decodeStateLeaf(world.leaf).stateRoot;
    expect(world.apply({ kind: 'Advance', run: missing, stage: 0, partition: 0 }).receipt.error).toBe(
      `run: expected one that was started, got ${missing}`,
    );
    expect(advance(4, 0).error).toBe('stage: expected one of the workflow, got 4');
    expect(advance(1, 0).error).toBe('stage kind: expected exec, got infer');
    expect(advance(0, 3).error).toBe('partition: expected below 3, got 3');
    expect(advance(2, 0).error).toBe('task: expected inputs that are done, stage, got 1');
    expect(advance(3, 0).error).toBe('input tasks done: expected 3, got 0');
    expect(
      world.apply(encodeMessage({ kind: 'Advance', run, stage: 0, partition: 0 }).slice(0, 38)).receipt.error,
    ).toBe('message: expected bytes of 39, got 38');
    expect(decodeStateLeaf(world.leaf).stateRoot).toBe(before);
    expect(advance(0, 0).ok).toBe(true);
    expect(advance(0, 0).error).toBe('task: expected open, got done');
  });

  test.each([1, 255, 256])('status %i fails the run and gives the rest back', async (status) => {
    world.exec = () => ({ status, outputRoot: PARTITIONS[0]!.root, outputLength: 0, gasUsed: 500_000n });
    const before = (await world.read(accountKey(ALICE.address), accountRecord))!.balance;
    expect(advance(0, 1)).toMatchObject({ ok: true, status, gasUsed: 500_000, runStatus: 'failed' });
    expect(await task(0, 1)).toMatchObject({ status: 2, gasUsed: 500_000n });
    expect((await world.read(accountKey(ALICE.address), accountRecord))!.balance).toBe(
      before + 10n ** 9n - (FIRST_TASK + 499_000n) * GAS_PRICE,
    );
    expect(advance(0, 0).error).toBe('run status: expected running, got failed');
  });
});

test('the gas limit is what the stage, the run and the escrow allow', async () => {
  const limits: bigint[] = [];
  const exec: World['exec'] = (request) => {
    limits.push(request.gasLimit);
    return { status: 0, outputRoot: request.seed, outputLength: 1, gasUsed: request.gasLimit };
  };
  // Each task of a sink pays 20,000 more and no 1,000.
  const before = FIRST_TASK + 19_000n;
  const maxCost = (2n * before + 500_000n) * GAS_PRICE;
  await start([execStage({ gasLimit: 400_000n, sink: true })], { maxCost });
  world.exec = exec;
  for (const partition of [0, 1, 2]) advance(0, partition);
  await start([execStage({ gasLimit: 900_000n, sink: true })]);
  world.exec = exec;
  advance(0, 0);
  expect(limits).toEqual([400_000n, 100_000n, 500_000n]);
});

describe('loading that cannot be paid', () => {
  const before = FIRST_TASK + 19_000n;
  const fault = { status: 2, output: objectRef(new Uint8Array(0)), gasUsed: 0n, attempt: 0 };

  test.each([
    [before - 1n, before - 1n],
    [before - 21n, before - 21n],
    [0n, 0n],
  ])('an escrow of %i gas fails the run as out of gas does, and nothing runs', async (escrow, paid) => {
    await start([execStage({ sink: true })], { maxCost: escrow * GAS_PRICE });
    world.exec = () => {
      throw new Error('it was run');
    };
    expect(advance(0, 0)).toMatchObject({
      ok: true,
      status: 256,
      gasUsed: 0,
      feeWei: String(paid * GAS_PRICE),
      runStatus: 'failed',
    });
    expect(await task(0, 0)).toEqual(fault);
    expect(await world.read(runKey(run), runRecord)).toMatchObject({ status: 3, spent: paid * GAS_PRICE });
  });

  test('inputs of more than 256 MiB fail the run; what was listed is paid, the rest comes back', async () => {
    const all = { source: 0xffff, mode: 'all' as const };
    const inputs = Array.from({ length: 33 }, (_, n) => ({ ...objectRef(utf8(`p${n}`)), length: 1024 * 1024 }));
    await start([execStage({ width: 1, inputs: Array(8).fill(all), sink: true })], { inputs });
    world.exec = () => {
      throw new Error('it was run');
    };
    const paid = (before - 10_020n + 264n * 10_000n) * GAS_PRICE;
    expect(advance(0, 0)).toMatchObject({ status: 256, feeWei: String(paid), runStatus: 'failed' });
    const maxCost = 10n ** 9n * GAS_PRICE;
    await start([execStage({ width: 1, inputs: Array(8).fill(all), sink: true })], {
      inputs: inputs.slice(1),
      maxCost,
    });
    expect(advance(0, 0)).toMatchObject({ status: 0, runStatus: 'done' });
  });
});

describe('InferenceResult', () => {
  const result = (partition: number): ObjectRef => objectRef(utf8(`answer ${partition}`));
  const item = (partition: number, fields: Partial<InferenceItem> = {}): InferenceItem => ({
    run,
    stage: 0,
    partition,
    attempt: 0,
    requestRoot: PARTITIONS[partition % 3]!.root,
    resultRoot: result(partition).root,
    resultLength: result(partition).length,
    model: MODEL,
    inputTokens: 10n,
    outputTokens: 3n,
    ...fields,
  });
  const send = async (nonce: bigint, items: readonly InferenceItem[]) =>
    world.apply(await resultMessage(nonce, items)).receipt;
  const cost = 10n * 5n + 3n * 7n;

  beforeEach(() => start([inferStage(0xffff, { sink: true })]));

  test('pays the gateway and may end a run', async () => {
    expect(await send(5n, [item(0), item(2)])).toMatchObject({
      ok: true,
      account: GATEWAY.address.toLowerCase(),
      nonce: 5,
      feeWei: String(2n * cost),
      items: [
        {
          run,
          stage: 0,
          partition: 0,
          ok: true,
          outputRoot: result(0).root,
          inputTokens: 10,
          outputTokens: 3,
          feeWei: String(cost),
        },
        { partition: 2, ok: true },
      ],
    });
    expect(await world.read(gatewayKey(GATEWAY.address), gatewayRecord)).toEqual({ active: true, nonce: 5n });
    expect(await task(0, 2)).toEqual({ status: 1, output: result(2), gasUsed: 0n, attempt: 0 });
    const last = (await send(6n, [item(1)])).items![0]!;
    const dataset = (await world.read(datasetKey(run), datasetRecord))!.dataset;
    expect(last).toMatchObject({ runStatus: 'done', datasetRoot: dataset.root, datasetLength: 192 });
    expect((await world.read(accountKey(GATEWAY.address), accountRecord))!.balance).toBe(3n * cost);
  });

  test('skips and names the items that do not fit, and takes the others', async () => {
    const missing: Hex = `0x${'ab'.repeat(32)}`;
    const wrong: [Partial<InferenceItem>, string][] = [
      [{ run: missing }, `run: expected one that was started, got ${missing}`],
      [{ stage: 1 }, 'stage: expected one of the workflow, got 1'],
      [{ partition: 3 }, 'partition: expected below 3, got 3'],
      [{ attempt: 1 }, 'attempt: expected 0, got 1'],
      [{ requestRoot: missing }, `requestRoot: expected ${PARTITIONS[0]!.root}, got ${missing}`],
      [{ model: missing }, `model: expected ${MODEL}, got ${missing}`],
      [{ inputTokens: 2n ** 32n + 1n }, `inputTokens: expected at most ${2n ** 32n}, got ${2n ** 32n + 1n}`],
      [{ resultLength: 2 ** 26 + 1 }, `resultLength: expected at most ${2 ** 26}, got ${2 ** 26 + 1}`],
      [
        { inputTokens: 2n ** 32n },
        `cost: expected at most maxItemCost ${10n ** 9n}, got ${2n ** 32n * 5n + 21n + 8n * 10n * GAS_PRICE}`,
      ],
    ];
    const receipt = await send(1n, [...wrong.map(([fields]) => item(0, fields)), item(0), item(0)]);
    expect(receipt.ok).toBe(true);
    expect(receipt.items!.map(({ error }) => error)).toEqual([
      ...wrong.map(([, error]) => error),
      undefined,
      'task: expected open, got done',
    ]);
    expect(receipt.feeWei).toBe(String(cost));
  });

  test('as a whole: gateway, nonce, signature, certificate', async () => {
    const before = decodeStateLeaf(world.leaf).stateRoot;
    const message = await resultMessage(1n, [item(0)]);
    if (message.kind !== 'InferenceResult') throw new Error('unreachable');
    const error = (changed: typeof message) => world.apply(changed).receipt.error;
    const gateway = GATEWAY.address.toLowerCase();
    expect(world.apply(await resultMessage(1n, [item(0)], BOB)).receipt.error).toBe(
      `gateway: expected one that is registered, got ${BOB.address.toLowerCase()}`,
    );
    expect(error({ ...message, nonce: 2n })).toMatch(new RegExp(`^signer: expected ${gateway}, got`));
    expect(error({ ...message, nonce: 0n })).toBe('nonce: expected more than 0, got 0');
    expect(error({ ...message, items: [item(1)] })).toMatch(/^signer: /);
    expect(error({ ...message, items: [] })).toBe('items: expected 1 to 32, got 0');
    expect(error({ ...message, items: Array.from({ length: 33 }, () => item(0)) })).toBe(
      'items: expected 1 to 32, got 33',
    );
    expect(error({ ...message, certificate: await certify([result(1)]) })).toMatch(/^certificate signature/);
    expect(world.apply(encodeMessage(message).slice(0, 300)).receipt.error).toBe(
      'message: expected bytes of at least 352, got 300',
    );
    expect(world.apply(Uint8Array.of(0x11)).receipt.error).toBe('message: expected bytes of at least 96, got 1');
    expect(decodeStateLeaf(world.leaf).stateRoot).toBe(before);
    world.apply({ kind: 'GatewayChanged', gateway: GATEWAY.address, active: false }, 'l1');
    expect(error(message)).toBe(`gateway: expected one that is active, got ${gateway}`);
    world.apply({ kind: 'GatewayChanged', gateway: GATEWAY.address, active: true }, 'l1');
    const off = { active: false, class: 0, inputPrice: 0n, outputPrice: 0n, gateways: [] };
    world.apply({ kind: 'ModelChanged', model: MODEL, ...off }, 'l1');
    expect(world.apply(message).receipt.items![0]!.error).toBe(`model: expected one that is active, got ${MODEL}`);
    expect(error(message)).toBe('nonce: expected more than 1, got 1');
  });

  test('waits for its input', async () => {
    await start([execStage(), inferStage(0, { sink: true })]);
    const waiting = await send(1n, [item(0, { stage: 1 })]);
    expect(waiting.items![0]!.error).toBe('task: expected an input that is done, got none');
    expect((await send(2n, [item(0)])).items![0]!.error).toBe('stage kind: expected infer, got exec');
    advance(0, 0);
    const requestRoot = (await task(0, 0))!.output.root;
    expect((await send(3n, [item(0, { stage: 1, requestRoot })])).items![0]!.ok).toBe(true);
  });
});

describe('limits that are known when a run starts', () => {
  test('widths that must agree', async () => {
    await start([execStage({ width: 3, sink: true })]);
    const two = await runMessage(ALICE, 2n, { workflow, inputs: PARTITIONS.slice(0, 2) });
    expect(world.apply(two).receipt.error).toBe('stage width: expected that of its input, 2, got 3');
  });

  test('tasks in the dataset, inputs of one task', async () => {
    const many = Array.from({ length: 1024 }, (_, n) => objectRef(utf8(`p${n}`)));
    await start(Array.from({ length: 9 }, () => execStage({ sink: true })));
    expect(world.apply(await runMessage(ALICE, 2n, { workflow, inputs: many })).receipt.error).toBe(
      'sink tasks: expected at most 8192, got 9216',
    );
    const eight = Array.from({ length: 8 }, () => ({ source: 0xffff, mode: 'all' as const }));
    await start([execStage({ width: 1, inputs: eight, sink: true })]);
    expect(world.apply(await runMessage(ALICE, 2n, { workflow, inputs: many })).receipt.error).toBeUndefined();
  });
});

test('a fan-in of 8,192 objects and a dataset of 4,097 stay within the memory', async () => {
  const eight = Array.from({ length: 8 }, () => ({ source: 0xffff, mode: 'all' as const }));
  const sinks = Array.from({ length: 4 }, () => execStage({ inputs: [], width: 1024, sink: true }));
  const many = Array.from({ length: 1024 }, (_, n) => objectRef(utf8(`p${n}`)));
  await start([...sinks, execStage({ width: 1, inputs: eight, sink: true })], { inputs: many, maxCost: 10n ** 13n });
  for (let stage = 0; stage < 4; stage++) {
    for (let partition = 0; partition < 1024; partition++) advance(stage, partition);
  }
  const last = world.apply({ kind: 'Advance', run, stage: 4, partition: 0 });
  expect(last.receipt).toMatchObject({ ok: true, runStatus: 'done', datasetLength: 64 * (4 * 1024 + 1) });
  expect(last.gasUsed).toBeLessThan(150_000_000n);
});
