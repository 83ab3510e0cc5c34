// docs/kernel.md#state: the records of the state's tables, from RLP to plain data and back.
import { RLP } from '@ethereumjs/rlp';
import type { ProgramEntry, Stage } from '../protocol/definition.ts';
import { type Address, bytesToHex, type Hex, hexToBytes } from '../protocol/hex.ts';
import { PROGRAM_HEADER_BYTES } from '../protocol/program.ts';
import type { ObjectRef } from '../protocol/tree.ts';

export type AccountRecord = { readonly nonce: bigint; readonly balance: bigint };

export type ConfigRecord = {
  readonly chainId: number;
  /** The least wei per gas of a user message, below 2^96. */
  readonly minGasPrice: bigint;
  /** EIP-712 domain separators. */
  readonly inboxDomain: Hex;
  readonly daDomain: Hex;
  readonly gatewayDomain: Hex;
  /** Seconds for which bytes must still be promised when they are used. */
  readonly retention: bigint;
  /** Seconds for which certificates of a committee are good after it was replaced. */
  readonly committeeOverlap: bigint;
};

export type CommitteeRecord = {
  readonly epoch: bigint;
  readonly threshold: number;
  readonly members: readonly Address[];
};
/** The committee before the present one, and the unix seconds until which its certificates are good. */
export type FormerCommitteeRecord = CommitteeRecord & { readonly until: bigint };
export type GatewayRecord = { readonly active: boolean; readonly nonce: bigint };

export type ModelRecord = {
  readonly active: boolean;
  readonly class: number;
  /** Wei per token. */
  readonly inputPrice: bigint;
  readonly outputPrice: bigint;
  /** Gateways whose results a run takes if it names none itself. */
  readonly gateways: readonly Address[];
};

export type WorkflowRecord = {
  readonly owner: Address;
  readonly stageCount: number;
  readonly metadata: ObjectRef;
  /** Unix seconds until which its programs are promised. */
  readonly expiry: bigint;
};
/** A stage as it stands in the state: with its program by id. */
export type StageRecord = Omit<Stage, 'program'> & {
  readonly programId: Hex;
  /** Gas that loading the program costs each task: docs/kernel.md#loading. */
  readonly loadGas: bigint;
};

export type RunRecord = {
  readonly workflow: Hex;
  readonly owner: Address;
  readonly status: number;
  readonly escrow: bigint;
  readonly spent: bigint;
  /** Unix seconds of the batch in which it started. */
  readonly timestamp: bigint;
  readonly deadline: bigint;
  readonly partitions: number;
  readonly taskGasLimit: bigint;
  readonly tasksLeft: number;
  readonly inputsHash: Hex;
  /** Unix seconds until which its inputs and results are promised. */
  readonly expiry: bigint;
  readonly maxItemCost: bigint;
  readonly maxInferenceCost: bigint;
  /** Wei of its escrow that went to gateways. */
  readonly inferenceSpent: bigint;
  readonly sinkTasks: number;
  /** Wei per gas that the run pays for all that it does. */
  readonly gasPrice: bigint;
  /** If it names none, those of the model count. */
  readonly gateways: readonly Address[];
  /** Items of it that L1 has voided, and when it did so last, in unix seconds. Undefined: none. */
  readonly voided?: { readonly items: number; readonly at: bigint };
};

export type TaskRecord = {
  readonly status: number;
  readonly output: ObjectRef;
  readonly gasUsed: bigint;
  readonly attempt: number;
};

/** Records of the stage's tasks with an attempt below `attempt` are void. */
export type ProgressRecord = { readonly done: number; readonly attempt: number };

export type DatasetRecord = { readonly dataset: ObjectRef; readonly workflow: Hex; readonly inputsHash: Hex };
export type WithdrawalRecord = { readonly recipient: Address; readonly amount: bigint };

type Item = Uint8Array | Item[];

/** How a record is written and read; `decode` throws on what the kernel cannot have written. */
export type Codec<T> = { encode(record: T): Uint8Array; decode(bytes: Uint8Array): T };

function codec<T>(write: (record: T) => Item[], read: (fields: Fields) => T): Codec<T> {
  return {
    encode: (record) => RLP.encode(write(record)),
    decode: (bytes) => {
      const fields = createFields(RLP.decode(bytes) as Item);
      const record = read(fields);
      fields.end();
      return record;
    },
  };
}

