// docs/messages.md: every message of the inbox, to bytes and back.
import { createReader, createWriter, malformed, type Reader } from './bytes.ts';
import { type Certificate, readCertificate, writeCertificate } from './certificate.ts';
import {
  KIND,
  MAX_COMMITTEE,
  MAX_INFERENCE_ITEMS,
  MAX_MESSAGE_BYTES,
  MAX_MODEL_GATEWAYS,
  MAX_PARTITIONS,
  MAX_RUN_GATEWAYS,
  TAG,
} from './constants.ts';
import { MizuError } from './errors.ts';
import { type Address, concatBytes, type Hex, hexToBytes } from './hex.ts';
import { decodeInferenceItem, encodeInferenceItem, INFERENCE_ITEM_BYTES, type InferenceItem } from './inference.ts';
import { keccakHex, type ObjectRef } from './tree.ts';

/** The offset of the items, behind kind, signature, gateway, nonce and count. */
const INFERENCE_ITEMS_AT = 96;

type Signed = {
  readonly signature: Hex;
  readonly sender: Address;
  readonly nonce: bigint;
  /** Wei per gas; of a Run also for all that the run does. */
  readonly gasPrice: bigint;
};

/** What a gateway has signed that a worker of it has earned since ever. */
export type WorkerAccount = {
  readonly gateway: Address;
  readonly worker: Address;
  /** Wei, of which the kernel pays what is not settled yet. */
  readonly total: bigint;
  /** The gateway's, of the struct `WorkerAccount`. */
  readonly accountSignature: Hex;
};

export type UserMessage = Signed &
  (
    | { readonly kind: 'Deploy'; readonly maxFee: bigint; readonly definition: Uint8Array }
    | {
        readonly kind: 'Run';
        readonly workflow: Hex;
        readonly maxCost: bigint;
        /** Wei that one inference item may cost, and all of them together. */
        readonly maxItemCost: bigint;
        readonly maxInferenceCost: bigint;
        readonly taskGasLimit: bigint;
        /** Unix seconds. */
        readonly deadline: bigint;
        /** Gateways whose results the run takes; if it names none, those of the model. */
        readonly gateways: readonly Address[];
        readonly inputs: Uint8Array;
      }
    | { readonly kind: 'Cancel'; readonly run: Hex }
    | { readonly kind: 'Withdraw'; readonly recipient: Address; readonly amount: bigint }
    /** `objects`: a run's inputs and results with a new certificate, encoded as a list of inputs is. */
    | { readonly kind: 'Renew'; readonly run: Hex; readonly objects: Uint8Array }
    | ({ readonly kind: 'Settle' } & WorkerAccount)
  );

export type ProtocolMessage =
  | { readonly kind: 'Advance'; readonly run: Hex; readonly stage: number; readonly partition: number }
  | {
      readonly kind: 'InferenceResult';
      readonly signature: Hex;
      readonly gateway: Address;
      readonly nonce: bigint;
      readonly items: readonly InferenceItem[];
      readonly certificate: Certificate;
    }
  | { readonly kind: 'Expire'; readonly run: Hex };

export type L1Message =
  | { readonly kind: 'Deposit'; readonly account: Address; readonly amount: bigint }
  | { readonly kind: 'GatewayChanged'; readonly gateway: Address; readonly active: boolean }
  | {
      readonly kind: 'ModelChanged';
      readonly model: Hex;
      readonly active: boolean;
      readonly class: number;
      /** Wei per token. */
      readonly inputPrice: bigint;
      readonly outputPrice: bigint;
      /** At least one while it is active. */
      readonly gateways: readonly Address[];
    }
  | {
      readonly kind: 'CommitteeChanged';
      readonly epoch: bigint;
      readonly threshold: number;
      readonly members: readonly Address[];
    }
  | {
      readonly kind: 'ItemVoided';
      readonly run: Hex;
      readonly stage: number;
      readonly partition: number;
      readonly attempt: number;
      readonly resultRoot: Hex;
      /** Wei that came to the Bridge with the message. */
      readonly refund: bigint;
    }
  /** The least wei per gas of a user message from now on. */
  | { readonly kind: 'GasPriceChanged'; readonly price: bigint };

export type Message = UserMessage | ProtocolMessage | L1Message;

