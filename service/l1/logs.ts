// docs/operations.md#l1: follows contract events block by block and takes them back when the L1 reorganises.
import { setTimeout as delay } from 'node:timers/promises';
import { type Abi, type AbiEvent, decodeEventLog, type PublicClient, toEventSelector } from 'viem';
import { MizuError } from '../../protocol/errors.ts';
import { type Address, type Hex, isSameAddress } from '../../protocol/hex.ts';
import { bloomBits, contradiction, type L1Header, mayContain, readL1Header, readLogs } from './blocks.ts';

export type BlockRef = { readonly number: bigint; readonly hash: Hex };

export type ContractEvent = {
  readonly address: Address;
  readonly eventName: string;
  readonly args: Record<string, unknown>;
  readonly transactionHash: Hex;
  readonly logIndex: number;
};

/**
 * A change of the chain by one block. `apply`: a block comes with its events; it may have none, and then only marks how
 * far the follower is. The consumer stores the block's ref in the same write as the effects of its events. `undo`: the
 * block is no longer part of the chain, and the consumer takes its effects back.
 */
export type ChainChange =
  | { readonly kind: 'apply'; readonly block: BlockRef; readonly events: readonly ContractEvent[] }
  | { readonly kind: 'undo'; readonly block: BlockRef };

/** The change with the block's timestamp in unix seconds, which the follower has proven, too. */
export type FollowedChange =
  | (Extract<ChainChange, { kind: 'apply' }> & { readonly timestamp: bigint })
  | Extract<ChainChange, { kind: 'undo' }>;

export type FollowOptions = {
  readonly client: PublicClient;
  /** The clients of several nodes, which are held against each other. Default: `client` alone. */
  readonly nodes?: readonly PublicClient[];
  readonly contracts: readonly { readonly address: Address; readonly abi: Abi; readonly events?: readonly string[] }[];
  readonly fromBlock: bigint;
  /** The number of blocks on top of a block before it is applied. */
  readonly confirmations: number;
  /** The blocks applied so far, ascending, as the consumer has stored them (at least the last 256). */
  readonly known: readonly BlockRef[];
  /**
   * Whether `known` goes back to `fromBlock`, so that all its blocks may be taken back. Default: only if it is empty at
   * the start.
   */
  readonly isWhole?: () => boolean;
  readonly signal: AbortSignal;
  readonly pollMs?: number;
  /** Called with failed requests and answers that do not fit together. The follower goes on with back-off. */
  readonly onError?: (error: unknown) => void;
};

/** The blocks that a consumer keeps at least, so that a reorganisation can take them back. */
export const KEPT_BLOCKS = 256;
/**
 * So far below the head every block is applied as a mark to go back to. Further down only blocks with events are, and
 * the last one of a range.
 */
const MARKED_BLOCKS = 64n;
const RANGE_BLOCKS = 512n;
const HEADERS_AT_ONCE = 32;
const LAST_BACKOFF_MS = 10_000;
/** How often the head is looked at between two blocks that are far apart. */
const LOOKS_A_BLOCK = 8;
/** The longest pause between two looks, in polls. */
const SLOWEST_POLLS = 8;
/** If a look at the chain takes longer, the next one is at another node. */
const SLOW_MS = 5_000;

type Watched = FollowOptions['contracts'][number] & {
  readonly bits: readonly number[];
  readonly topics: readonly Topic[];
};
type Topic = { readonly hash: Hex; readonly bits: readonly number[] };

/**
 * Follows the chain until the signal aborts, and then returns. What a node says is passed on only if headers, receipts
 * and the other nodes bear it out (docs/operations.md#l1-proof). A node that is wrong costs time, and `onError` is
 * told.
 */
export async function* followLogs(options: FollowOptions): AsyncGenerator<FollowedChange, void, void> {
  const { signal, pollMs = 500, onError } = options;
  const nodes = options.nodes ?? [options.client];
  const watched = options.contracts.map(watch);
  const known = [...options.known];
  let isTrimmed = known.length > 0;
  const isWhole = options.isWhole ?? (() => !isTrimmed);
  let turn = 0;
  let backoffMs = pollMs;
  let newAt = Date.now();
  let gapMs = 0;
  while (!signal.aborted) {
    let changes: FollowedChange[];
    const askedAt = Date.now();
    try {
      changes = await nextChanges({ ...options, isWhole }, inTurn(nodes, turn), watched, known);
      backoffMs = pollMs;
      // A node that answers slowly is no error, and the other nodes are as good.
      if (Date.now() - askedAt > SLOW_MS) turn += 1;
    } catch (error) {
      if (signal.aborted) return;
      onError?.(error);
      turn += 1;
      backoffMs = Math.min(LAST_BACKOFF_MS, backoffMs * 2);
      changes = [];
    }
    for (const change of changes) {
      if (change.kind === 'undo') known.pop();
      else known.push(change.block);
      if (known.length > 2 * KEPT_BLOCKS) {
        known.splice(0, known.length - KEPT_BLOCKS);
        isTrimmed = true;
      }
      yield change;
      if (signal.aborted) return;
    }
    if (changes.length > 0) {
      gapMs = Date.now() - newAt;
      newAt = Date.now();
      continue;
    }
    const pauseMs = backoffMs === pollMs ? pauseOf(pollMs, Math.max(gapMs, Date.now() - newAt)) : backoffMs;
    await delay(pauseMs, undefined, { signal }).catch(() => undefined);
  }
}

