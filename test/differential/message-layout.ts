// docs/messages.md: where the fields of an encoded message lie, and valid signatures and certificates over whatever its bytes have become.
import { hashTypedData } from 'viem';
import type { PrivateKeyAccount } from 'viem/accounts';
import { createWriter } from '../../protocol/bytes.ts';
import { writeCertificate } from '../../protocol/certificate.ts';
import { KIND, TAG } from '../../protocol/constants.ts';
import { bytesToHex, concatBytes, hexToBytes } from '../../protocol/hex.ts';
import type { UserMessage } from '../../protocol/messages.ts';
import { keccak, keccakHex, objectRoot } from '../../protocol/tree.ts';
import { TYPES } from '../../protocol/typed-data.ts';
import { DOMAINS, GATEWAY, MEMBERS, START } from '../kernel/world.fixture.ts';

export type LayoutField = { readonly name: string; readonly at: number; readonly size: number };

/** Of a user message: kind 1, signature 65, sender 20, nonce 8, gas price 32. */
const BODY_AT = 126;
const ITEMS_AT = 96;
const ITEM_BYTES = 256;
const SIGNATURE_BYTES = 65;
const SIGNED: { readonly [Kind in UserMessage['kind'] as (typeof KIND)[Kind]]: Kind } = {
  [KIND.Deploy]: 'Deploy',
  [KIND.Run]: 'Run',
  [KIND.Cancel]: 'Cancel',
  [KIND.Withdraw]: 'Withdraw',
  [KIND.Renew]: 'Renew',
  [KIND.Settle]: 'Settle',
};

/** The fields of a valid message, from its first byte to its last. */
export function layoutOf(message: Uint8Array): LayoutField[] {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const fields: LayoutField[] = [];
  let at = 0;
  const add = (name: string, size: number): number => {
    fields.push({ name, at, size });
    at += size;
    return at - size;
  };
  const all = (list: readonly (readonly [string, number])[]): void => {
    for (const [name, size] of list) add(name, size);
  };
  const addresses = (name: string, count: number): void => {
    for (let i = 0; i < count; i++) add(`${name} ${i}`, 20);
  };
  const certificate = (): void => {
    all([
      ['epoch', 8],
      ['expiry', 8],
      ['signers', 8],
    ]);
    while (at < message.length) add(`member's signature ${at}`, SIGNATURE_BYTES);
  };
  const objects = (): void => {
    const count = view.getUint32(add('count', 4));
    for (let i = 0; i < count; i++) {
      add(`root ${i}`, 32);
      add(`length ${i}`, 8);
    }
    certificate();
  };
  const kind = message[add('kind', 1)] as number;
  if (kind in SIGNED) {
    all([
      ['signature', SIGNATURE_BYTES],
      ['sender', 20],
      ['nonce', 8],
      ['gasPrice', 32],
    ]);
  }
  switch (kind) {
    case KIND.Deploy:
      add('maxFee', 32);
      definition(view, add);
      certificate();
      break;
    case KIND.Run:
      all([
        ['workflow', 32],
        ['maxCost', 32],
        ['maxItemCost', 32],
        ['maxInferenceCost', 32],
        ['taskGasLimit', 8],
        ['deadline', 8],
      ]);
      addresses('gateway', view.getUint8(add('gatewayCount', 1)));
      objects();
      break;
    case KIND.Cancel:
    case KIND.Expire:
      add('run', 32);
      break;
    case KIND.Withdraw:
      all([
        ['recipient', 20],
        ['amount', 32],
      ]);
      break;
    case KIND.Renew:
      add('run', 32);
      objects();
      break;
    case KIND.Settle:
      all([
        ['gateway', 20],
        ['worker', 20],
        ['total', 32],
        ['accountSignature', SIGNATURE_BYTES],
      ]);
      break;
    case KIND.Advance:
      all([
        ['run', 32],
        ['stage', 2],
        ['partition', 4],
      ]);
      break;
    case KIND.InferenceResult: {
      all([
        ['signature', SIGNATURE_BYTES],
        ['gateway', 20],
        ['nonce', 8],
      ]);
      const count = view.getUint16(add('count', 2));
      for (let i = 0; i < count; i++) all(ITEM);
      certificate();
      break;
    }
    case KIND.Deposit:
      all([
        ['account', 20],
        ['amount', 32],
      ]);
      break;
    case KIND.GatewayChanged:
      all([
        ['gateway', 20],
        ['active', 1],
      ]);
      break;
    case KIND.ModelChanged:
      all([
        ['model', 32],
        ['active', 1],
        ['class', 1],
        ['inputPrice', 32],
        ['outputPrice', 32],
      ]);
      addresses('gateway', view.getUint8(add('gatewayCount', 1)));
      break;
    case KIND.ItemVoided:
      all([
        ['run', 32],
        ['stage', 2],
        ['partition', 4],
        ['attempt', 2],
        ['resultRoot', 32],
        ['refund', 32],
      ]);
      break;
    case KIND.GasPriceChanged:
      add('price', 32);
      break;
    case KIND.CommitteeChanged:
      all([
        ['epoch', 8],
        ['threshold', 2],
      ]);
      addresses('member', view.getUint16(add('memberCount', 2)));
      break;
  }
  if (at !== message.length) throw new Error(`a message of kind ${kind} ends at ${at} of ${message.length}`);
  return fields;
}

