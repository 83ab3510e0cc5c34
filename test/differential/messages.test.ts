// docs/messages.md#decoding: mutants of valid messages of every kind. All engines give one state; who is refused is told why; what is taken decodes.
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { feesKey } from '../../kernel/keys.ts';
import { feesRecord } from '../../kernel/records.ts';
import { createKernel, type Kernel, type StepDone } from '../../kernel/run.ts';
import { createDraft } from '../../node/l1/draft.ts';
import { MAX_KERNEL_GAS } from '../../protocol/constants.ts';
import { decodeDefinition } from '../../protocol/definition.ts';
import { MizuError } from '../../protocol/errors.ts';
import { decodeInputs, decodeMessage, decodeObjects, type Message } from '../../protocol/messages.ts';
import { receiveMessage } from '../../protocol/received.ts';
import { decodeExecRequest, decodeStateLeaf, encodeContext, encodeExecResult } from '../../protocol/state.ts';
import { createTasks, type Tasks } from '../../sequencer/chain/tasks.ts';
import { indexStep } from '../../sequencer/index/index-step.ts';
import { openTables, type Tables } from '../../sequencer/index/tables.ts';
import { createLogger } from '../../service/process/log.ts';
import { openStore, type Store } from '../../service/storage/store.ts';
import { directEngine, nativeEngine, stepEngine } from '../kernel/engine.fixture.ts';
import { createXorshift } from '../kernel/random.fixture.ts';
import { GAS_PRICE } from '../kernel/world.fixture.ts';
import { mutantsOf, randomMutant } from './message-mutants.ts';
import { OUT_OF_REACH, REFUSALS, TAKEN } from './message-refusals.ts';
import { createScenes, type Scenes, type SentMessage } from './message-scenes.ts';

const RANDOM_MUTANTS = 400;
/** Instructions that a message may cost for nobody's money: a base, what is read of each byte, and of each item. */
const FREE = { base: 1_000_000, perByte: 40, perItem: 250_000 };

const kernels = {
  native: createKernel(nativeEngine),
  direct: createKernel(directEngine),
  stepped: createKernel(stepEngine),
};

/** Of all mutants together: every one of these, and no other. */
const OUTCOMES = [
  ...TAKEN.map((kind) => `${kind} taken`),
  ...Object.entries(REFUSALS).flatMap(([kind, refusals]) => refusals.map((refusal) => `${kind} ${refusal}`)),
].sort();

let scenes: Scenes;
let folder: string;
let store: Store;
let tables: Tables;
let tasks: Tasks;
beforeAll(async () => {
  scenes = await createScenes(nativeEngine);
  folder = await mkdtemp(join(tmpdir(), 'mizu-messages-'));
  store = await openStore(folder);
  tables = openTables(store);
  const log = createLogger('test', 'silent');
  const [prepare, promisedTo] = [async () => undefined, async () => 0n];
  tasks = createTasks({ tables, log, ahead: 1, prepare, promisedTo, onPrepared: () => undefined });
});
afterAll(async () => {
  await store.close();
  await rm(folder, { recursive: true });
});

function step(kernel: Kernel, { leaf, bytes, origin, time }: SentMessage): StepDone {
  const { batch, message } = decodeStateLeaf(leaf);
  const done = kernel.step({
    stateLeaf: leaf,
    context: encodeContext({ timestamp: time, origin, batch, message, batchCount: message + 2n }),
    message: bytes,
    getNode: (hash) => scenes.world.nodes.get(hash),
    getExec: (request) => encodeExecResult(scenes.world.exec(decodeExecRequest(request))),
  });
  if (done.kind !== 'done') throw new Error(`the step needs ${done.nodes.join()}`);
  return done;
}

/** `field: expected …` with the numbers left out, of the message or of its items. */
function outcomesOf({ receipt }: StepDone): string[] {
  const refused = [receipt, ...(receipt.items ?? [])].flatMap(({ ok, error }) =>
    ok || error === undefined ? [] : error,
  );
  const named = refused.map((error) =>
    `${receipt.kind} ${error.split(', got ')[0]}`.replace(/0x[0-9a-f]+/g, 'H').replace(/\b\d+\b/g, 'N'),
  );
  const taken = receipt.ok && (receipt.items ?? [receipt]).some(({ ok }) => ok);
  return taken ? [...named, `${receipt.kind} taken`] : named;
}

async function feesOf(leaf: Uint8Array, done?: StepDone): Promise<bigint> {
  const { world } = scenes;
  const before = world.leaf;
  for (const [hash, node] of done?.nodes ?? []) world.nodes.set(hash, node);
  world.leaf = leaf;
  const fees = (await world.read(feesKey(), feesRecord))?.fees ?? 0n;
  world.leaf = before;
  return fees;
}

