// docs/operations.md#l1: follows contract events block by block and takes them back when the L1 reorganises.
import { setTimeout as delay } from 'node:timers/promises';
import { type Abi, decodeEventLog, type PublicClient } from 'viem';
import type { Address, Hex } from '../protocol/hex.ts';

export type BlockRef = { readonly number: bigint; readonly hash: Hex };

export type ContractEvent = {
  readonly address: Address;
  readonly eventName: string;
  readonly args: Record<string, unknown>;
  readonly transactionHash: Hex;
  readonly logIndex: number;
};

/**
 * `apply`: a block with its events (perhaps none: then it only marks how far the follower is); store its ref in the same
 * write as the effects of its events. `undo`: that block is no longer of the chain: take its effects back.
 */
export type ChainStep =
  | { readonly kind: 'apply'; readonly block: BlockRef; readonly events: readonly ContractEvent[] }
  | { readonly kind: 'undo'; readonly block: BlockRef };

export type FollowOptions = {
  readonly client: PublicClient;
  readonly contracts: readonly { readonly address: Address; readonly abi: Abi; readonly events?: readonly string[] }[];
  readonly fromBlock: bigint;
  /** Blocks on top of a block before it is applied. */
  readonly confirmations: number;
  /** The blocks applied so far, ascending, as the consumer has stored them (at least the last 256). */
  readonly known: readonly BlockRef[];
  readonly signal: AbortSignal;
  readonly pollMs?: number;
  /** Told of failed requests; the follower goes on with back-off. */
  readonly onError?: (error: unknown) => void;
};

export const KEPT_BLOCKS = 256;
const RANGE_BLOCKS = 2_000n;
const LAST_BACKOFF_MS = 10_000;

/** Endless until the signal aborts; then it returns. @throws Error if a reorg goes deeper than what the consumer has stored. */
export async function* followLogs(options: FollowOptions): AsyncGenerator<ChainStep, void, void> {
  const { signal, pollMs = 500, onError } = options;
  const known = [...options.known];
  let backoffMs = pollMs;
  while (!signal.aborted) {
    let steps: ChainStep[];
    try {
      steps = await nextSteps(options, known);
      backoffMs = pollMs;
    } catch (error) {
      if (signal.aborted) return;
      onError?.(error);
      backoffMs = Math.min(LAST_BACKOFF_MS, backoffMs * 2);
      steps = [];
    }
    for (const step of steps) {
      if (step.kind === 'undo') known.pop();
      else known.push(step.block);
      if (known.length > 2 * KEPT_BLOCKS) known.splice(0, known.length - KEPT_BLOCKS);
      yield step;
      if (signal.aborted) return;
    }
    if (steps.length === 0) await delay(backoffMs, undefined, { signal }).catch(() => undefined);
  }
}

async function nextSteps(options: FollowOptions, known: readonly BlockRef[]): Promise<ChainStep[]> {
  const { client, fromBlock, confirmations } = options;
  const last = known.at(-1);
  if (last !== undefined && !(await isCanonical(client, last))) return [{ kind: 'undo', block: last }];
  const head = await client.getBlockNumber();
  const target = head - BigInt(confirmations);
  const from = last === undefined ? fromBlock : last.number + 1n;
  if (target < from) return [];
  const to = target - from >= RANGE_BLOCKS ? from + RANGE_BLOCKS - 1n : target;
  const tip = await blockRef(client, to);
  const blocks = await readEvents(options, from, to);
  // A reorg between the two reads shows here: nothing is applied, the next turn reads again.
  if (!(await isCanonical(client, tip)) || (last !== undefined && !(await isCanonical(client, last)))) return [];
  if (blocks.at(-1)?.block.number !== to) blocks.push({ kind: 'apply', block: tip, events: [] });
  return blocks;
}

async function readEvents(
  options: FollowOptions,
  from: bigint,
  to: bigint,
): Promise<(ChainStep & { kind: 'apply' })[]> {
  const { client, contracts } = options;
  const addresses = contracts.map((contract) => contract.address);
  const logs = await client.getLogs({ address: addresses, fromBlock: from, toBlock: to });
  const blocks: { kind: 'apply'; block: BlockRef; events: ContractEvent[] }[] = [];
  for (const log of logs) {
    const contract = contracts.find(({ address }) => address.toLowerCase() === log.address.toLowerCase());
    const decoded = contract === undefined ? undefined : decode(contract.abi, log);
    if (contract === undefined || decoded === undefined) continue;
    if (contract.events !== undefined && !contract.events.includes(decoded.eventName)) continue;
    let block = blocks.at(-1);
    if (block?.block.number !== log.blockNumber) {
      block = { kind: 'apply', block: { number: log.blockNumber, hash: log.blockHash }, events: [] };
      blocks.push(block);
    }
    block.events.push({
      address: contract.address,
      ...decoded,
      transactionHash: log.transactionHash,
      logIndex: log.logIndex,
    });
  }
  return blocks;
}

function decode(
  abi: Abi,
  log: { data: Hex; topics: [] | [Hex, ...Hex[]] },
): { eventName: string; args: Record<string, unknown> } | undefined {
  try {
    const { eventName, args } = decodeEventLog({ abi, data: log.data, topics: log.topics });
    return { eventName: eventName as unknown as string, args: (args ?? {}) as Record<string, unknown> };
  } catch {
    return undefined;
  }
}

async function isCanonical(client: PublicClient, block: BlockRef): Promise<boolean> {
  const head = await client.getBlockNumber();
  if (head < block.number) return false;
  return (await blockRef(client, block.number)).hash === block.hash;
}

async function blockRef(client: PublicClient, number: bigint): Promise<BlockRef> {
  const block = await client.getBlock({ blockNumber: number });
  return { number, hash: block.hash };
}