export function encodeMessage(message: Message): Uint8Array {
  const writer = createWriter().u8(KIND[message.kind]);
  switch (message.kind) {
    case 'Deploy':
    case 'Run':
    case 'Cancel':
    case 'Withdraw':
    case 'Renew':
    case 'Settle':
      writer.hex(message.signature, 65).hex(message.sender, 20).u64(message.nonce).u256(message.gasPrice);
      return writer.bytes(encodeBody(message)).finish();
    case 'Advance':
      return writer.hex(message.run, 32).u16(message.stage).u32(message.partition).finish();
    case 'InferenceResult':
      writer.hex(message.signature, 65).hex(message.gateway, 20).u64(message.nonce).u16(message.items.length);
      for (const item of message.items) writer.bytes(encodeInferenceItem(item));
      writeCertificate(writer, message.certificate);
      return writer.finish();
    case 'Expire':
      return writer.hex(message.run, 32).finish();
    case 'Deposit':
      return writer.hex(message.account, 20).u256(message.amount).finish();
    case 'GatewayChanged':
      return writer
        .hex(message.gateway, 20)
        .u8(message.active ? 1 : 0)
        .finish();
    case 'ModelChanged':
      writer
        .hex(message.model, 32)
        .u8(message.active ? 1 : 0)
        .u8(message.class);
      writer.u256(message.inputPrice).u256(message.outputPrice);
      return writer.u8(message.gateways.length).bytes(packAddresses(message.gateways)).finish();
    case 'CommitteeChanged':
      writer.u64(message.epoch).u16(message.threshold).u16(message.members.length);
      for (const member of message.members) writer.hex(member, 20);
      return writer.finish();
    case 'ItemVoided':
      writer.hex(message.run, 32).u16(message.stage).u32(message.partition).u16(message.attempt);
      return writer.hex(message.resultRoot, 32).u256(message.refund).finish();
    case 'GasPriceChanged':
      return writer.u256(message.price).finish();
  }
}

/** @throws MizuError `protocol/malformed` if the bytes are no message */
export function decodeMessage(bytes: Uint8Array): Message {
  const reader = createReader(bytes, 'message');
  const number = reader.u8('kind');
  const kind = (Object.keys(KIND) as (keyof typeof KIND)[]).find((name) => KIND[name] === number);
  if (kind === undefined) throw malformed('message', 'a kind of docs/messages.md', `0x${number.toString(16)}`);
  const message = readBody(reader, kind);
  reader.end();
  return message;
}

/**
 * Item `index` of an InferenceResult, if the kernel has taken that item. Other items of the message, which it has not
 * taken, may have any fields.
 */
export function readInferenceItem(message: Uint8Array, index: number): InferenceItem {
  const at = INFERENCE_ITEMS_AT + index * INFERENCE_ITEM_BYTES;
  return decodeInferenceItem(message.subarray(at, at + INFERENCE_ITEM_BYTES));
}

/** The message, or undefined if the bytes are none: through L1 anyone may put any bytes into a batch. */
export function readMessage(bytes: Uint8Array): Message | undefined {
  try {
    return decodeMessage(bytes);
  } catch (error) {
    if (error instanceof MizuError) return undefined;
    throw error;
  }
}

/** The EIP-712 message of a user message: every field but the signature. */
export function typedMessage(message: UserMessage): Record<string, unknown> {
  const { kind: _kind, signature: _signature, ...fields } = message;
  return message.kind === 'Run' ? { ...fields, gateways: packAddresses(message.gateways) } : fields;
}

/** 20 bytes for each address. */
function packAddresses(addresses: readonly Address[]): Uint8Array {
  return concatBytes(addresses.map(hexToBytes));
}

export function hashRun(sender: Address, nonce: bigint, workflow: Hex): Hex {
  return keccakHex(createWriter().u8(TAG.run).hex(sender, 20).u64(nonce).hex(workflow, 32).finish());
}

export function encodeInputs(inputs: readonly ObjectRef[], certificate: Certificate): Uint8Array {
  const writer = createWriter().bytes(encodeInputList(inputs));
  writeCertificate(writer, certificate);
  return writer.finish();
}

export function decodeInputs(bytes: Uint8Array): { inputs: ObjectRef[]; certificate: Certificate } {
  return decodeList(bytes, 'list of partitions', MAX_PARTITIONS);
}

function decodeList(bytes: Uint8Array, what: string, limit: number) {
  const reader = createReader(bytes, what);
  const count = reader.u32('count');
  if (count < 1 || count > limit) throw malformed(what, `1 to ${limit} objects`, String(count));
  const inputs = Array.from({ length: count }, () => ({ root: reader.hex(32, 'root'), length: reader.size('length') }));
  const certificate = readCertificate(reader);
  reader.end();
  return { inputs, certificate };
}

/** Reads the objects of a Renew message: they are encoded as inputs are, but there may be more. */
export function decodeObjects(bytes: Uint8Array): { inputs: ObjectRef[]; certificate: Certificate } {
  return decodeList(bytes, 'list of objects', MAX_MESSAGE_BYTES);
}

/** The hash that names a run's inputs in seeds and datasets. */
export function hashInputs(inputs: readonly ObjectRef[]): Hex {
  return keccakHex(encodeInputList(inputs));
}

function encodeInputList(inputs: readonly ObjectRef[]): Uint8Array {
  const writer = createWriter().u32(inputs.length);
  for (const input of inputs) writer.hex(input.root, 32).u64(input.length);
  return writer.finish();
}