export const accountRecord = codec<AccountRecord>(
  (r) => [int(r.nonce), int(r.balance)],
  (f) => ({ nonce: f.int(), balance: f.int() }),
);

export const configRecord = codec<ConfigRecord>(
  (r) => [
    int(r.chainId),
    int(r.minGasPrice),
    hex(r.inboxDomain),
    hex(r.daDomain),
    hex(r.gatewayDomain),
    int(r.retention),
    int(r.committeeOverlap),
  ],
  (f) => ({
    chainId: f.number(),
    minGasPrice: f.int(),
    inboxDomain: f.hex(),
    daDomain: f.hex(),
    gatewayDomain: f.hex(),
    retention: f.int(),
    committeeOverlap: f.int(),
  }),
);

export const committeeRecord = codec<CommitteeRecord>(
  (r) => [int(r.epoch), int(r.threshold), r.members.map(hex)],
  (f) => ({
    epoch: f.int(),
    threshold: f.number(),
    members: f.addresses(),
  }),
);

export const formerCommitteeRecord = codec<FormerCommitteeRecord>(
  (r) => [int(r.until), int(r.epoch), int(r.threshold), r.members.map(hex)],
  (f) => ({ until: f.int(), epoch: f.int(), threshold: f.number(), members: f.addresses() }),
);

/** `fees` is the sum of all gas fees since genesis, in wei. */
export const feesRecord = single('fees');
/** `withdrawals` is their number. */
export const countersRecord = single('withdrawals');
/** `settled`: wei of a gateway's account of a worker that were paid. */
export const settledRecord = single('settled');
export const progressRecord = codec<ProgressRecord>(
  (r) => [int(r.done), ...(r.attempt === 0 ? [] : [int(r.attempt)])],
  (f) => ({ done: f.number(), attempt: f.isAtEnd() ? 0 : f.number() }),
);

export const gatewayRecord = codec<GatewayRecord>(
  (r) => [bool(r.active), int(r.nonce)],
  (f) => ({ active: f.bool(), nonce: f.int() }),
);

export const modelRecord = codec<ModelRecord>(
  (r) => [bool(r.active), int(r.class), int(r.inputPrice), int(r.outputPrice), r.gateways.map(hex)],
  (f) => ({
    active: f.bool(),
    class: f.number(),
    inputPrice: f.int(),
    outputPrice: f.int(),
    gateways: f.addresses(),
  }),
);

export const workflowRecord = codec<WorkflowRecord>(
  (r) => [hex(r.owner), int(r.stageCount), ...ref(r.metadata), int(r.expiry)],
  (f) => ({ owner: f.hex(), stageCount: f.number(), metadata: f.ref(), expiry: f.int() }),
);

export const programRecord = codec<ProgramEntry>(
  (r) => [
    r.header,
    int(r.codeLength),
    hex(r.imageTreeRoot),
    int(r.imageLength),
    hex(r.slotsTreeRoot),
    int(r.slotsLength),
    int(r.dataLength),
    hex(r.wasmRoot),
    int(r.wasmLength),
  ],
  (f) => ({
    header: f.bytes(PROGRAM_HEADER_BYTES),
    codeLength: f.number(),
    imageTreeRoot: f.hex(),
    imageLength: f.number(),
    slotsTreeRoot: f.hex(),
    slotsLength: f.number(),
    dataLength: f.number(),
    wasmRoot: f.hex(),
    wasmLength: f.number(),
  }),
);

export const stageRecord = codec<StageRecord>(
  (r) => [
    int(r.kind === 'exec' ? 0 : 1),
    hex(r.programId),
    int(r.width),
    int(r.gasLimit),
    bool(r.sink),
    hex(r.model),
    int(r.loadGas),
    r.inputs.map((input) => [int(input.source), int(input.mode === 'same' ? 0 : 1)]),
  ],
  (f) => ({
    kind: f.number() === 0 ? 'exec' : 'infer',
    programId: f.hex(),
    width: f.number(),
    gasLimit: f.int(),
    sink: f.bool(),
    model: f.hex(),
    loadGas: f.int(),
    inputs: f.list().map((input) => {
      const pair = createFields(input);
      return { source: pair.number(), mode: pair.number() === 0 ? 'same' : 'all' };
    }),
  }),
);

