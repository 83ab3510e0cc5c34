// docs/operations.md#cheat: L1's clock on a network with a liar: its seconds do not pass while the lie waits for its
// challenger.
import { setTimeout as delay } from 'node:timers/promises';
import { createPublicClient, http } from 'viem';
import type { ContractAddresses } from '../contracts/deploy.ts';
import { disputeAbi, rollupAbi } from '../protocol/generated/abi.ts';
import type { Address, Hex } from '../protocol/hex.ts';
import { createRpcClient } from '../service/http/client.ts';

export type PatientClockOptions = {
  /**
   * URL of an anvil that mines nothing by itself, and gives each block the time of the one before unless it is told
   * another.
   */
  readonly l1Url: string;
  readonly contracts: ContractAddresses;
  readonly fromBlock: bigint;
  /** The account whose assertions are waited for. */
  readonly liar: Address;
  readonly blockSeconds: number;
  /** Called at the liar's first assertion. */
  readonly onLie: () => void;
};

export type PatientClock = { close(): Promise<void> };

type Block = { readonly number: Hex; readonly timestamp: Hex };

/**
 * Mines a block every `blockSeconds`. Its time is so much later than that of the block before, with two exceptions:
 * while the liar has an assertion about which no game has been opened, the time stays the same; and while L1 is behind
 * this machine's clock, twice as much passes.
 */
export function startPatientClock({
  l1Url,
  contracts,
  fromBlock,
  liar,
  blockSeconds,
  onLie,
}: PatientClockOptions): PatientClock {
  const rpc = createRpcClient(l1Url);
  const client = createPublicClient({ transport: http(l1Url) });
  const rollup = { address: contracts.rollup, abi: rollupAbi, eventName: 'AssertionCreated' } as const;
  const dispute = { address: contracts.dispute, abi: disputeAbi, eventName: 'GameOpened' } as const;
  const closing = new AbortController();
  const unchallenged = new Set<Hex>();
  let next = fromBlock;
  let isTold = false;

  async function lookAt(toBlock: bigint): Promise<void> {
    if (toBlock < next) return;
    const range = { fromBlock: next, toBlock };
    const [asserted, opened] = await Promise.all([
      client.getContractEvents({ ...rollup, ...range, args: { asserter: liar }, strict: true }),
      client.getContractEvents({ ...dispute, ...range, strict: true }),
    ]);
    for (const { args } of asserted) unchallenged.add(args.id);
    for (const { args } of opened) unchallenged.delete(args.assertion);
    next = toBlock + 1n;
    if (isTold || asserted.length === 0) return;
    isTold = true;
    onLie();
  }

  async function mine(): Promise<void> {
    const head = (await rpc('eth_getBlockByNumber', ['latest', false])) as Block;
    await lookAt(BigInt(head.number));
    const time = Number(head.timestamp);
    const passes = time + blockSeconds < Date.now() / 1000 ? 2 * blockSeconds : blockSeconds;
    await rpc('evm_setNextBlockTimestamp', [time + (unchallenged.size > 0 ? 0 : passes)]);
    await rpc('evm_mine', []);
  }

  async function run(): Promise<void> {
    while (!closing.signal.aborted) {
      // A block that could not be mined, on a busy machine, is mined next time.
      await mine().catch(() => undefined);
      await delay(blockSeconds * 1000, undefined, { signal: closing.signal }).catch(() => undefined);
    }
  }

  const running = run();
  return {
    async close() {
      closing.abort();
      await running;
    },
  };
}
