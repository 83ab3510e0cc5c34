// A network's state in memory for the kernel's tests: accounts, committee, gateway, one model, and programs that are answered by a function.
import { domainSeparator } from 'viem';
import { type PrivateKeyAccount, privateKeyToAccount } from 'viem/accounts';
import { createGenesis } from '../../kernel/genesis.ts';
import { openStateTrie } from '../../kernel/node-db.ts';
import type { Codec } from '../../kernel/records.ts';
import { createKernel, type KernelEngine, type StepDone } from '../../kernel/run.ts';
import { createWriter } from '../../protocol/bytes.ts';
import type { Certificate } from '../../protocol/certificate.ts';
import { hashObjects, totalLength } from '../../protocol/certificate.ts';
import {
  type Definition,
  encodeDefinition,
  hashWorkflow,
  objectsOfDefinition,
  type ProgramEntry,
  type Stage,
} from '../../protocol/definition.ts';
import { type Address, type Hex, ZERO_HASH } from '../../protocol/hex.ts';
import { hashInferenceItems, type InferenceItem } from '../../protocol/inference.ts';
import {
  encodeInputs,
  encodeMessage,
  type Message,
  typedMessage,
  type UserMessage,
  type WorkerAccount,
} from '../../protocol/messages.ts';
import { hashProgramHeader } from '../../protocol/program.ts';
import {
  decodeExecRequest,
  decodeStateLeaf,
  type ExecRequest,
  type ExecResult,
  encodeContext,
  encodeExecResult,
  type Origin,
} from '../../protocol/state.ts';
import { liftTreeRoot, type ObjectRef, objectRef, treeRoot } from '../../protocol/tree.ts';
import { createDomain, TYPES } from '../../protocol/typed-data.ts';

const CHAIN_ID = 31337;
const contract = (n: number): Address => `0x${n.toString(16).padStart(40, '0')}`;
export const DOMAINS = {
  inbox: createDomain(CHAIN_ID, contract(0x1b)),
  da: createDomain(CHAIN_ID, contract(0xda)),
  gateway: createDomain(CHAIN_ID, contract(0x9a)),
};
export const GAS_PRICE = 3n;
export const START = 1_700_000_000n;
/** Seconds. */
export const RETENTION = 100n;
export const OVERLAP = 50n;
export const INPUT_PRICE = 5n;
export const OUTPUT_PRICE = 7n;

export const account = (n: number): PrivateKeyAccount => privateKeyToAccount(`0x${n.toString(16).padStart(64, '0')}`);
export const ALICE = account(1);
export const BOB = account(2);
export const GATEWAY = account(3);
export const MEMBERS = [account(11), account(12), account(13), account(14)];
export const MODEL: Hex = `0x${'5e'.repeat(32)}`;

export type World = Awaited<ReturnType<typeof createWorld>>;
type Exec = (request: ExecRequest) => ExecResult;

const succeed: Exec = (request) => {
  const output = objectRef(new TextEncoder().encode(`output of ${request.inputsRoot} ${request.seed}`));
  return { status: 0, outputRoot: output.root, outputLength: output.length, gasUsed: 1000n };
};