function encodeBody(message: UserMessage): Uint8Array {
  const writer = createWriter();
  switch (message.kind) {
    case 'Deploy':
      return writer.u256(message.maxFee).bytes(message.definition).finish();
    case 'Run':
      writer.hex(message.workflow, 32).u256(message.maxCost);
      writer.u256(message.maxItemCost).u256(message.maxInferenceCost);
      writer.u64(message.taskGasLimit).u64(message.deadline);
      writer.u8(message.gateways.length).bytes(packAddresses(message.gateways));
      return writer.bytes(message.inputs).finish();
    case 'Cancel':
      return writer.hex(message.run, 32).finish();
    case 'Withdraw':
      return writer.hex(message.recipient, 20).u256(message.amount).finish();
    case 'Renew':
      return writer.hex(message.run, 32).bytes(message.objects).finish();
    case 'Settle':
      writer.hex(message.gateway, 20).hex(message.worker, 20).u256(message.total);
      return writer.hex(message.accountSignature, 65).finish();
  }
}

function readBody(reader: Reader, kind: keyof typeof KIND): Message {
  switch (kind) {
    case 'Deploy':
      return { kind, ...readSigned(reader), maxFee: reader.u256('maxFee'), definition: reader.rest() };
    case 'Run':
      return {
        kind,
        ...readSigned(reader),
        workflow: reader.hex(32, 'workflow'),
        maxCost: reader.u256('maxCost'),
        maxItemCost: reader.u256('maxItemCost'),
        maxInferenceCost: reader.u256('maxInferenceCost'),
        taskGasLimit: reader.u64('taskGasLimit'),
        deadline: reader.u64('deadline'),
        gateways: readGateways(reader, MAX_RUN_GATEWAYS),
        inputs: reader.rest(),
      };
    case 'Cancel':
      return { kind, ...readSigned(reader), run: reader.hex(32, 'run') };
    case 'Withdraw':
      return { kind, ...readSigned(reader), recipient: reader.hex(20, 'recipient'), amount: reader.u256('amount') };
    case 'Renew':
      return { kind, ...readSigned(reader), run: reader.hex(32, 'run'), objects: reader.rest() };
    case 'Settle':
      return {
        kind,
        ...readSigned(reader),
        gateway: reader.hex(20, 'gateway'),
        worker: reader.hex(20, 'worker'),
        total: reader.u256('total'),
        accountSignature: reader.hex(65, 'accountSignature'),
      };
    case 'Advance':
      return { kind, run: reader.hex(32, 'run'), stage: reader.u16('stage'), partition: reader.u32('partition') };
    case 'InferenceResult':
      return readInferenceResult(reader);
    case 'Expire':
      return { kind, run: reader.hex(32, 'run') };
    case 'Deposit':
      return { kind, account: reader.hex(20, 'account'), amount: reader.u256('amount') };
    case 'GatewayChanged':
      return { kind, gateway: reader.hex(20, 'gateway'), active: reader.u8('active') !== 0 };
    case 'ModelChanged':
      return {
        kind,
        model: reader.hex(32, 'model'),
        active: reader.u8('active') !== 0,
        class: reader.u8('class'),
        inputPrice: reader.u256('inputPrice'),
        outputPrice: reader.u256('outputPrice'),
        gateways: readGateways(reader, MAX_MODEL_GATEWAYS),
      };
    case 'CommitteeChanged':
      return readCommittee(reader);
    case 'ItemVoided':
      return {
        kind,
        run: reader.hex(32, 'run'),
        stage: reader.u16('stage'),
        partition: reader.u32('partition'),
        attempt: reader.u16('attempt'),
        resultRoot: reader.hex(32, 'resultRoot'),
        refund: reader.u256('refund'),
      };
    case 'GasPriceChanged':
      return { kind, price: reader.u256('price') };
  }
}

function readGateways(reader: Reader, limit: number): Address[] {
  const count = reader.u8('gatewayCount');
  if (count > limit) throw malformed('list of gateways', `at most ${limit}`, String(count));
  return Array.from({ length: count }, () => reader.hex(20, 'gateway'));
}

function readSigned(reader: Reader): Signed {
  return {
    signature: reader.hex(65, 'signature'),
    sender: reader.hex(20, 'sender'),
    nonce: reader.u64('nonce'),
    gasPrice: reader.u256('gasPrice'),
  };
}

function readInferenceResult(reader: Reader): Message {
  const signature = reader.hex(65, 'signature');
  const gateway = reader.hex(20, 'gateway');
  const nonce = reader.u64('nonce');
  const count = reader.u16('count');
  if (count < 1 || count > MAX_INFERENCE_ITEMS)
    throw malformed('inference result', `1 to ${MAX_INFERENCE_ITEMS} items`, String(count));
  const items = Array.from({ length: count }, () => decodeInferenceItem(reader.bytes(INFERENCE_ITEM_BYTES, 'item')));
  return { kind: 'InferenceResult', signature, gateway, nonce, items, certificate: readCertificate(reader) };
}

function readCommittee(reader: Reader): Message {
  const epoch = reader.u64('epoch');
  const threshold = reader.u16('threshold');
  const count = reader.u16('count');
  if (count < 1 || count > MAX_COMMITTEE) throw malformed('committee', `1 to ${MAX_COMMITTEE} members`, String(count));
  const members = Array.from({ length: count }, () => reader.hex(20, 'member'));
  return { kind: 'CommitteeChanged', epoch, threshold, members };
}
