import { beforeEach, describe, expect, test } from 'vitest';
import { totalLength } from '../protocol/certificate.ts';
import {
  type Definition,
  encodeDefinition,
  hashWorkflow,
  objectsOfDefinition,
  type ProgramEntry,
  type Stage,
} from '../protocol/definition.ts';
import { encodeMessage } from '../protocol/messages.ts';
import { decodeStateLeaf } from '../protocol/state.ts';
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
  makeDefinition,
  makeProgram,
  START,
  sign,
  type World,
} from '../test/kernel/world.fixture.ts';
import { accountKey, workflowKey } from './keys.ts';
import { accountRecord, workflowRecord } from './records.ts';

let world: World;
let nonce = 0n;

beforeEach(async () => {
  world = await createWorld(nativeEngine);
  world.deposit(ALICE.address, 10n ** 15n);
  nonce = 0n;
});

async function deployBytes(definition: Uint8Array): Promise<string | undefined> {
  const message = await sign(ALICE, { kind: 'Deploy', nonce, maxFee: 10n ** 18n, definition });
  nonce += 1n;
  const { receipt } = world.apply(message);
  // Whatever was wrong, the message was signed: its nonce is used.
  expect((await world.read(accountKey(ALICE.address), accountRecord))?.nonce).toBe(nonce);
  return receipt.error;
}

const deploy = async (definition: Definition): Promise<string | undefined> =>
  deployBytes(encodeDefinition(definition, await certify(objectsOfDefinition(definition))));
const deployStages = (...stages: Stage[]) => deploy(makeDefinition(stages));
const deployProgram = (fields: Partial<ProgramEntry>) =>
  deploy({ ...makeDefinition(), programs: [{ ...makeProgram('map'), ...fields }, makeProgram('reduce')] });

function header(change: (view: DataView) => void): Uint8Array {
  const bytes = makeProgram('map').header.slice();
  change(new DataView(bytes.buffer));
  return bytes;
}

test('a fee above maxFee is refused and charges nobody', async () => {
  const definition = encodeDefinition(makeDefinition(), await certify(objectsOfDefinition(makeDefinition())));
  const message = await sign(ALICE, { kind: 'Deploy', nonce: 0n, maxFee: 1n, definition });
  const before = decodeStateLeaf(world.leaf).stateRoot;
  expect(world.apply(message).receipt.error).toMatch(/^maxFee: expected at least the fee of \d+, got 1$/);
  expect(decodeStateLeaf(world.leaf).stateRoot).toBe(before);
});

describe('stages', () => {
  const sink = { sink: true };

  test('of every allowed shape', async () => {
    const generator = execStage({ inputs: [], width: 1024, gasLimit: 2n ** 34n });
    const fanIn = execStage({
      ...sink,
      width: 1,
      inputs: [
        { source: 0, mode: 'all' },
        { source: 0xffff, mode: 'all' },
      ],
    });
    expect(await deployStages(generator, fanIn)).toBeUndefined();
    expect(await deployStages(inferStage(0xffff, sink))).toBeUndefined();
    expect(await deployStages(...Array.from({ length: 256 }, () => execStage(sink)))).toBeUndefined();
  });

  test('refused', async () => {
    expect(await deployStages()).toBe('stages: expected 1 to 256, got 0');
    expect(await deployStages(...Array.from({ length: 257 }, () => execStage(sink)))).toBe(
      'stages: expected 1 to 256, got 257',
    );
    expect(await deployStages(execStage())).toBe('sinks: expected at least one stage that is a sink, got 0');
    expect(await deployStages(execStage({ width: 1025 }))).toBe('stage width: expected at most 1024, got 1025');
    expect(await deployStages(execStage({ program: 2 }))).toBe('stage program: expected below 2, got 2');
    expect(await deployStages(execStage({ gasLimit: 0n }))).toBe(`stage gasLimit: expected 1 to ${2n ** 34n}, got 0`);
    expect(await deployStages(execStage({ gasLimit: 2n ** 34n + 1n }))).toBe(
      `stage gasLimit: expected 1 to ${2n ** 34n}, got ${2n ** 34n + 1n}`,
    );
    expect(await deployStages(execStage({ model: `0x${'01'.repeat(32)}` }))).toBe(
      `stage model: expected zero for exec, got 0x${'01'.repeat(32)}`,
    );
    expect(await deployStages(execStage({ inputs: [{ source: 0, mode: 'same' }] }))).toBe(
      'stage input source: expected below 0, got 0',
    );
    expect(
      await deployStages(execStage({ width: 3 }), execStage({ width: 4, inputs: [{ source: 0, mode: 'same' }] })),
    ).toBe('stage width: expected that of its input, 3, got 4');
    const nine = Array.from({ length: 9 }, () => ({ source: 0xffff, mode: 'all' as const }));
    expect(await deployStages(execStage({ inputs: nine }))).toBe('stage inputs: expected at most 8, got 9');
    expect(await deployStages(inferStage(0xffff, { program: 1 }))).toBe('stage program: expected 0 for infer, got 1');
    expect(await deployStages(inferStage(0xffff, { gasLimit: 1n }))).toBe(
      'stage gasLimit: expected 0 for infer, got 1',
    );
    expect(await deployStages(inferStage(0xffff, { inputs: [] }))).toBe('infer inputs: expected 1, got 0');
    expect(await deployStages(inferStage(0xffff, { inputs: [{ source: 0xffff, mode: 'all' }] }))).toBe(
      'infer input mode: expected same, got all',
    );
  });
});

