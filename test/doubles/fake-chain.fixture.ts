// docs/operations.md#l1-proof: a chain in memory whose headers and receipts are as true as a node's.
import {
  type Abi,
  createPublicClient,
  custom,
  encodeAbiParameters,
  encodeEventTopics,
  hexToBytes,
  type PublicClient,
  toRlp,
} from 'viem';
import type { Address, Hex } from '../../protocol/hex.ts';
import { keccakHex } from '../../protocol/tree.ts';
import { bloomBits } from '../../service/l1/blocks.ts';
import { hashReceiptList } from '../../service/l1/receipts-root.ts';
import { fakeHash } from './l1-events.fixture.ts';

export type FakeLog = { readonly address: Address; readonly topics: readonly Hex[]; readonly data: Hex };

export type FakeChain = {
  readonly client: PublicClient;
  /** What a node answers to a JSON-RPC request. */
  readonly request: (call: { method: string; params?: unknown }) => Promise<unknown>;
  /** Each log in a transaction of its own. */
  mine(logs?: readonly FakeLog[]): { number: bigint; hash: Hex };
  /** Drops the blocks from this number on. */
  cut(number: number): void;
};

const amount = (n: number): Hex =>
  n === 0 ? '0x' : `0x${n.toString(16).padStart(2 * Math.ceil(n.toString(16).length / 2), '0')}`;
const quantity = (n: number): Hex => `0x${n.toString(16)}`;

export function createFakeChain(fork = 0): FakeChain {
  const blocks: Record<string, unknown>[] = [];
  const receiptsOf = new Map<unknown, Record<string, unknown>[]>();
  const mine = (logs: readonly FakeLog[] = []) => {
    const number = blocks.length;
    const receipts = logs.map((log, i) => ({
      type: '0x2',
      status: '0x1',
      cumulativeGasUsed: quantity(21_000 * (i + 1)),
      logsBloom: bloomOf([log]),
      logs: [log],
    }));
    const encoded = receipts.map(({ logsBloom, logs: own }, i) => {
      const body = toRlp([
        '0x01',
        amount(21_000 * (i + 1)),
        logsBloom,
        own.map((log) => [log.address, [...log.topics], log.data]),
      ] as never);
      return hexToBytes(`0x02${(body as Hex).slice(2)}`);
    });
    const block = {
      parentHash: (blocks.at(-1)?.hash as Hex | undefined) ?? fakeHash(0),
      sha3Uncles: fakeHash(fork),
      miner: `0x${'00'.repeat(20)}` as Hex,
      stateRoot: fakeHash(number),
      transactionsRoot: fakeHash(1),
      receiptsRoot: hashReceiptList(encoded),
      logsBloom: bloomOf(logs),
      extraData: '0x' as Hex,
      mixHash: fakeHash(0),
      nonce: '0x0000000000000000' as Hex,
    };
    const { extraData, mixHash, nonce, ...data } = block;
    const fields = [
      ...Object.values(data),
      '0x',
      amount(number),
      amount(30_000_000),
      '0x',
      amount(1_000 + number),
    ] as Hex[];
    const own = keccakHex(hexToBytes(toRlp([...fields, extraData, mixHash, nonce])));
    const amounts = {
      difficulty: '0x0',
      number: quantity(number),
      gasLimit: quantity(30_000_000),
      gasUsed: '0x0',
      timestamp: quantity(1_000 + number),
    };
    blocks.push({
      ...block,
      ...amounts,
      hash: own,
      transactions: logs.map((_, i) => fakeHash(1_000_000 + 1_000 * number + i)),
    });
    receiptsOf.set(own, receipts);
    return { number: BigInt(number), hash: own };
  };
  const receiptOf = (transaction: Hex) => {
    const block = blocks.find(({ transactions }) => (transactions as Hex[]).includes(transaction));
    return block && receiptsOf.get(block.hash)?.[(block.transactions as Hex[]).indexOf(transaction)];
  };
  const request = async ({ method, params }: { method: string; params?: unknown }) => {
    const [first] = (params ?? []) as [unknown];
    if (method === 'eth_blockNumber') return quantity(blocks.length - 1);
    if (method === 'eth_getBlockByNumber') return (first === 'latest' ? blocks.at(-1) : blocks[Number(first)]) ?? null;
    if (method === 'eth_getBlockReceipts') return receiptsOf.get(first) ?? null;
    if (method === 'eth_getTransactionReceipt') return receiptOf(first as Hex) ?? null;
    if (method === 'eth_chainId') return quantity(1);
    throw new Error(`not faked: ${method}`);
  };
  mine();
  return {
    client: createPublicClient({ transport: custom({ request }, { retryCount: 0 }), cacheTime: 0 }) as PublicClient,
    request,
    mine,
    cut: (number) => void blocks.splice(number),
  };
}

/** A log as a contract with this ABI writes it. */
export function encodeLog(address: Address, abi: Abi, eventName: string, args: Record<string, unknown>): FakeLog {
  const event = abi.find((item) => item.type === 'event' && item.name === eventName);
  if (event?.type !== 'event') throw new Error(`no event ${eventName}`);
  const plain = event.inputs.filter((input) => !input.indexed);
  const topics = encodeEventTopics({ abi, eventName, args } as never) as Hex[];
  return {
    address,
    topics,
    data: encodeAbiParameters(
      plain,
      plain.map(({ name }) => args[name as string]),
    ),
  };
}

function bloomOf(logs: readonly FakeLog[]): Hex {
  const bytes = new Uint8Array(256);
  for (const bit of logs.flatMap(({ address, topics }) => [address, ...topics]).flatMap(bloomBits)) {
    const at = 255 - (bit >> 3);
    bytes[at] = (bytes[at] as number) | (1 << (bit & 7));
  }
  return `0x${Buffer.from(bytes).toString('hex')}`;
}
