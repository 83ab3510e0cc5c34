import { secp256k1 } from '@noble/curves/secp256k1.js';
import { TypedDataEncoder } from 'ethers';
import fc from 'fast-check';
import { hashTypedData } from 'viem';
import { sign as signDigest } from 'viem/accounts';
import { describe, expect, test } from 'vitest';
import { batchSize, decodeBatch, encodeBatch, fitsBatch } from './batch.ts';
import { type Certificate, hashObjects } from './certificate.ts';
import { KIND } from './constants.ts';
import {
  type Definition,
  decodeDefinition,
  encodeDefinition,
  hashWorkflow,
  objectsOfDefinition,
} from './definition.ts';
import { bytesToHex, type Hex, hexToBytes } from './hex.ts';
import {
  decodeInputs,
  decodeMessage,
  encodeInputs,
  encodeMessage,
  hashInputs,
  hashRun,
  type Message,
  typedMessage,
  type UserMessage,
} from './messages.ts';
import { isSignedByKey, recoverSigner } from './signature.ts';
import {
  decodeDataset,
  decodeExecInputs,
  decodeStateLeaf,
  encodeContext,
  encodeDataset,
  encodeExecInputs,
  encodeStateLeaf,
} from './state.ts';
import { depthOf, hashObject, keccak, rootFromProof, treeProof, treeRoot } from './tree.ts';
import { createDomain, TYPES } from './typed-data.ts';

const hash = (byte: number): Hex => bytesToHex(new Uint8Array(32).fill(byte));
const address = (byte: number): Hex => bytesToHex(new Uint8Array(20).fill(byte));
const signature = bytesToHex(new Uint8Array(65).fill(9));
const certificate: Certificate = {
  epoch: 3n,
  expiry: 1_900_000_000n,
  signers: 0b1011n,
  signatures: [signature, signature, signature],
};
const inputs = [
  { root: hash(1), length: 1000 },
  { root: hash(2), length: 0 },
];

const definition: Definition = {
  programs: [
    {
      header: new Uint8Array(152).fill(7),
      codeLength: 1600,
      imageTreeRoot: hash(3),
      imageLength: 12,
      slotsTreeRoot: hash(4),
      slotsLength: 0,
      dataLength: 0,
      wasmRoot: hash(5),
      wasmLength: 99,
    },
  ],
  stages: [
    {
      kind: 'exec',
      program: 0,
      width: 0,
      gasLimit: 10n ** 9n,
      sink: false,
      model: hash(0),
      inputs: [{ source: 0xffff, mode: 'same' }],
    },
    {
      kind: 'infer',
      program: 0,
      width: 0,
      gasLimit: 0n,
      sink: false,
      model: hash(6),
      inputs: [{ source: 0, mode: 'same' }],
    },
    {
      kind: 'exec',
      program: 0,
      width: 4,
      gasLimit: 5n,
      sink: true,
      model: hash(0),
      inputs: [{ source: 1, mode: 'all' }],
    },
  ],
  metadata: { root: hash(8), length: 300 },
};

const signed = { signature, sender: address(1), nonce: 7n, gasPrice: 3n };
const messages: Message[] = [
  { kind: 'Deploy', ...signed, maxFee: 10n ** 18n, definition: encodeDefinition(definition, certificate) },
  {
    kind: 'Run',
    ...signed,
    workflow: hash(1),
    maxCost: 5n,
    maxItemCost: 3n,
    maxInferenceCost: 4n,
    taskGasLimit: 6n,
    deadline: 8n,
    gateways: [address(3), address(4)],
    inputs: encodeInputs(inputs, certificate),
  },
  { kind: 'Cancel', ...signed, run: hash(2) },
  { kind: 'Withdraw', ...signed, recipient: address(2), amount: 2n ** 255n },
  { kind: 'Renew', ...signed, run: hash(2), objects: encodeInputs(inputs, certificate) },
  {
    kind: 'Settle',
    ...signed,
    gateway: address(3),
    worker: address(2),
    total: 2n ** 255n,
    accountSignature: bytesToHex(new Uint8Array(65).fill(8)),
  },
  { kind: 'Advance', run: hash(3), stage: 2, partition: 70_000 },
  {
    kind: 'InferenceResult',
    signature,
    gateway: address(3),
    nonce: 12n,
    items: [
      {
        run: hash(4),
        stage: 1,
        partition: 2,
        attempt: 0,
        requestRoot: hash(5),
        resultRoot: hash(6),
        resultLength: 500,
        model: hash(7),
        inputTokens: 1000n,
        outputTokens: 20n,
      },
    ],
    certificate,
  },
  { kind: 'Expire', run: hash(4) },
  { kind: 'Deposit', account: address(4), amount: 10n ** 20n },
  { kind: 'GatewayChanged', gateway: address(5), active: true },
  {
    kind: 'ModelChanged',
    model: hash(9),
    active: false,
    class: 2,
    inputPrice: 3n,
    outputPrice: 4n,
    gateways: [address(5)],
  },
  { kind: 'CommitteeChanged', epoch: 2n, threshold: 3, members: [address(1), address(2), address(3), address(4)] },
  { kind: 'GasPriceChanged', price: 2n ** 90n },
  { kind: 'ItemVoided', run: hash(4), stage: 1, partition: 2, attempt: 3, resultRoot: hash(5), refund: 10n ** 20n },
];

