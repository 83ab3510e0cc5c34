// A network in memory for the tests of the prover: genesis, real programs, a run, and its messages batch by batch.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { domainSeparator } from 'viem';
import wabtFactory from 'wabt';
import { KERNEL_PATH } from '../../kernel/file.ts';
import { createGenesis } from '../../kernel/genesis.ts';
import { createKernelEngine } from '../../kernel/native.ts';
import { createKernel } from '../../kernel/run.ts';
import { createMemo } from '../../node/memo.ts';
import { createNodeStore } from '../../node/nodes.ts';
import { createProgramRegistry } from '../../node/programs.ts';
import { createTransition, type StepInput, type TransitionParts } from '../../node/transition.ts';
import { createExecPool } from '../../node/workers/pool.ts';
import type { Certificate } from '../../protocol/certificate.ts';
import {
  type Definition,
  encodeDefinition,
  hashWorkflow,
  objectsOfDefinition,
  type ProgramEntry,
} from '../../protocol/definition.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import { encodeInputs, encodeMessage, hashRun, type Message } from '../../protocol/messages.ts';
import { receiveMessage } from '../../protocol/received.ts';
import { encodeContext } from '../../protocol/state.ts';
import type { ObjectRef } from '../../protocol/tree.ts';
import { createMemoryObjects, type ObjectStore } from '../../service/storage/objects.ts';
import { openStore, type Store } from '../../service/storage/store.ts';
import { type BuiltProgram, programToEntry } from '../../vm/entry.ts';
import { loadModule } from '../../vm/load.ts';
import { createProgram, type Image } from '../../vm/program.ts';
import {
  ALICE,
  certify,
  DOMAINS,
  execStage,
  GAS_PRICE,
  MEMBERS,
  START,
  sign,
  type UnsignedMessage,
} from '../kernel/world.fixture.ts';

export const kernelEngine = createKernelEngine(readFileSync(KERNEL_PATH));

const text = (value: string) => new TextEncoder().encode(value);

/** Copies stdin to the output, each byte plus one; `(data)` makes programs differ. */
const SHIFT = `(module
  (import "mizu" "input_size" (func $size (param i32) (result i64)))
  (import "mizu" "input_read" (func $read (param i32 i32 i64 i32)))
  (import "mizu" "output_write" (func $write (param i32 i32)))
  (memory (export "memory") 2 32)
  (func (export "_start") (local $n i32) (local $i i32)
    (local.set $n (i32.wrap_i64 (call $size (i32.const 1))))
    (call $read (i32.const 0) (i32.const 1) (i64.const 0) (local.get $n))
    (block $end (loop $next
      (br_if $end (i32.ge_u (local.get $i) (local.get $n)))
      (i32.store8 (local.get $i) (i32.add (i32.load8_u (local.get $i)) (i32.const 1)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br $next)))
    (call $write (i32.const 0) (local.get $n))))`;

/** A module, with the state that it starts from if it is not the module's own. */
export type WasmSource = { readonly wasm: Uint8Array; readonly image?: Image };

export async function assembleSource(wat: string): Promise<WasmSource> {
  const wabt = await wabtFactory();
  const parsed = wabt.parseWat('test.wat', wat);
  const wasm = new Uint8Array(parsed.toBinary({}).buffer);
  parsed.destroy();
  return { wasm };
}

export async function putTestProgram(objects: Pick<ObjectStore, 'putAll'>, source?: WasmSource): Promise<ProgramEntry> {
  const { wasm, image } = source ?? (await assembleSource(SHIFT));
  const program = createProgram({ module: loadModule(wasm), ...(image === undefined ? {} : { image }) });
  await objects.putAll([program.code, program.memory, program.slots, program.data, wasm]);
  return programToEntry(program, wasm);
}

export function createTestGenesis() {
  return createGenesis({
    chainId: 31337,
    minGasPrice: GAS_PRICE,
    inboxDomain: domainSeparator({ domain: DOMAINS.inbox }),
    daDomain: domainSeparator({ domain: DOMAINS.da }),
    gatewayDomain: domainSeparator({ domain: DOMAINS.gateway }),
    retention: 100n,
    committeeOverlap: 50n,
    committee: { epoch: 1n, threshold: 3, members: MEMBERS.map((member) => member.address) },
  });
}

/** Who signs a workflow and its run, and gets its objects promised. */
export type Author = {
  readonly address: Address;
  /** Unix seconds. */
  readonly deadline: bigint;
  sign(message: UnsignedMessage): Promise<Message>;
  certify(objects: readonly ObjectRef[]): Promise<Certificate>;
};

const ALICE_AUTHOR: Author = {
  address: ALICE.address,
  deadline: START + 3600n,
  sign: (message) => sign(ALICE, message),
  certify,
};

export type RunOptions = {
  readonly source?: WasmSource | undefined;
  readonly taskGasLimit?: bigint | undefined;
  /** Makes its rows other ones. */
  readonly name?: string | undefined;
};

