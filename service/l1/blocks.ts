// docs/operations.md#l1-proof: reads headers and checks that their fields hash to their hash, and receipts and checks them against the header.
import type { PublicClient } from 'viem';
import { concatHex, hexToBytes, numberToHex, toRlp } from 'viem';
import { MizuError } from '../../protocol/errors.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import { keccak, keccakHex } from '../../protocol/tree.ts';
import { hashReceiptList } from './receipts-root.ts';
import { isTooLarge } from './transport.ts';

export type L1Header = {
  readonly number: bigint;
  readonly hash: Hex;
  readonly parentHash: Hex;
  readonly receiptsRoot: Hex;
  readonly logsBloom: Hex;
  /** Unix seconds. */
  readonly timestamp: bigint;
  /** The hashes of the transactions, in order. They were not checked. */
  readonly transactions: readonly Hex[];
};

export type ReceiptLog = {
  readonly address: Address;
  readonly topics: [] | [Hex, ...Hex[]];
  readonly data: Hex;
  readonly transactionHash: Hex;
  readonly logIndex: number;
};

type RawHeader = Readonly<Record<string, unknown>> & { readonly hash: Hex; readonly logsBloom: Hex };
type RawLog = { readonly address: Address; readonly topics: [] | [Hex, ...Hex[]]; readonly data: Hex };
type RawReceipt = {
  readonly type?: Hex;
  readonly status?: Hex;
  readonly root?: Hex;
  readonly cumulativeGasUsed: Hex;
  readonly logsBloom: Hex;
  readonly logs: readonly RawLog[];
};

// The fields stand in the order of the yellow paper and of the forks that added some (London, Shanghai, Cancun,
// Prague).
const DATA_FIELDS = ['parentHash', 'sha3Uncles', 'miner', 'stateRoot', 'transactionsRoot', 'receiptsRoot', 'logsBloom'];
const AMOUNT_FIELDS = ['difficulty', 'number', 'gasLimit', 'gasUsed', 'timestamp'];
const SEAL_FIELDS = ['extraData', 'mixHash', 'nonce'];
const LATER_FIELDS: readonly (readonly [string, 'data' | 'amount'])[] = [
  ['baseFeePerGas', 'amount'],
  ['withdrawalsRoot', 'data'],
  ['blobGasUsed', 'amount'],
  ['excessBlobGas', 'amount'],
  ['parentBeaconBlockRoot', 'data'],
  ['requestsHash', 'data'],
];
const EMPTY_ROOT = '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421';
/** Receipts that are asked for at one time when a node does not give those of a whole block. */
const RECEIPTS_AT_ONCE = 8;
const MAX_RECEIPTS = 20_000;
/** The most characters of a block's receipts: twice the hex of the logs that 1,000 M gas can write. */
const MAX_RECEIPT_DIGITS = 512 * 1024 * 1024;

/**
 * Reads a block's header. The result is undefined if the node does not have that block. `latest`: the head of the
 * node's chain.
 * @throws MizuError `l1/contradiction` (retryable) if the header's fields do not hash to its hash; viem's errors if the
 * node does not answer
 */
export async function readL1Header(client: PublicClient, at: bigint | 'latest'): Promise<L1Header | undefined> {
  const raw = (await client.request({
    method: 'eth_getBlockByNumber',
    params: [at === 'latest' ? at : numberToHex(at), false],
  })) as unknown as RawHeader | null;
  if (raw === null || raw === undefined) return undefined;
  const hash = hashHeader(raw);
  if (hash !== raw.hash) throw contradiction(`block ${at} with the hash of its fields, ${hash}`, String(raw.hash));
  const number = BigInt(raw.number as Hex);
  if (at !== 'latest' && number !== at) throw contradiction(`block ${at}`, `block ${number}`);
  const transactions = Array.isArray(raw.transactions) ? (raw.transactions as Hex[]) : [];
  return {
    number,
    hash,
    parentHash: raw.parentHash as Hex,
    receiptsRoot: raw.receiptsRoot as Hex,
    logsBloom: raw.logsBloom,
    timestamp: BigInt(raw.timestamp as Hex),
    transactions,
  };
}

/**
 * All logs of a block, in order.
 * @throws MizuError `l1/contradiction` (retryable) if the receipts that the node gives are not those of the header
 */
export async function readLogs(client: PublicClient, header: L1Header): Promise<ReceiptLog[]> {
  if (header.receiptsRoot === EMPTY_ROOT) return [];
  const receipts = await readReceipts(client, header);
  const root = hashReceipts(receipts);
  if (root !== header.receiptsRoot)
    throw contradiction(
      `the receipts of block ${header.number}, with root ${header.receiptsRoot}`,
      root === undefined ? 'receipts that cannot be read' : `others, with root ${root}`,
    );
  const logs: ReceiptLog[] = [];
  for (const [i, receipt] of receipts.entries()) {
    const transactionHash = header.transactions[i] ?? header.hash;
    for (const { address, topics, data } of receipt.logs)
      logs.push({ address, topics, data, transactionHash, logIndex: logs.length });
  }
  return logs;
}