describe('programs', () => {
  test('refused', async () => {
    expect(await deployProgram({ header: header((view) => view.setBigUint64(0, 2n)) })).toBe(
      'program version: expected 1, got 2',
    );
    expect(await deployProgram({ header: header((view) => view.setUint32(140, 16385)) })).toBe(
      'program pagesMax: expected at most 16384, got 16385',
    );
    expect(await deployProgram({ header: header((view) => view.setUint32(136, 3)) })).toBe(
      'program pagesInitial: expected at most 2, got 3',
    );
    expect(await deployProgram({ imageLength: 65537 })).toBe('program imageLength: expected at most 65536, got 65537');
    for (const slotsLength of [0, 3, 7, 9, 16, 524_288])
      expect(await deployProgram({ slotsLength })).toBe(
        `program slotsLength: expected 8 bytes a global, 8, got ${slotsLength}`,
      );
    for (const globals of [65_536, 65_537, 2 ** 32 - 1])
      expect(await deployProgram({ header: header((view) => view.setUint32(148, globals)) })).toBe(
        `program globals: expected below 65536, got ${globals}`,
      );
    expect(await deployProgram({ header: header((view) => view.setUint32(144, 1)) })).toBe(
      'program entry: expected 0, got 1',
    );
    expect(await deployProgram({ wasmLength: 2 ** 25 + 1 })).toBe(
      'program wasmLength: expected at most 33554432, got 33554433',
    );
    expect(await deployProgram({ codeLength: 2 ** 27 + 16 })).toBe(
      `program codeLength: expected at most ${2 ** 27}, got ${2 ** 27 + 16}`,
    );
    expect(await deployProgram({ codeLength: 100 })).toBe(
      'program codeLength: expected a multiple of 16 above 0, got 100',
    );
    expect(await deployProgram({ codeLength: 0 })).toBe('program codeLength: expected a multiple of 16 above 0, got 0');
    expect(await deployProgram({ dataLength: 2 ** 30 + 1 })).toBe(
      `program dataLength: expected at most ${2 ** 30}, got ${2 ** 30 + 1}`,
    );
    expect(await deployProgram({ imageTreeRoot: `0x${'01'.repeat(32)}` })).toMatch(
      /^program memoryRoot: expected 0x\w+, got 0x\w+$/,
    );
    expect(await deployProgram({ slotsTreeRoot: `0x${'01'.repeat(32)}` })).toMatch(
      /^program slotsRoot: expected 0x\w+, got 0x\w+$/,
    );
    const many = { ...makeDefinition(), programs: Array.from({ length: 65 }, () => makeProgram('map')) };
    expect(await deploy(many)).toBe('programs: expected at most 64, got 65');
  });

  test('as many as allowed, and none', async () => {
    const programs = Array.from({ length: 64 }, (_, n) => makeProgram(`program ${n}`));
    expect(await deploy({ ...makeDefinition(), programs })).toBeUndefined();
    expect(await deploy({ ...makeDefinition([inferStage(0xffff, { sink: true })]), programs: [] })).toBeUndefined();
  });
});