/** Two stages over `partitions`: each byte plus one, twice; the second is the dataset. */
export async function createRunMessages(
  objects: Pick<ObjectStore, 'putAll'>,
  partitions: number,
  nonce = 0n,
  author: Author = ALICE_AUTHOR,
  { source, taskGasLimit = 500_000n, name = 'input' }: RunOptions = {},
) {
  const program = await putTestProgram(objects, source);
  const [metadata] = await objects.putAll([text('{}')]);
  const gasLimit = 2n * taskGasLimit;
  const stages = [execStage({ gasLimit }), execStage({ gasLimit, inputs: [{ source: 0, mode: 'same' }], sink: true })];
  const definition: Definition = { programs: [program], stages, metadata: metadata! };
  const workflow = hashWorkflow(definition);
  const encoded = encodeDefinition(definition, await author.certify(objectsOfDefinition(definition)));
  const inputs = await objects.putAll(Array.from({ length: partitions }, (_, i) => text(`row ${i} of the ${name}`)));
  const deploy = await author.sign({ kind: 'Deploy', nonce, maxFee: 10n ** 18n, definition: encoded });
  const start = await signRun(author, { nonce: nonce + 1n, workflow, taskGasLimit, inputs });
  const run = hashRun(author.address, nonce + 1n, workflow);
  const advances = [0, 1].flatMap((stage) =>
    Array.from({ length: partitions }, (_, partition): Message => ({ kind: 'Advance', run, stage, partition })),
  );
  const deposit: Message = { kind: 'Deposit', account: author.address, amount: 10n ** 15n };
  return { run, workflow, deposit, messages: [deploy, start, ...advances] as readonly Message[] };
}

/** A run of one task: a provable model reads one request object. */
export async function createModelMessages(
  author: Author & Pick<ObjectStore, 'putAll'>,
  { entry, objects }: BuiltProgram,
  requests: Uint8Array,
  taskGasLimit: bigint,
): Promise<readonly Message[]> {
  await author.putAll([...objects]);
  const [metadata] = await author.putAll([text('{}')]);
  const stages = [execStage({ gasLimit: taskGasLimit, sink: true })];
  const definition: Definition = { programs: [entry], stages, metadata: metadata! };
  const workflow = hashWorkflow(definition);
  const encoded = encodeDefinition(definition, await author.certify(objectsOfDefinition(definition)));
  const inputs = await author.putAll([requests]);
  const deploy = await author.sign({ kind: 'Deploy', nonce: 0n, maxFee: 10n ** 18n, definition: encoded });
  const start = await signRun(author, { nonce: 1n, workflow, taskGasLimit, inputs });
  const run = hashRun(author.address, 1n, workflow);
  return [deploy, start, { kind: 'Advance', run, stage: 0, partition: 0 }];
}

type StartedRun = {
  readonly nonce: bigint;
  readonly workflow: Hex;
  readonly taskGasLimit: bigint;
  readonly inputs: readonly ObjectRef[];
};

/** A run that asks no gateway. */
async function signRun(author: Author, { inputs, ...run }: StartedRun): Promise<Message> {
  return author.sign({
    ...{ kind: 'Run', ...run, maxCost: 10n ** 12n, maxItemCost: 0n, maxInferenceCost: 0n, gateways: [] },
    deadline: author.deadline,
    inputs: encodeInputs(inputs, await author.certify(inputs)),
  });
}

export function toSteps(batch: bigint, messages: readonly Message[], delayed = 0): StepInput[] {
  return messages.map((message, i) => ({
    message: receiveMessage(encodeMessage(message)),
    context: encodeContext({
      timestamp: START,
      origin: i < delayed ? 'l1' : 'sequencer',
      batch,
      message: BigInt(i),
      batchCount: BigInt(messages.length),
    }),
  }));
}

export type TestNode = Awaited<ReturnType<typeof openTestNode>>;

/** A transition over its own store and objects. */
export async function openTestNode(
  objects: ObjectStore = createMemoryObjects(),
  workers = 1,
  options: Pick<TransitionParts, 'ahead'> = {},
) {
  const path = mkdtempSync(join(tmpdir(), 'mizu-prover-'));
  const store: Store = await openStore(path);
  const genesis = await createTestGenesis();
  const nodes = createNodeStore(store);
  await nodes.put([...genesis.nodes.values()]);
  const programs = createProgramRegistry(store);
  const pool = createExecPool({ objects, programs, memo: await createMemo(store), workers });
  const kernel = createKernel(kernelEngine);
  const transition = createTransition({ kernel, nodes, objects, pool, programs, ...options });
  return {
    store,
    objects,
    nodes,
    pool,
    kernel,
    programs,
    transition,
    genesis,
    async close() {
      await pool.close();
      await store.close();
      rmSync(path, { recursive: true });
    },
  };
}

export const asText = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);