const ITEM = [
  ['run', 32],
  ['stage', 2],
  ['partition', 4],
  ['attempt', 2],
  ['requestRoot', 32],
  ['resultRoot', 32],
  ['resultLength', 8],
  ['model', 32],
  ['inputTokens', 8],
  ['outputTokens', 8],
  ['zeros', 96],
] as const;

const PROGRAM = [
  ['version', 8],
  ['codeRoot', 32],
  ['memoryRoot', 32],
  ['slotsRoot', 32],
  ['dataRoot', 32],
  ['pagesInitial', 4],
  ['pagesMax', 4],
  ['entry', 4],
  ['globals', 4],
  ['codeLength', 8],
  ['imageTreeRoot', 32],
  ['imageLength', 8],
  ['slotsTreeRoot', 32],
  ['slotsLength', 8],
  ['dataLength', 8],
  ['wasmRoot', 32],
  ['wasmLength', 8],
] as const;

function definition(view: DataView, add: (name: string, size: number) => number): void {
  add('version', 1);
  const programs = view.getUint16(add('programCount', 2));
  for (let i = 0; i < programs; i++) for (const [name, size] of PROGRAM) add(`program ${i} ${name}`, size);
  const stages = view.getUint16(add('stageCount', 2));
  for (let i = 0; i < stages; i++) {
    add(`stage ${i} kind`, 1);
    add(`stage ${i} program`, 2);
    add(`stage ${i} width`, 4);
    add(`stage ${i} gasLimit`, 8);
    add(`stage ${i} sink`, 1);
    add(`stage ${i} model`, 32);
    const inputs = view.getUint8(add(`stage ${i} inputCount`, 1));
    for (let input = 0; input < inputs; input++) {
      add(`stage ${i} source ${input}`, 2);
      add(`stage ${i} mode ${input}`, 1);
    }
  }
  add('metadataRoot', 32);
  add('metadataLength', 8);
}

/** `objectRoot 32 ‖ length u64` of each object that a certificate of this message covers, read at the places of a valid message's fields. */
function listAt(message: Uint8Array, fields: readonly LayoutField[]): Uint8Array[] {
  const named = new Map(fields.map((field) => [field.name, field]));
  const read = (name: string) => message.subarray(named.get(name)!.at, named.get(name)!.at + named.get(name)!.size);
  const list: Uint8Array[] = [];
  const put = (root: Uint8Array, length: Uint8Array) => list.push(concatBytes([root, length]));
  const tree = (root: string, length: string) =>
    put(keccak(concatBytes([Uint8Array.of(TAG.object), read(length), read(root)])), read(length));
  for (let i = 0; named.has(`program ${i} codeRoot`); i++) {
    const part = (name: string) => `program ${i} ${name}`;
    put(read(part('codeRoot')), read(part('codeLength')));
    tree(part('imageTreeRoot'), part('imageLength'));
    tree(part('slotsTreeRoot'), part('slotsLength'));
    put(read(part('dataRoot')), read(part('dataLength')));
    put(read(part('wasmRoot')), read(part('wasmLength')));
  }
  if (named.has('metadataRoot')) put(read('metadataRoot'), read('metadataLength'));
  for (let i = 0; named.has(`root ${i}`); i++) put(read(`root ${i}`), read(`length ${i}`));
  for (const { name, at } of fields)
    if (name === 'resultRoot') put(message.subarray(at, at + 32), message.subarray(at + 32, at + 40));
  return list;
}

export type MessageTerms = { readonly epoch?: bigint; readonly expiry?: bigint; readonly signers?: readonly number[] };

