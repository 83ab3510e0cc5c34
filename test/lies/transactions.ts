// docs/disputes.md#gas: what two accounts send while a dispute goes on: when it was mined, and what made its gas.
import { type Address, type Hex, type PublicClient, type Transaction, toFunctionSelector } from 'viem';
import { disputeAbi, mizuTokenAbi, rollupAbi, stakeManagerAbi } from '../../protocol/generated/abi.ts';
import { hexToBytes } from '../../protocol/hex.ts';

export type DuelTransaction = {
  readonly by: string;
  /** A function of the contracts of disputes, else the selector. */
  readonly call: string;
  /** `performance.now()` when its block was first seen. */
  readonly minedAt: number;
  readonly gas: bigint;
  readonly calldataBytes: number;
  /** What EIP-7623 asks for the calldata at least. */
  readonly floorGas: bigint;
  /** Which of the two the gas is. */
  readonly binds: 'execution' | 'floor';
};

export type BlockWatch = {
  /** Of these accounts, in the order of L1, since the watch began. */
  stop(accounts: Readonly<Record<string, Address>>): Promise<DuelTransaction[]>;
};

const LOOK_MS = 10;
const TRANSACTION_GAS = 21_000n;
const FLOOR_PER_TOKEN = 10n;
const TOKENS_PER_NONZERO_BYTE = 4n;
const CALLS = new Map(
  [...disputeAbi, ...mizuTokenAbi, ...rollupAbi, ...stakeManagerAbi].flatMap((item) =>
    item.type === 'function' ? [[toFunctionSelector(item), item.name] as const] : [],
  ),
);

export async function watchBlocks(client: PublicClient): Promise<BlockWatch> {
  const seen = new Map<bigint, number>();
  let head = await client.getBlockNumber();
  let isOver = false;
  const look = async () => {
    const now = await client.getBlockNumber();
    for (; head < now; head++) seen.set(head + 1n, performance.now());
  };
  const watching = (async () => {
    while (!isOver) {
      await look();
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  })();
  return {
    async stop(accounts) {
      isOver = true;
      await watching;
      await look();
      const names = new Map(Object.entries(accounts).map(([name, address]) => [address.toLowerCase(), name]));
      const found: DuelTransaction[] = [];
      for (const [blockNumber, minedAt] of seen) {
        const { transactions } = await client.getBlock({ blockNumber, includeTransactions: true });
        for (const transaction of transactions) {
          const by = names.get(transaction.from.toLowerCase());
          if (by !== undefined) found.push({ by, minedAt, ...(await priceOf(client, transaction)) });
        }
      }
      return found;
    },
  };
}

async function priceOf(client: PublicClient, { hash, input }: Pick<Transaction, 'hash' | 'input'>) {
  const { gasUsed: gas } = await client.getTransactionReceipt({ hash });
  const floorGas = floorOf(input);
  const binds: DuelTransaction['binds'] = gas === floorGas ? 'floor' : 'execution';
  const selector = input.slice(0, 10) as Hex;
  return { call: CALLS.get(selector) ?? selector, gas, calldataBytes: (input.length - 2) / 2, floorGas, binds };
}

function floorOf(input: Hex): bigint {
  const nonzero = hexToBytes(input).filter((byte) => byte !== 0).length;
  const zero = (input.length - 2) / 2 - nonzero;
  return TRANSACTION_GAS + FLOOR_PER_TOKEN * (BigInt(zero) + TOKENS_PER_NONZERO_BYTE * BigInt(nonzero));
}