export const runRecord = codec<RunRecord>(
  (r) => [
    hex(r.workflow),
    hex(r.owner),
    int(r.status),
    int(r.escrow),
    int(r.spent),
    int(r.timestamp),
    int(r.deadline),
    int(r.partitions),
    int(r.taskGasLimit),
    int(r.tasksLeft),
    hex(r.inputsHash),
    int(r.expiry),
    int(r.maxItemCost),
    int(r.maxInferenceCost),
    int(r.inferenceSpent),
    int(r.sinkTasks),
    int(r.gasPrice),
    r.gateways.map(hex),
    ...(r.voided === undefined ? [] : [int(r.voided.items), int(r.voided.at)]),
  ],
  (f) => ({
    workflow: f.hex(),
    owner: f.hex(),
    status: f.number(),
    escrow: f.int(),
    spent: f.int(),
    timestamp: f.int(),
    deadline: f.int(),
    partitions: f.number(),
    taskGasLimit: f.int(),
    tasksLeft: f.number(),
    inputsHash: f.hex(),
    expiry: f.int(),
    maxItemCost: f.int(),
    maxInferenceCost: f.int(),
    inferenceSpent: f.int(),
    sinkTasks: f.number(),
    gasPrice: f.int(),
    gateways: f.addresses(),
    ...(f.isAtEnd() ? {} : { voided: { items: f.number(), at: f.int() } }),
  }),
);

export const inputRecord = codec<ObjectRef>(ref, (f) => f.ref());

export const taskRecord = codec<TaskRecord>(
  (r) => [int(r.status), ...ref(r.output), int(r.gasUsed), int(r.attempt)],
  (f) => ({ status: f.number(), output: f.ref(), gasUsed: f.int(), attempt: f.number() }),
);

export const datasetRecord = codec<DatasetRecord>(
  (r) => [...ref(r.dataset), hex(r.workflow), hex(r.inputsHash)],
  (f) => ({ dataset: f.ref(), workflow: f.hex(), inputsHash: f.hex() }),
);

export const withdrawalRecord = codec<WithdrawalRecord>(
  (r) => [hex(r.recipient), int(r.amount)],
  (f) => ({ recipient: f.hex(), amount: f.int() }),
);

function single<Name extends string>(name: Name): Codec<Record<Name, bigint>> {
  return codec(
    (r) => [int(r[name])],
    (f) => ({ [name]: f.int() }) as Record<Name, bigint>,
  );
}

function int(value: bigint | number): Uint8Array {
  if (value === 0 || value === 0n) return new Uint8Array(0);
  const digits = value.toString(16);
  return hexToBytes(`0x${digits.length % 2 === 0 ? digits : `0${digits}`}`);
}

function bool(value: boolean): Uint8Array {
  return int(value ? 1 : 0);
}

function hex(value: Hex): Uint8Array {
  return hexToBytes(value);
}

function ref(object: ObjectRef): Item[] {
  return [hex(object.root), int(object.length)];
}

function asBytes(item: Item | undefined): Uint8Array {
  if (!(item instanceof Uint8Array)) throw new Error('record of the state: expected a string');
  return item;
}

type Fields = ReturnType<typeof createFields>;

function createFields(item: Item) {
  if (item instanceof Uint8Array) throw new Error('record of the state: expected a list');
  let at = 0;
  const next = (): Item | undefined => item[at++];
  const toInt = (): bigint => {
    const bytes = asBytes(next());
    return bytes.length === 0 ? 0n : BigInt(bytesToHex(bytes));
  };
  const toHex = (): Hex => bytesToHex(asBytes(next()));
  const toList = (): Item[] => {
    const list = next();
    if (!Array.isArray(list)) throw new Error('record of the state: expected a list');
    return list;
  };
  return {
    int: toInt,
    number: (): number => Number(toInt()),
    bool: (): boolean => toInt() !== 0n,
    hex: toHex,
    bytes: (size: number): Uint8Array => {
      const bytes = asBytes(next());
      if (bytes.length !== size) throw new Error(`record of the state: expected ${size} bytes, got ${bytes.length}`);
      return bytes;
    },
    ref: (): ObjectRef => ({ root: toHex(), length: Number(toInt()) }),
    list: toList,
    addresses: (): Address[] => toList().map((address) => bytesToHex(asBytes(address))),
    isAtEnd: (): boolean => at === item.length,
    end: (): void => {
      if (at !== item.length) throw new Error(`record of the state: expected ${at} fields, got ${item.length}`);
    },
  };
}