/** What everyone who meets the message does with it must end as the kernel says. */
async function check(sent: SentMessage): Promise<StepDone> {
  const done = step(kernels.native, sent);
  const { receipt } = done;
  const note = `${sent.name}: ${JSON.stringify(receipt).slice(0, 300)}`;
  const direct = step(kernels.direct, sent);
  expect(direct.stateLeaf, note).toEqual(done.stateLeaf);
  expect(direct.receipt, note).toEqual(receipt);
  expect(done.gasUsed, note).toBeLessThan(MAX_KERNEL_GAS);
  if (!receipt.ok) expect(receipt.error, note).toMatch(/^[\w ]+: expected .*, got .*$/);
  const paid = (await feesOf(done.stateLeaf, done)) - (await feesOf(sent.leaf));
  const free = FREE.base + FREE.perByte * sent.bytes.length + FREE.perItem * (receipt.items?.length ?? 0);
  // L1 has been paid for its own messages.
  if (sent.origin === 'sequencer')
    expect(Number(done.gasUsed), note).toBeLessThan(Math.max(free, Number(paid / GAS_PRICE)));
  const decoded = decode(sent.bytes, note);
  await tasks.observe(receipt);
  if (receipt.ok) {
    // Only of an InferenceResult may there be a part that is not taken.
    const isWhole = receipt.items?.every(({ ok }) => ok) ?? true;
    if (isWhole) expect(decoded, `${note} does not decode`).toBeDefined();
    if (decoded !== undefined) decodeParts(decoded);
    const facts = { received: receiveMessage(sent.bytes), receipt, step: 1, batch: 1, timestamp: 1 };
    await indexStep(createDraft(), tables, { getSync: () => undefined }, facts);
  }
  return done;
}

/** Undefined if it is refused, which it may be in one way only. */
function decode(bytes: Uint8Array, note: string): Message | undefined {
  try {
    return decodeMessage(bytes);
  } catch (error) {
    expect(error, note).toBeInstanceOf(MizuError);
    expect((error as MizuError).code, note).toBe('protocol/malformed');
    return undefined;
  }
}

function decodeParts(message: Message): void {
  if (message.kind === 'Deploy') decodeDefinition(message.definition);
  if (message.kind === 'Run') decodeInputs(message.inputs);
  if (message.kind === 'Renew') decodeObjects(message.objects);
}

test('mutants of every kind: one state in all engines, every refusal that there is, and nothing else', async () => {
  const seen = new Set<string>();
  const random = createXorshift(5);
  const see = async (sent: SentMessage): Promise<void> => {
    const done = await check(sent);
    const fresh = outcomesOf(done).filter((outcome) => !seen.has(outcome));
    for (const outcome of fresh) seen.add(outcome);
    // Each outcome once as L1 would judge it; a step that runs a program is test/differential/kernel-step's.
    if (fresh.length === 0 || done.receipt.outputRoot !== undefined || sent.bytes.length > 20_000) return;
    const stepped = step(kernels.stepped, sent);
    expect(stepped.stateLeaf, sent.name).toEqual(done.stateLeaf);
    expect(stepped.gasUsed, sent.name).toBe(done.gasUsed);
  };
  for (const sent of scenes.special) await see(sent);
  for (const sent of scenes.valid) for await (const mutant of mutantsOf(sent)) await see(mutant);
  for (let i = 0; i < RANDOM_MUTANTS; i++)
    await see(await randomMutant(scenes.valid[random(scenes.valid.length)]!, random));
  expect([...seen].sort()).toEqual(OUTCOMES);
});

/** The fields that the kernel's sources name where they refuse. */
function fieldsOfTheSources(): string[] {
  const folder = new URL('../../kernel/assembly/', import.meta.url);
  const sources = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile());
  const text = sources.map(({ name }) => readFileSync(new URL(name, folder), 'utf8')).join('\n');
  const named = text.matchAll(/\b(?:refuse\w*|next|check(?:Length|Whole|Lifted))\(\s*'([^']+)'/g);
  return [...new Set([...named].map(([, field]) => field as string))].sort();
}

test('no field that the kernel can refuse is missing from the list', () => {
  const reached = Object.values(REFUSALS).flatMap((refusals) => refusals.map((refusal) => refusal.split(': ')[0]));
  expect(fieldsOfTheSources().filter((field) => !reached.includes(field))).toEqual(Object.keys(OUT_OF_REACH).sort());
});
