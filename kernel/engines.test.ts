import { Wallet } from 'ethers';
import { hashTypedData } from 'viem';
import { expect, test } from 'vitest';
import { hashWorkflow } from '../protocol/definition.ts';
import { type Hex, hexToBytes } from '../protocol/hex.ts';
import { encodeInputs, encodeMessage, hashRun, type Message } from '../protocol/messages.ts';
import { decodeStateLeaf, type ExecResult, encodeContext, encodeExecResult } from '../protocol/state.ts';
import { TYPES } from '../protocol/typed-data.ts';
import { createDirectEngine } from '../test/kernel/direct.fixture.ts';
import { directEngine, nativeEngine } from '../test/kernel/engine.fixture.ts';
import { createXorshift } from '../test/kernel/random.fixture.ts';
import {
  ALICE,
  BOB,
  certify,
  createWorld,
  DOMAINS,
  deployMessage,
  MODEL,
  makeDefinition,
  PARTITIONS,
  resultMessage,
  runMessage,
  START,
  sign,
  typedData,
} from '../test/kernel/world.fixture.ts';
import { recoverAddress } from './host.ts';
import { createKernel, type KernelEngine } from './run.ts';

const WORKFLOW = hashWorkflow(makeDefinition());
const RUN = hashRun(ALICE.address, 1n, WORKFLOW);

async function story(): Promise<{ message: Message; origin: 'l1' | 'sequencer' }[]> {
  const item = {
    run: RUN,
    stage: 1,
    partition: 0,
    attempt: 0,
    requestRoot: PARTITIONS[0]!.root,
    resultRoot: PARTITIONS[1]!.root,
    resultLength: 3,
    model: MODEL,
    inputTokens: 1n,
    outputTokens: 1n,
  };
  const renewed = encodeInputs(PARTITIONS, await certify(PARTITIONS, { expiry: START + 20_000n }));
  const members = [BOB.address, ALICE.address];
  const l1: Message[] = [
    { kind: 'Deposit', account: ALICE.address, amount: 10n ** 15n },
    { kind: 'GatewayChanged', gateway: BOB.address, active: true },
    {
      kind: 'ModelChanged',
      model: WORKFLOW,
      active: true,
      class: 1,
      inputPrice: 1n,
      outputPrice: 2n,
      gateways: [BOB.address],
    },
  ];
  const voided = {
    kind: 'ItemVoided',
    run: RUN,
    stage: 1,
    partition: 0,
    resultRoot: item.resultRoot,
    refund: 9n,
  } as const;
  const sequenced: Message[] = [
    await deployMessage(ALICE, 0n),
    await runMessage(ALICE, 1n),
    { kind: 'Advance', run: RUN, stage: 0, partition: 0 },
    await resultMessage(1n, [item]),
    await sign(ALICE, { kind: 'Withdraw', nonce: 2n, recipient: BOB.address, amount: 1n }),
    await sign(ALICE, { kind: 'Renew', nonce: 3n, run: RUN, objects: renewed }),
    await sign(ALICE, { kind: 'Cancel', nonce: 4n, run: RUN }),
    { kind: 'Expire', run: RUN },
  ];
  return [
    ...l1.map((message) => ({ message, origin: 'l1' as const })),
    ...sequenced.map((message) => ({ message, origin: 'sequencer' as const })),
    { message: { kind: 'CommitteeChanged', epoch: 2n, threshold: 1, members }, origin: 'l1' },
    { message: await deployMessage(ALICE, 5n, makeDefinition(), START + 20_000n), origin: 'sequencer' },
    { message: { ...voided, attempt: 0 }, origin: 'l1' },
    { message: { ...voided, run: WORKFLOW, attempt: 0 }, origin: 'l1' },
  ];
}

async function tell(engine: KernelEngine) {
  const world = await createWorld(engine);
  return (await story()).map(({ message, origin }) => world.apply(message, origin));
}

test('the native engine does what V8 does with the module as compiled, and the same gas every time', async () => {
  const direct = await tell(directEngine);
  const [once, again] = [await tell(nativeEngine), await tell(nativeEngine)];
  expect(once.map((step) => step.receipt)).toEqual(direct.map((step) => step.receipt));
  expect(once.map((step) => decodeStateLeaf(step.stateLeaf))).toEqual(
    direct.map((step) => decodeStateLeaf(step.stateLeaf)),
  );
  expect(again.map((step) => step.gasUsed)).toEqual(once.map((step) => step.gasUsed));
  expect(once.map((step) => step.touched)).toEqual(direct.map((step) => step.touched));
  expect(new Set(once.map((step) => step.receipt.kind)).size).toBe(13);
});