describe('messages', () => {
  test('there is one of every kind', () => {
    expect(messages.map(({ kind }) => kind).sort()).toEqual(Object.keys(KIND).sort());
  });

  test.each(messages)('$kind survives encoding', (message) => {
    expect(decodeMessage(encodeMessage(message))).toEqual(message);
  });

  test.each(messages)('$kind refuses a missing and an extra byte', (message) => {
    const bytes = encodeMessage(message);
    const openEnded = message.kind === 'Deploy' || message.kind === 'Run' || message.kind === 'Renew';
    expect(() => decodeMessage(bytes.subarray(0, openEnded ? 100 : bytes.length - 1))).toThrow(/Malformed message/);
    if (!openEnded) expect(() => decodeMessage(Uint8Array.of(...bytes, 0))).toThrow(/Malformed/);
  });

  test('an unknown kind is refused by number', () => {
    expect(() => decodeMessage(Uint8Array.of(0x7f))).toThrow(
      expect.objectContaining({ code: 'protocol/malformed', actual: '0x7f' }),
    );
  });

  test('typed data hashes as ethers hashes it', () => {
    const domain = createDomain(31_337, address(0xcc));
    const signed = messages.filter((message): message is UserMessage => 'sender' in message);
    // Users sign the kinds below 0x10 (docs/messages.md).
    const kinds = Object.entries(KIND).flatMap(([kind, number]) => (number < 0x10 ? [kind] : []));
    expect(new Set(signed.map(({ kind }) => kind))).toEqual(new Set(kinds));
    for (const message of signed) {
      const fields = typedMessage(message);
      const plain = Object.fromEntries(
        Object.entries(fields).map(([k, v]) => [k, v instanceof Uint8Array ? bytesToHex(v) : v]),
      );
      const types: Record<string, { name: string; type: string }[]> = {
        [message.kind]: TYPES[message.kind].map(({ name, type }) => ({ name, type })),
      };
      const ours = hashTypedData({ domain, types, primaryType: message.kind, message: plain });
      expect(ours).toBe(TypedDataEncoder.hash(domain, types, plain));
    }
  });

  test('a run is named by sender, nonce and workflow', () => {
    expect(hashRun(address(1), 1n, hash(1))).not.toBe(hashRun(address(1), 2n, hash(1)));
  });
});

describe('lists', () => {
  test('inputs survive encoding; none or too many are refused', () => {
    expect(decodeInputs(encodeInputs(inputs, certificate))).toEqual({ inputs, certificate });
    expect(() => decodeInputs(encodeInputs([], certificate))).toThrow(/Malformed/);
    expect(hashInputs(inputs)).not.toBe(hashInputs([...inputs].reverse()));
  });

  test('a definition survives encoding, and its name leaves the certificate out', () => {
    const decoded = decodeDefinition(encodeDefinition(definition, certificate));
    expect(decoded).toEqual({ definition, certificate });
    expect(hashWorkflow(decoded.definition)).toBe(hashWorkflow(definition));
    const objects = objectsOfDefinition(definition);
    expect(objects).toHaveLength(6);
    expect(objects[1]).toEqual({ root: hashObject(hash(3), 12), length: 12 });
    expect(hashObjects(objects)).not.toBe(hashObjects(objects.slice(1)));
  });

  test('leaves and lists of leaves survive encoding', () => {
    const leaf = { stateRoot: hash(1), receiptHash: hash(2), batch: 3n, message: 4n, step: 5n };
    expect(encodeStateLeaf(leaf)).toHaveLength(128);
    expect(decodeStateLeaf(encodeStateLeaf(leaf))).toEqual(leaf);
    expect(encodeContext({ timestamp: 1n, origin: 'l1', batch: 2n, message: 3n, batchCount: 4n })).toHaveLength(128);
    expect(decodeExecInputs(encodeExecInputs(inputs))).toEqual(inputs);
    const entries = [{ root: hash(1), length: 9, stage: 2, partition: 3 }];
    expect(decodeDataset(encodeDataset(entries))).toEqual(entries);
  });
});