/**
 * The pause between two looks in milliseconds, if the last blocks came `gapMs` apart, or the next one has been waited
 * for that long.
 */
export function pauseOf(pollMs: number, gapMs: number): number {
  return Math.min(SLOWEST_POLLS * pollMs, Math.max(pollMs, Math.floor(gapMs / LOOKS_A_BLOCK)));
}

/**
 * L1's clock before anything was followed, in unix seconds. If several nodes answer, it is the middle one of their
 * times.
 * @throws MizuError `l1/unreachable` if none answers
 */
export async function readTime(nodes: readonly PublicClient[]): Promise<number> {
  const answers = await Promise.allSettled(nodes.map((node) => node.getBlock()));
  const times = answers
    .flatMap((answer) => (answer.status === 'fulfilled' ? [Number(answer.value.timestamp)] : []))
    .sort((a, b) => a - b);
  const middle = times[Math.floor((times.length - 1) / 2)];
  if (middle !== undefined) return middle;
  throw unanswered((answers[0] as PromiseRejectedResult | undefined)?.reason);
}

type Nodes = { readonly read: PublicClient; readonly others: readonly PublicClient[] };

function inTurn(nodes: readonly PublicClient[], turn: number): Nodes {
  const at = turn % nodes.length;
  return { read: nodes[at] as PublicClient, others: nodes.filter((_, i) => i !== at) };
}

async function nextChanges(
  options: FollowOptions,
  nodes: Nodes,
  watched: readonly Watched[],
  known: readonly BlockRef[],
): Promise<FollowedChange[]> {
  const { fromBlock, confirmations } = options;
  const top = await readL1Header(nodes.read, 'latest');
  if (top === undefined) throw contradiction('the head of a chain', 'none');
  const head = top.number;
  const last = known.at(-1);
  const isNext = last !== undefined && head === last.number + 1n && top.parentHash === last.hash;
  // Most often the head names the last known block as its parent, and nothing else has to be asked.
  if (last !== undefined && !isNext) {
    // If the head is below what was read, the node is behind or its chain is shorter: the highest block that both have
    // decides.
    const common = known.findLast(({ number }) => number <= head);
    if (common === undefined) throw behind(last, head);
    const header = common.number === head ? top : await readL1Header(nodes.read, common.number);
    if (header === undefined) throw behind(last, head);
    if (header.hash !== common.hash) return takeBack(options, nodes, known);
    if (common !== last) throw behind(last, head);
  }
  const target = head - BigInt(confirmations);
  const from = last === undefined ? fromBlock : last.number + 1n;
  if (target < from) return [];
  const to = target - from >= RANGE_BLOCKS ? from + RANGE_BLOCKS - 1n : target;
  const headers = isNext ? [top] : await readHeaders(nodes.read, from, to, last);
  await assertAgreed(nodes, headers, known);
  const changes: FollowedChange[] = [];
  for (const header of headers) {
    const events = await readEvents(nodes.read, watched, header);
    if (events.length > 0 || header.number === to || header.number > head - MARKED_BLOCKS)
      changes.push({
        kind: 'apply',
        block: { number: header.number, hash: header.hash },
        timestamp: header.timestamp,
        events,
      });
  }
  return changes;
}

// Reads the headers `from` to `to`. Each must be the parent of the next one, and the last known block that of the
// first.
async function readHeaders(
  client: PublicClient,
  from: bigint,
  to: bigint,
  last: BlockRef | undefined,
): Promise<L1Header[]> {
  const headers: L1Header[] = [];
  let parent = last?.hash;
  for (let at = from; at <= to; at += BigInt(HEADERS_AT_ONCE)) {
    const count = Math.min(HEADERS_AT_ONCE, Number(to - at) + 1);
    const chunk = await Promise.all(Array.from({ length: count }, (_, i) => readL1Header(client, at + BigInt(i))));
    for (const [i, header] of chunk.entries()) {
      const number = at + BigInt(i);
      if (header === undefined) throw contradiction(`block ${number}, below the head that the node told`, 'none');
      if (parent !== undefined && header.parentHash !== parent)
        throw contradiction(`block ${number} on top of ${parent}`, `one on top of ${header.parentHash}`);
      parent = header.hash;
      headers.push(header);
    }
  }
  return headers;
}