test('a step asks for what it lacks, and is the same when it has all', async () => {
  const world = await createWorld(nativeEngine);
  const [deposit, , , deploy, run, advance] = (await story()).map(({ message }) => message);
  world.apply(deposit!, 'l1');
  world.apply(deploy!);
  world.apply(run!);
  const kernel = createKernel(nativeEngine);
  const result: ExecResult = { status: 0, outputRoot: WORKFLOW, outputLength: 7, gasUsed: 5n };
  const nodes = new Map<Hex, Uint8Array>();
  let answer: Uint8Array | undefined;
  const context = encodeContext({ timestamp: START, origin: 'sequencer', batch: 3n, message: 2n, batchCount: 5n });
  const step = () =>
    kernel.step({
      stateLeaf: world.leaf,
      context,
      message: encodeMessage(advance!),
      getNode: (hash) => nodes.get(hash),
      getExec: () => answer,
    });
  let rounds = 0;
  for (let last = step(); ; last = step(), rounds++) {
    if (last.kind === 'done') {
      expect(last.touched.length + 1).toBe(rounds);
      expect(decodeStateLeaf(last.stateLeaf)).toMatchObject({ batch: 3n, message: 3n });
      break;
    }
    for (const hash of last.nodes) nodes.set(hash, world.nodes.get(hash)!);
    if (last.execs.length > 0) {
      expect(last.objects.map((object) => object.bytes.length)).toEqual([65, 128]);
      answer = encodeExecResult(result);
    }
  }
  nodes.set([...nodes.keys()][0]!, new Uint8Array(3));
  expect(step).toThrow(/hash to/);
});

test('any change of any byte of any message is a step and not a fault', async () => {
  const random = createXorshift(7);
  for (const { message } of await story()) {
    const bytes = encodeMessage(message);
    const world = await createWorld(nativeEngine);
    world.deposit(ALICE.address, 10n ** 15n);
    const leaf = world.leaf;
    for (let round = 0; round < 60; round++) {
      world.leaf = leaf;
      const changed = bytes.slice(0, round % 3 === 0 ? random(bytes.length + 1) : bytes.length);
      for (let flips = random(4); flips >= 0 && changed.length > 0; flips--)
        changed[random(changed.length)] = random(256);
      const { receipt } = world.apply(changed, round % 2 === 0 ? 'l1' : 'sequencer');
      expect(typeof receipt.ok).toBe('boolean');
      if (!receipt.ok) expect(receipt.error).toMatch(/^[\w ]+: expected .*, got .*$/);
    }
  }
});

test('ethers and viem sign what the kernel checks', async () => {
  const key: Hex = `0x${'00'.repeat(31)}01`;
  for (const { message } of await story()) {
    if (!('sender' in message)) continue;
    const { primaryType, message: fields } = typedData(message) as { primaryType: keyof typeof TYPES; message: object };
    const types = { [primaryType]: [...TYPES[primaryType]] };
    expect(await new Wallet(key).signTypedData(DOMAINS.inbox, types, fields)).toBe(message.signature);
    const request = Buffer.concat([hexToBytes(hashTypedData(typedData(message))), hexToBytes(message.signature)]);
    expect(`0x${Buffer.from(recoverAddress(request)).toString('hex')}`).toBe(ALICE.address.toLowerCase());
  }
});

test('signatures that recover to nobody', async () => {
  const { message } = (await story()).find((told) => told.message.kind === 'Cancel')!;
  if (!('sender' in message)) throw new Error('unreachable');
  const good = Buffer.concat([hexToBytes(hashTypedData(typedData(message))), hexToBytes(message.signature)]);
  const zero = new Uint8Array(20);
  const changed = (at: number, bytes: readonly number[]) =>
    Uint8Array.from([...good.subarray(0, at), ...bytes, ...good.subarray(at + bytes.length)]);
  for (const v of [0, 1, 26, 29, 255]) expect(recoverAddress(changed(96, [v]))).toEqual(zero);
  expect(recoverAddress(changed(32, new Array(32).fill(0)))).toEqual(zero);
  expect(recoverAddress(changed(64, new Array(32).fill(0)))).toEqual(zero);
  expect(recoverAddress(changed(32, new Array(32).fill(255)))).toEqual(zero);
  expect(recoverAddress(changed(64, new Array(32).fill(255)))).toEqual(zero);
});

test('a module that does not commit is a broken invariant', () => {
  const idle = Uint8Array.from([
    0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 5, 3, 1, 0, 1, 7, 19, 2, 6, 109, 101, 109, 111, 114,
    121, 2, 0, 6, 95, 115, 116, 97, 114, 116, 0, 0, 10, 4, 1, 2, 0, 11,
  ]);
  const kernel = createKernel(createDirectEngine(idle));
  const input = { stateLeaf: new Uint8Array(128), context: new Uint8Array(128), message: new Uint8Array(0) };
  expect(() => kernel.step({ ...input, getNode: () => undefined, getExec: () => undefined })).toThrow(
    'without a state leaf',
  );
});