test.each([88, 100, 127])('a state leaf whose byte %i is not zero is none', (place) => {
  const leaf = encodeStateLeaf({ stateRoot: hash(1), receiptHash: hash(2), batch: 3n, message: 4n, step: 5n });
  leaf[place] = 1;
  expect(() => decodeStateLeaf(leaf)).toThrow(expect.objectContaining({ code: 'protocol/malformed' }));
});

describe('batches', () => {
  test('any list of messages survives, and each message is a subtree of the batch', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 1500, size: 'max' }), { minLength: 1, maxLength: 40 }),
        (list) => {
          const batch = encodeBatch(list);
          expect(decodeBatch(batch, list.length)).toEqual(list);
          expect(batch).toHaveLength(batchSize(list.map((message) => message.length)));
          const view = new DataView(batch.buffer);
          list.forEach((message, i) => {
            const first = view.getUint32(128 + 8 * i);
            const height = depthOf(message.length);
            const proof = treeProof(batch, first, height);
            expect(rootFromProof(treeRoot(message), first / 2 ** height, proof)).toBe(treeRoot(batch));
          });
        },
      ),
      { numRuns: 40 },
    );
  });

  test('a message whose tree is larger than itself keeps its tree to itself', () => {
    const list = [new Uint8Array(300).fill(1), Uint8Array.of(2), new Uint8Array(700).fill(3), Uint8Array.of(4)];
    expect(decodeBatch(encodeBatch(list), 4)).toEqual(list);
  });

  test('a batch of no meaning has empty messages', () => {
    expect(decodeBatch(new Uint8Array(5), 3)).toEqual([new Uint8Array(0), new Uint8Array(0), new Uint8Array(0)]);
    const batch = encodeBatch([Uint8Array.of(1)]);
    expect(decodeBatch(batch, 2)).toEqual([new Uint8Array(0), new Uint8Array(0)]);
  });

  /** `count` entries that all name the same `length` bytes. */
  const overlapping = (count: number, length: number) => {
    const batch = new Uint8Array(256 * 1024 + length);
    batch.set(encodeBatch(Array.from({ length: count }, () => new Uint8Array(0))).subarray(0, 128 + count * 8));
    batch.fill(7, 256 * 1024);
    const view = new DataView(batch.buffer);
    for (let i = 0; i < count; i++) {
      view.setUint32(128 + 8 * i, 2048);
      view.setUint32(128 + 8 * i + 4, length);
    }
    return batch;
  };

  test.each([
    [256, 256 * 1024],
    [4096, 16 * 1024],
    [4095, 16_388],
  ])('%i entries that name one subtree of %i bytes make no copies of it', (count, length) => {
    const messages = decodeBatch(overlapping(count, length), count);
    expect(messages.every((message) => message.length === length)).toBe(true);
    expect(messages.at(-1)?.every((byte) => byte === 7)).toBe(true);
    expect(new Set(messages.map(({ buffer }) => buffer)).size).toBe(1);
  });

  test.each([
    [257, 256 * 1024],
    [4096, 16 * 1024 + 1],
    [4096, 16_388],
    [1, 256 * 1024 + 1],
  ])('%i entries that name %i bytes, together more than a batch may have, are empty', (count, length) => {
    expect(decodeBatch(overlapping(count, length), count).every((message) => message.length === 0)).toBe(true);
  });

  test('whatever the entries are, all messages of a batch together have at most 64 MiB', () => {
    const place = fc.oneof(fc.constantFrom(2048, 4096), fc.nat(8191));
    const length = fc.oneof(fc.constantFrom(16_384, 65_536, 131_072, 262_144), fc.nat(2 ** 18));
    const counts = fc.oneof(fc.constantFrom(256, 512, 1024, 4096), fc.integer({ min: 1, max: 4096 }));
    const object = encodeBatch([new Uint8Array(256 * 1024).fill(7), new Uint8Array(256 * 1024).fill(7)]);
    let largest = 0;
    fc.assert(
      fc.property(fc.array(fc.tuple(place, length), { minLength: 1, maxLength: 3 }), counts, (entries, count) => {
        const batch = object.slice();
        const view = new DataView(batch.buffer);
        view.setUint32(8, count);
        for (let i = 0; i < count; i++) {
          const [at, size] = entries[i % entries.length]!;
          view.setUint32(128 + 8 * i, at);
          view.setUint32(128 + 8 * i + 4, size);
        }
        const sum = decodeBatch(batch, count).reduce((bytes, message) => bytes + message.length, 0);
        expect(sum).toBeLessThanOrEqual(2 ** 26);
        largest = Math.max(largest, sum);
      }),
      { numRuns: 100, seed: 3 },
    );
    expect(largest).toBeGreaterThan(2 ** 22); // more than an object has
  });

  test('what fits is read again; one message more than the longest allows does not fit', () => {
    const lengthsOf = (length: number, others: number) => [length, ...new Array<number>(others).fill(0)];
    for (const [length, others] of [
      [256 * 1024, 255],
      [16_388, 4094],
      [16_384, 4095],
    ] as const) {
      const lengths = lengthsOf(length, others);
      expect(fitsBatch(lengths)).toBe(true);
      const list = lengths.map((size) => new Uint8Array(size).fill(1));
      const read = decodeBatch(encodeBatch(list), list.length);
      expect(read.map((message) => message.length)).toEqual(lengths);
      expect(read[0]?.every((byte) => byte === 1)).toBe(true);
      expect(fitsBatch([...lengths, 0])).toBe(false);
      expect(() => encodeBatch([...list, new Uint8Array(0)])).toThrow('above the limits');
    }
    expect(fitsBatch(lengthsOf(256 * 1024 + 1, 0))).toBe(false);
    expect(fitsBatch(new Array<number>(8).fill(256 * 1024))).toBe(true);
    expect(fitsBatch(new Array<number>(16).fill(256 * 1024))).toBe(false); // above 4 MiB with its table
    expect(fitsBatch(lengthsOf(1000, 0), 1024)).toBe(false);
  });

  test('a bad entry empties its own message only', () => {
    const [one, two] = [Uint8Array.of(1, 2, 3), new Uint8Array(300).fill(7)];
    const change = (offset: number, value: number) => {
      const batch = encodeBatch([one, two]);
      new DataView(batch.buffer).setUint32(offset, value);
      return decodeBatch(batch, 2);
    };
    const empty = new Uint8Array(0);
    expect(change(128 + 8, 5)).toEqual([one, empty]); // not a multiple of the message's four leaves
    expect(change(128 + 8, 4096)).toEqual([one, empty]); // behind the end
    expect(change(128 + 12, 299)).toEqual([one, empty]); // bytes behind the message
    expect(change(128 + 12, 2 ** 31)).toEqual([one, empty]); // above the limit
  });
});