/** Whether the bloom filter has all these bits. If so, the value may be in the block; if not, it is not there. */
export function mayContain(logsBloom: Hex, bits: readonly number[]): boolean {
  return bits.every((bit) => {
    // The filter is one big-endian number of 2,048 bits; a hex digit has four.
    const digit = Number.parseInt(logsBloom.charAt(2 + 511 - (bit >> 2)), 16);
    return ((digit >> (bit & 3)) & 1) === 1;
  });
}

/** The three bits of an address or a topic in a bloom filter. */
export function bloomBits(value: Hex): readonly number[] {
  const hash = keccak(hexToBytes(value));
  return [0, 2, 4].map((at) => (((hash[at] as number) << 8) | (hash[at + 1] as number)) & 2047);
}

function hashHeader(raw: RawHeader): Hex {
  try {
    const fields = [
      ...DATA_FIELDS.map((name) => raw[name] as Hex),
      ...AMOUNT_FIELDS.map((name) => amount(raw[name])),
      ...SEAL_FIELDS.map((name) => raw[name] as Hex),
    ];
    for (const [name, kind] of LATER_FIELDS) {
      if (raw[name] === undefined || raw[name] === null) break;
      fields.push(kind === 'data' ? (raw[name] as Hex) : amount(raw[name]));
    }
    return keccakHex(hexToBytes(toRlp(fields)));
  } catch (cause) {
    throw contradiction('a block header', 'fields that cannot be read', cause);
  }
}

async function readReceipts(client: PublicClient, header: L1Header): Promise<readonly RawReceipt[]> {
  const request = client.request as (call: { method: string; params: unknown[] }) => Promise<unknown>;
  const receipts = await request({ method: 'eth_getBlockReceipts', params: [header.hash] }).catch((error: unknown) => {
    // -32601 says that the node has no such method. An answer may also be too large, because somebody has filled the block with logs: that
    // must not hide what else is in it.
    if ((error as { code?: number }).code === -32601 || isTooLarge(error)) return readOneByOne(request, header);
    throw error;
  });
  if (Array.isArray(receipts) && receipts.every(isReceipt)) return receipts;
  throw contradiction(`the receipts of block ${header.number}`, 'none');
}

async function readOneByOne(
  request: (call: { method: string; params: unknown[] }) => Promise<unknown>,
  { transactions, number }: L1Header,
): Promise<readonly RawReceipt[]> {
  const receipts: RawReceipt[] = [];
  let digits = 0;
  for (let at = 0; at < Math.min(transactions.length, MAX_RECEIPTS); at += RECEIPTS_AT_ONCE) {
    const calls = transactions
      .slice(at, at + RECEIPTS_AT_ONCE)
      .map((hash) => request({ method: 'eth_getTransactionReceipt', params: [hash] }));
    for (const receipt of await Promise.all(calls)) {
      if (!isReceipt(receipt)) throw contradiction(`the receipts of block ${number}`, 'none');
      const kept = withoutOthers(receipt);
      digits += JSON.stringify(kept).length;
      if (digits > MAX_RECEIPT_DIGITS)
        throw contradiction(`receipts of at most ${MAX_RECEIPT_DIGITS} digits in block ${number}`, 'more');
      receipts.push(kept);
    }
  }
  return receipts;
}

// Keeps the fields that a receipt is hashed with: a node may add any others.
function withoutOthers({ type, status, root, cumulativeGasUsed, logsBloom, logs }: RawReceipt): RawReceipt {
  return {
    ...(type === undefined ? {} : { type }),
    ...(status === undefined ? {} : { status }),
    ...(root === undefined ? {} : { root }),
    cumulativeGasUsed,
    logsBloom,
    logs: logs.map(({ address, topics, data }) => ({ address, topics, data })),
  };
}

function isReceipt(receipt: unknown): receipt is RawReceipt {
  return Array.isArray((receipt as RawReceipt | null)?.logs);
}

function hashReceipts(receipts: readonly RawReceipt[]): Hex | undefined {
  try {
    return hashReceiptList(receipts.map((receipt) => hexToBytes(encodeReceipt(receipt))));
  } catch {
    return undefined;
  }
}

function encodeReceipt({ type = '0x0', status, root, cumulativeGasUsed, logsBloom, logs }: RawReceipt): Hex {
  const outcome = status === undefined ? (root as Hex) : amount(status);
  const content = logs.map(({ address, topics, data }) => [address, [...topics], data]);
  const body = toRlp([outcome, amount(cumulativeGasUsed), logsBloom, content] as never) as Hex;
  return BigInt(type) === 0n ? body : concatHex([numberToHex(BigInt(type), { size: 1 }), body]);
}

/** A number as in RLP: without leading zeros, and 0 as no bytes. */
function amount(value: unknown): Hex {
  const digits = BigInt(value as Hex).toString(16);
  if (digits === '0') return '0x';
  return digits.length % 2 === 0 ? `0x${digits}` : `0x0${digits}`;
}

export function contradiction(expected: string, actual: string, cause?: unknown): MizuError {
  return new MizuError({
    code: 'l1/contradiction',
    message: 'What the L1 node says does not fit together; it is read again.',
    expected,
    actual,
    hint: 'If this goes on, the node leaves something out or is on another fork: name another one in l1Url.',
    retryable: true,
    cause,
  });
}