describe('the certificate', () => {
  const refusal = async (options: Parameters<typeof certify>[1]) =>
    deployBytes(encodeDefinition(makeDefinition(), await certify(objectsOfDefinition(makeDefinition()), options)));

  test('refused', async () => {
    expect(await refusal({ epoch: 2n })).toBe('certificate epoch: expected 1, got 2');
    expect(await refusal({ expiry: START + 99n })).toBe(
      `certificate expiry: expected at least ${START + 100n}, got ${START + 99n}`,
    );
    const most = START + 400n * 86_400n;
    expect(await refusal({ expiry: most + 1n })).toBe(`certificate expiry: expected at most ${most}, got ${most + 1n}`);
    expect(await refusal({ signers: [0, 3] })).toBe('certificate signers: expected at least 3, got 2');
    const good = await certify(objectsOfDefinition(makeDefinition()));
    expect(await deployBytes(encodeDefinition(makeDefinition(), { ...good, signers: 0b1011n }))).toBe(
      'certificate signature: expected to be of the member it is for, got 3',
    );
    expect(await deployBytes(encodeDefinition(makeDefinition(), { ...good, signers: 0b10011n }))).toBe(
      'certificate signers: expected bits below 4, got 4',
    );
    const others = await certify(objectsOfDefinition(makeDefinition()).slice(1));
    expect(await deployBytes(encodeDefinition(makeDefinition(), others))).toBe(
      'certificate signature: expected to be of the member it is for, got 0',
    );
    const bytes = encodeDefinition(makeDefinition(), good);
    expect(await deployBytes(bytes.slice(0, -1))).toBe('certificate: expected bytes of 219, got 218');
    expect(await deployBytes(Uint8Array.from([...bytes, 0]))).toBe('certificate: expected bytes of 219, got 220');
  });

  test('may have more signers than the threshold, and 100 seconds to 400 days to run', async () => {
    expect(await refusal({ signers: [0, 1, 2, 3], expiry: START + 100n })).toBeUndefined();
    expect(await refusal({ expiry: START + 400n * 86_400n })).toBeUndefined();
  });
});

test('a definition that ends anywhere is refused and paid', async () => {
  const definition = makeDefinition([execStage({ sink: true })]);
  const bytes = encodeDefinition(definition, await certify(objectsOfDefinition(definition)));
  for (let length = 0; length < bytes.length; length += 7)
    expect(await deployBytes(bytes.slice(0, length))).toMatch(/expected/);
  expect(await deployBytes(bytes)).toBeUndefined();
});

test('metadata is at most 1 MiB', async () => {
  const definition = makeDefinition();
  const metadata = { ...definition.metadata, length: 1024 * 1024 + 1 };
  expect(await deploy({ ...definition, metadata })).toBe('metadata length: expected at most 1048576, got 1048577');
});

test('what a deploy makes everyone keep is paid by the byte, within maxFee', async () => {
  const message = await deployMessage(ALICE, 0n);
  if (message.kind !== 'Deploy') throw new Error('unreachable');
  const kept = BigInt(totalLength(objectsOfDefinition(makeDefinition())));
  const fee = (250_000n + 1_000n * BigInt(encodeMessage(message).length) + 10n * kept) * GAS_PRICE;
  const low = world.apply(await sign(ALICE, { ...message, maxFee: fee - 1n })).receipt;
  expect(low.error).toBe(`maxFee: expected at least the fee of ${fee}, got ${fee - 1n}`);
  const { receipt } = world.apply(await sign(ALICE, { ...message, nonce: 1n, maxFee: fee }));
  expect(receipt).toMatchObject({ ok: true, feeWei: String(fee) });
});

test('the same workflow again renews it, by whomever, if its certificate is later', async () => {
  const until = START + 10_000n;
  const key = workflowKey(hashWorkflow(makeDefinition()));
  expect(world.apply(await deployMessage(ALICE, 0n)).receipt.error).toBeUndefined();
  expect(world.apply(await deployMessage(ALICE, 1n)).receipt.error).toBe(
    `certificate expiry: expected more than ${until}, got ${until}`,
  );
  world.deposit(BOB.address, 10n ** 15n);
  expect(world.apply(await deployMessage(BOB, 0n, makeDefinition(), until + 1n)).receipt.error).toBeUndefined();
  expect(await world.read(key, workflowRecord)).toMatchObject({
    owner: ALICE.address.toLowerCase(),
    expiry: until + 1n,
  });
});