describe('signatures', () => {
  const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
  const digest = keccak(new Uint8Array(3));
  const key = `0x${'00'.repeat(31)}01` as const;

  test('have one form: 65 bytes, v 27 or 28, low s', async () => {
    const good = hexToBytes(await signDigest({ hash: bytesToHex(digest), privateKey: key, to: 'hex' }));
    expect(recoverSigner(digest, good)).toBe('0x7e5f4552091a69125d5dfcb7b8c2659029395bdf');
    const s = order - BigInt(bytesToHex(good.subarray(32, 64)));
    const high = hexToBytes(`0x${s.toString(16).padStart(64, '0')}`);
    const turned = Uint8Array.of(...good.subarray(0, 32), ...high, good[64] === 27 ? 28 : 27);
    const others = [turned, good.subarray(0, 64), Uint8Array.of(...good, 0), new Uint8Array(65), new Uint8Array(0)];
    for (const v of [0, 1, 26, 29, 255]) others.push(Uint8Array.of(...good.subarray(0, 64), v));
    for (const other of others) expect(recoverSigner(digest, other)).toBeUndefined();
    const publicKey = secp256k1.getPublicKey(hexToBytes(key), false);
    expect(isSignedByKey(digest, good, publicKey)).toBe(true);
    for (const other of others) expect(isSignedByKey(digest, other, publicKey)).toBe(false);
  });
});