async function readEvents(
  client: PublicClient,
  watched: readonly Watched[],
  header: L1Header,
): Promise<ContractEvent[]> {
  const may = watched.some(
    ({ bits, topics }) =>
      mayContain(header.logsBloom, bits) && topics.some((topic) => mayContain(header.logsBloom, topic.bits)),
  );
  if (!may) return [];
  const events: ContractEvent[] = [];
  for (const { address, topics, data, transactionHash, logIndex } of await readLogs(client, header)) {
    const contract = watched.find((candidate) => isSameAddress(candidate.address, address));
    if (contract === undefined || !contract.topics.some(({ hash }) => hash === topics[0])) continue;
    const decoded = decode(contract.abi, { topics, data });
    if (decoded !== undefined) events.push({ address: contract.address, ...decoded, transactionHash, logIndex });
  }
  return events;
}

// The last block is given up only if more of the nodes that answer have given it up than have it.
async function takeBack(options: FollowOptions, nodes: Nodes, known: readonly BlockRef[]): Promise<FollowedChange[]> {
  const last = known.at(-1) as BlockRef;
  const isKept: Majority = (same, different) => same >= different + 1;
  if (await compare(nodes.others, known, isKept)) throw disagree(last);
  if (known.length === 1 && options.isWhole?.() !== true) throw tooDeep(last);
  return [{ kind: 'undo', block: last }];
}

// New headers are followed unless more of the other nodes have another chain than have this one, as far as they are.
async function assertAgreed(nodes: Nodes, headers: readonly L1Header[], known: readonly BlockRef[]): Promise<void> {
  const isRefused: Majority = (same, different) => different >= same + 1;
  if (await compare(nodes.others, [...known, ...headers], isRefused)) throw disagree(headers.at(-1) as L1Header);
}

type Majority = (same: number, different: number) => boolean;

// Each node is asked for the highest of these blocks that it can have. A node that does not answer, or is before all of
// them, has no opinion. Nobody waits for an opinion that would change nothing, so a node that hangs does not hold up
// the others.
async function compare(
  nodes: readonly PublicClient[],
  blocks: readonly BlockRef[],
  majority: Majority,
): Promise<boolean> {
  let [same, different, open] = [0, 0, nodes.length];
  const isDecided = () => majority(same + open, different) === majority(same, different + open);
  if (isDecided()) return majority(same, different);
  await new Promise<void>((resolve) => {
    for (const node of nodes) {
      opinionOf(node, blocks)
        .catch(() => undefined)
        .then((opinion) => {
          open -= 1;
          if (opinion === true) same += 1;
          if (opinion === false) different += 1;
          if (isDecided()) resolve();
        });
    }
  });
  return majority(same, different);
}

async function opinionOf(node: PublicClient, blocks: readonly BlockRef[]): Promise<boolean | undefined> {
  const top = await readL1Header(node, 'latest');
  const block = blocks.findLast(({ number }) => top !== undefined && number <= top.number);
  if (block === undefined) return undefined;
  const header = block.number === top?.number ? top : await readL1Header(node, block.number);
  return header === undefined ? undefined : header.hash === block.hash;
}

function watch(contract: FollowOptions['contracts'][number]): Watched {
  const named = contract.abi.filter(
    (item): item is AbiEvent => item.type === 'event' && (contract.events?.includes(item.name) ?? true),
  );
  const topics = named.map((event) => toEventSelector(event)).map((hash) => ({ hash, bits: bloomBits(hash) }));
  return { ...contract, bits: bloomBits(contract.address), topics };
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

function unanswered(cause: unknown): MizuError {
  return new MizuError({
    code: 'l1/unreachable',
    message: 'The L1 does not answer.',
    expected: 'its latest block',
    actual: (cause as { shortMessage?: string }).shortMessage ?? String(cause),
    hint: 'Check l1Url and that the node is up.',
    retryable: true,
    cause,
  });
}

function behind(last: BlockRef, head: bigint): MizuError {
  return new MizuError({
    code: 'l1/behind',
    message: 'The L1 node is behind what was read before; the follower waits for it.',
    expected: `block ${last.number} or a later one`,
    actual: `block ${head}`,
    hint: 'If this goes on, name another node in l1Url.',
    retryable: true,
  });
}

function disagree(block: BlockRef): MizuError {
  return new MizuError({
    code: 'l1/nodes-disagree',
    message: `The L1 nodes do not agree about block ${block.number}; nothing is done until they do.`,
    expected: `one block ${block.number}, such as ${block.hash}`,
    actual: 'others',
    hint: 'If this goes on, one of the nodes in l1Url is stuck or on another fork: find out which, and name another one.',
    retryable: true,
  });
}

function tooDeep(last: BlockRef): MizuError {
  return new MizuError({
    code: 'l1/too-deep',
    message: 'The L1 node has another chain than the one that was read, further back than can be undone.',
    expected: `block ${last.number} with hash ${last.hash}`,
    actual: 'another one',
    hint: 'If the node is right, move the data folder away and start again: it is rebuilt from L1 and DA.',
    retryable: true,
  });
}