/** `exec` may be replaced; every step's message has its own batch. */
export async function createWorld(engine: KernelEngine) {
  const kernel = createKernel(engine);
  const genesis = await createGenesis({
    chainId: CHAIN_ID,
    minGasPrice: GAS_PRICE,
    inboxDomain: domainSeparator({ domain: DOMAINS.inbox }),
    daDomain: domainSeparator({ domain: DOMAINS.da }),
    gatewayDomain: domainSeparator({ domain: DOMAINS.gateway }),
    retention: RETENTION,
    committeeOverlap: OVERLAP,
    committee: { epoch: 1n, threshold: 3, members: MEMBERS.map((member) => member.address) },
    models: [
      {
        id: MODEL,
        active: true,
        class: 0,
        inputPrice: INPUT_PRICE,
        outputPrice: OUTPUT_PRICE,
        gateways: [GATEWAY.address],
      },
    ],
    gateways: [GATEWAY.address],
  });
  const world = {
    nodes: new Map(genesis.nodes),
    leaf: genesis.stateLeaf,
    time: START,
    exec: succeed,
    objects: new Map<Hex, Uint8Array>(),

    /** One step, alone in its batch. */
    apply(message: Message | Uint8Array, origin: Origin = 'sequencer'): StepDone {
      const { batch } = decodeStateLeaf(world.leaf);
      const step = kernel.step({
        stateLeaf: world.leaf,
        context: encodeContext({ timestamp: world.time, origin, batch, message: 0n, batchCount: 1n }),
        message: message instanceof Uint8Array ? message : encodeMessage(message),
        getNode: (hash) => world.nodes.get(hash),
        getExec: (request) => encodeExecResult(world.exec(decodeExecRequest(request))),
      });
      if (step.kind !== 'done') throw new Error(`the step needs ${step.nodes.join()}`);
      for (const [hash, node] of step.nodes) world.nodes.set(hash, node);
      for (const object of step.objects) world.objects.set(object.root, object.bytes);
      world.leaf = step.stateLeaf;
      return step;
    },

    /** A record read by the trie library. */
    async read<T>(key: Uint8Array, codec: Codec<T>): Promise<T | undefined> {
      const root = decodeStateLeaf(world.leaf).stateRoot;
      const trie = await openStateTrie({ get: (hash) => world.nodes.get(hash) }, root);
      const value = await trie.get(key);
      return value === null ? undefined : codec.decode(value);
    },

    deposit(to: Address, amount: bigint): StepDone {
      return world.apply({ kind: 'Deposit', account: to, amount }, 'l1');
    },
  };
  return world;
}

/** A user message before it is signed; without a gas price it offers `GAS_PRICE`. */
export type UnsignedMessage = UserMessage extends infer M
  ? M extends UserMessage
    ? Omit<M, 'signature' | 'sender' | 'gasPrice'> & { readonly gasPrice?: bigint }
    : never
  : never;

export async function sign(signer: PrivateKeyAccount, fields: UnsignedMessage): Promise<UserMessage> {
  const message = { gasPrice: GAS_PRICE, ...fields, sender: signer.address, signature: '0x' } as UserMessage;
  return { ...message, signature: await signer.signTypedData(typedData(message)) };
}

/** As a wallet is given it: bytes are hex there. */
export function typedData(message: UserMessage) {
  const fields = Object.fromEntries(
    Object.entries(typedMessage(message)).map(([name, value]) => [
      name,
      value instanceof Uint8Array ? (`0x${Buffer.from(value).toString('hex')}` as Hex) : value,
    ]),
  );
  return { domain: DOMAINS.inbox, types: TYPES, primaryType: message.kind, message: fields } as never;
}

export async function certify(
  objects: readonly ObjectRef[],
  { signers = [0, 1, 2], epoch = 1n, expiry = START + 10_000n } = {},
): Promise<Certificate> {
  const message = { epoch, objectsHash: hashObjects(objects), totalLength: totalLength(objects), expiry };
  const data = { domain: DOMAINS.da, types: TYPES, primaryType: 'Certificate', message } as const;
  const signatures = await Promise.all(signers.map((index) => MEMBERS[index]!.signTypedData(data)));
  return { epoch, expiry, signers: signers.reduce((bits, index) => bits | (1n << BigInt(index)), 0n), signatures };
}

export function makeProgram(name: string): ProgramEntry {
  const code = objectRef(new TextEncoder().encode(`code of ${name}`.padEnd(32)));
  const image = new TextEncoder().encode(`image of ${name} ${'x'.repeat(300)}`);
  const slots = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
  const data = objectRef(new Uint8Array(0));
  const wasm = objectRef(new TextEncoder().encode(`wasm of ${name}`));
  const header = createWriter()
    .u64(1)
    .hex(code.root, 32)
    .hex(liftTreeRoot(treeRoot(image), 2, 10), 32);
  header
    .hex(liftTreeRoot(treeRoot(slots), 0, 12), 32)
    .hex(data.root, 32)
    .u32(1)
    .u32(2)
    .u32(0)
    .u32(1);
  return {
    header: header.finish(),
    codeLength: code.length,
    imageTreeRoot: treeRoot(image),
    imageLength: image.length,
    slotsTreeRoot: treeRoot(slots),
    slotsLength: slots.length,
    dataLength: data.length,
    wasmRoot: wasm.root,
    wasmLength: wasm.length,
  };
}