/** Puts a certificate there over what the objects of the message have become: also such that no member would sign. */
export async function certifyAgain(
  message: Uint8Array,
  fields: readonly LayoutField[],
  { epoch = 1n, expiry = START + 10_000n, signers = [0, 1, 2] }: MessageTerms = {},
): Promise<Uint8Array> {
  const place = fields.findLast(({ name }) => name === 'epoch');
  if (place === undefined || message[0] === KIND.CommitteeChanged) return message;
  const list = listAt(message, fields);
  const total = list.reduce((sum, object) => sum + new DataView(object.buffer).getBigUint64(32), 0n);
  const terms = { epoch, objectsHash: keccakHex(concatBytes(list)), totalLength: BigInt.asUintN(64, total), expiry };
  const data = { domain: DOMAINS.da, types: TYPES, primaryType: 'Certificate', message: terms } as const;
  const signatures = await Promise.all(signers.map((index) => MEMBERS[index % MEMBERS.length]!.signTypedData(data)));
  const bits = signers.reduce((sum, index) => sum | (1n << BigInt(index)), 0n);
  const writer = createWriter();
  writeCertificate(writer, { epoch, expiry, signers: bits, signatures });
  return concatBytes([message.subarray(0, place.at), writer.finish()]);
}

/** Signs what the message has become, as far as it has the bytes for what is signed; other messages stay as they are. */
export async function signAgain(message: Uint8Array, signer: PrivateKeyAccount): Promise<Uint8Array> {
  const signature = await signatureOf(message, signer);
  if (signature === undefined) return message;
  const signed = message.slice();
  signed.set(hexToBytes(signature), 1);
  return signed;
}

async function signatureOf(message: Uint8Array, signer: PrivateKeyAccount): Promise<`0x${string}` | undefined> {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  if (message[0] === KIND.InferenceResult) {
    if (message.length < ITEMS_AT) return undefined;
    const end = ITEMS_AT + view.getUint16(ITEMS_AT - 2) * ITEM_BYTES;
    const fields = {
      gateway: bytesToHex(message.subarray(66, 86)),
      nonce: view.getBigUint64(86),
      itemsRoot: objectRoot(message.slice(ITEMS_AT, end)),
    };
    const data = { domain: DOMAINS.gateway, types: TYPES, primaryType: 'InferenceBatch', message: fields } as const;
    return GATEWAY.sign({ hash: hashTypedData(data) });
  }
  const primaryType = (SIGNED as Readonly<Record<number, UserMessage['kind']>>)[message[0] ?? 0];
  const body = primaryType === undefined ? undefined : bodyOf(primaryType, message);
  if (body === undefined) return undefined;
  const fields = {
    sender: bytesToHex(message.subarray(66, 86)),
    nonce: view.getBigUint64(86),
    gasPrice: BigInt(bytesToHex(message.subarray(94, BODY_AT))),
    ...body,
  };
  const data = { domain: DOMAINS.inbox, types: TYPES, primaryType, message: fields } as never;
  return signer.sign({ hash: hashTypedData(data) });
}

/** The struct's own fields; undefined if the message is too short for them. */
function bodyOf(kind: UserMessage['kind'], message: Uint8Array): Record<string, unknown> | undefined {
  let at = BODY_AT;
  const take = (size: number) => {
    at += size;
    return bytesToHex(message.subarray(at - size, at));
  };
  const rest = () => bytesToHex(message.subarray(at));
  const read = (): Record<string, unknown> => {
    switch (kind) {
      case 'Deploy':
        return { maxFee: BigInt(take(32)), definition: rest() };
      case 'Run': {
        const [workflow, maxCost, maxItemCost, maxInferenceCost] = [take(32), take(32), take(32), take(32)];
        const [taskGasLimit, deadline] = [BigInt(take(8)), BigInt(take(8))];
        const gateways = take(20 * Number(take(1)));
        const costs = { maxCost: BigInt(maxCost), maxItemCost: BigInt(maxItemCost) };
        const limits = { maxInferenceCost: BigInt(maxInferenceCost), taskGasLimit, deadline };
        return { workflow, ...costs, ...limits, gateways, inputs: rest() };
      }
      case 'Cancel':
        return { run: take(32) };
      case 'Withdraw':
        return { recipient: take(20), amount: BigInt(take(32)) };
      case 'Renew':
        return { run: take(32), objects: rest() };
      case 'Settle': {
        const account = { gateway: take(20), worker: take(20), total: BigInt(take(32)) };
        return { ...account, accountSignature: take(SIGNATURE_BYTES) };
      }
    }
  };
  const fixed = { Deploy: 32, Run: 145, Cancel: 32, Withdraw: 52, Renew: 32, Settle: 137 }[kind];
  if (message.length < BODY_AT + fixed) return undefined;
  const fields = read();
  return at > message.length ? undefined : fields;
}