export const programId = (name: string): Hex => hashProgramHeader(makeProgram(name).header);

export function execStage(fields: Partial<Stage> = {}): Stage {
  const inputs = [{ source: 0xffff, mode: 'same' as const }];
  return { kind: 'exec', program: 0, width: 0, gasLimit: 1_000_000n, sink: false, model: ZERO_HASH, inputs, ...fields };
}

export function inferStage(source: number, fields: Partial<Stage> = {}): Stage {
  return { ...execStage(), kind: 'infer', gasLimit: 0n, model: MODEL, inputs: [{ source, mode: 'same' }], ...fields };
}

/** map over partitions, infer, receive, and one reduce over all. */
export const CHAIN: readonly Stage[] = [
  execStage(),
  inferStage(0),
  execStage({
    inputs: [
      { source: 1, mode: 'same' },
      { source: 0, mode: 'same' },
    ],
    sink: true,
  }),
  execStage({ program: 1, width: 1, inputs: [{ source: 2, mode: 'all' }], sink: true }),
];

export function makeDefinition(stages: readonly Stage[] = CHAIN): Definition {
  const metadata = objectRef(new TextEncoder().encode('{}'));
  return { programs: [makeProgram('map'), makeProgram('reduce')], stages, metadata };
}

export async function deployMessage(
  signer: PrivateKeyAccount,
  nonce: bigint,
  definition = makeDefinition(),
  expiry = START + 10_000n,
): Promise<UserMessage> {
  const certificate = await certify(objectsOfDefinition(definition), { expiry });
  const bytes = encodeDefinition(definition, certificate);
  return sign(signer, { kind: 'Deploy', nonce, maxFee: 10n ** 18n, definition: bytes });
}

export const PARTITIONS = [0, 1, 2].map((n) => objectRef(new TextEncoder().encode(`{"row":${n}}\n`)));

export async function runMessage(
  signer: PrivateKeyAccount,
  nonce: bigint,
  {
    workflow = hashWorkflow(makeDefinition()),
    maxCost = 10n ** 9n,
    maxItemCost = maxCost,
    maxInferenceCost = maxCost,
    inputs = PARTITIONS,
    deadline = START + 3600n,
    gateways = [],
    expiry = START + 10_000n,
    gasPrice = GAS_PRICE,
  }: {
    workflow?: Hex;
    maxCost?: bigint;
    maxItemCost?: bigint;
    maxInferenceCost?: bigint;
    inputs?: readonly ObjectRef[];
    deadline?: bigint;
    gateways?: readonly Address[];
    expiry?: bigint;
    gasPrice?: bigint;
  } = {},
): Promise<UserMessage> {
  const bytes = encodeInputs(inputs, await certify(inputs, { expiry }));
  const limits = { maxCost, maxItemCost, maxInferenceCost, taskGasLimit: 500_000n, deadline };
  return sign(signer, { kind: 'Run', nonce, gasPrice, workflow, ...limits, gateways, inputs: bytes });
}

export async function resultMessage(
  nonce: bigint,
  items: readonly InferenceItem[],
  gateway: PrivateKeyAccount = GATEWAY,
  expiry = START + 10_000n,
): Promise<Message> {
  const message = { gateway: gateway.address, nonce, itemsRoot: hashInferenceItems(items) };
  const signature = await gateway.signTypedData({
    domain: DOMAINS.gateway,
    types: TYPES,
    primaryType: 'InferenceBatch',
    message,
  });
  const certificate = await certify(
    items.map((item) => ({ root: item.resultRoot, length: item.resultLength })),
    { expiry },
  );
  return { kind: 'InferenceResult', signature, gateway: gateway.address, nonce, items, certificate };
}

/** What the gateway signs for a worker of it, or another signer in its name. */
export async function workerAccount(
  worker: Address,
  total: bigint,
  gateway: PrivateKeyAccount = GATEWAY,
  signer = gateway,
): Promise<WorkerAccount> {
  const account = { gateway: gateway.address, worker, total };
  const data = { domain: DOMAINS.gateway, types: TYPES, primaryType: 'WorkerAccount', message: account } as const;
  return { ...account, accountSignature: await signer.signTypedData(data) };
}
