// docs/rpc.md: the messages that wait to be executed, in their order, and what each of them binds until then.
import { decodeDefinition, hashWorkflow } from '../../protocol/definition.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import type { Message, UserMessage } from '../../protocol/messages.ts';
import type { ReceivedMessage } from '../../protocol/received.ts';

/** A message that ends a run: it may have to wait for what was begun for that run. */
export type EndingMessage = Extract<Message, { kind: 'Cancel' | 'Expire' }>;

/** What a queued message binds until it is executed. */
export type Pending = {
  readonly sequence: number;
  readonly hash: Hex;
  /** The account of the user or the gateway, in lower case. */
  readonly account?: Address;
  /** Whether the account is a user's. A user's nonces follow each other; a gateway may leave some out. */
  readonly isUser: boolean;
  readonly nonce: bigint;
  /** Wei per gas that is paid for it: by its sender, by the run that it ends, or by the runs of its results. */
  readonly gasPrice: bigint;
  /** What the message costs its account, in wei, the fee included. */
  readonly cost: bigint;
  /** The workflow of a Deploy message, with its number of stages: a Run of it may follow at once. */
  readonly deploys?: { readonly workflow: Hex; readonly stages: number };
  readonly ends?: EndingMessage;
  /** Of a Settle message: what it may take from another account, in lower case. */
  readonly settles?: {
    readonly gateway: Address;
    readonly worker: Address;
    readonly total: bigint;
    readonly dueWei: bigint;
  };
  /** What it keeps its order by: `waitsFor` has what must not stand before it, `holdsUp` what it is to those behind it. */
  readonly order: Order;
  /** The message. If it is absent, it is read from the store when its turn comes. */
  readonly received?: ReceivedMessage;
};

/** In wei. */
export type MessageCosts = {
  /** The most that its execution costs its sender. */
  readonly feeWei: bigint;
  /** The most that a Settle takes from its gateway; 0 for other messages. */
  readonly dueWei: bigint;
  /** Per gas: what is paid for it, for its place in the order. */
  readonly gasPrice: bigint;
};

export type PendingMessages = {
  add(received: ReceivedMessage, message: Message, costs: MessageCosts, sequence: number): void;
  has(sequence: number): boolean;
  delete(sequence: number): void;
  clear(): void;
  size(): number;
  /** All in their order, with those that are added meanwhile. */
  all(): Iterable<Pending>;
  /**
   * Those that may be executed next: none whose account or run has an earlier message waiting that must come before it.
   * A message that `isHeld` names waits, and with it all others of its account.
   */
  heads(isHeld: (message: EndingMessage) => boolean): Pending[];
  countOf(account: Address): number;
  /** Wei of the account that waiting messages may take, its own and those that settle what it owes. */
  boundOf(account: Address): bigint;
  /** The highest total of the worker's account with the gateway that waits to be settled, in wei; else 0. */
  settlingOf(gateway: Address, worker: Address): bigint;
  /** The number of stages of a workflow whose Deploy message waits. */
  stagesOf(workflow: Hex): number | undefined;
};

/** The most bytes of messages that are kept in memory. Messages behind them lie in the store alone. */
const KEPT_BYTES = 8 * 1024 * 1024;

export function createPending(keptBytes = KEPT_BYTES): PendingMessages {
  const pending = new Map<number, Pending>();
  let bytes = 0;
  return {
    add(received, message, costs, sequence) {
      const { length } = received.bytes;
      const isKept = bytes + length <= keptBytes;
      if (isKept) bytes += length;
      const kept = isKept ? { received } : {};
      pending.set(sequence, { sequence, hash: received.hash, ...bindings(message, costs), ...kept });
    },
    has: (sequence) => pending.has(sequence),
    delete(sequence) {
      bytes -= pending.get(sequence)?.received?.bytes.length ?? 0;
      pending.delete(sequence);
    },
    clear() {
      bytes = 0;
      pending.clear();
    },
    size: () => pending.size,
    all: () => pending.values(),
    heads: (isHeld) => headsOf(pending.values(), isHeld),
    countOf: (account) => [...pending.values()].filter((other) => other.account === account.toLowerCase()).length,
    boundOf: (account) =>
      [...pending.values()].reduce((sum, other) => {
        const own = other.account === account.toLowerCase() ? other.cost : 0n;
        return sum + own + (other.settles?.gateway === account.toLowerCase() ? other.settles.dueWei : 0n);
      }, 0n),
    settlingOf: (gateway, worker) =>
      [...pending.values()].reduce((highest, { settles }) => {
        const isSame = settles?.gateway === gateway.toLowerCase() && settles.worker === worker.toLowerCase();
        return isSame && settles.total > highest ? settles.total : highest;
      }, 0n),
    stagesOf: (workflow) =>
      [...pending.values()].find(({ deploys }) => deploys?.workflow === workflow)?.deploys?.stages,
  };
}

function headsOf(pending: Iterable<Pending>, isHeld: (message: EndingMessage) => boolean): Pending[] {
  const heads: Pending[] = [];
  const before = new Set<string>();
  for (const one of pending) {
    const { account, ends, order } = one;
    const isFirst = (account === undefined || !before.has(account)) && !order.waitsFor.some((key) => before.has(key));
    if (account !== undefined) before.add(account);
    // What is held may wait long: results of its run are taken meanwhile.
    if (isFirst && ends !== undefined && isHeld(ends)) continue;
    if (isFirst) heads.push(one);
    for (const key of order.holdsUp) before.add(key);
  }
  return heads;
}

function bindings(
  message: Message,
  { feeWei, dueWei, gasPrice }: MessageCosts,
): Omit<Pending, 'sequence' | 'hash' | 'received'> {
  const order = orderOf(message);
  if ('sender' in message) {
    const account = message.sender.toLowerCase() as Address;
    const bound = { account, isUser: true, nonce: message.nonce, gasPrice, cost: feeWei + takenBy(message), order };
    if (message.kind === 'Cancel') return { ...bound, ends: message };
    if (message.kind === 'Settle') {
      const gateway = message.gateway.toLowerCase() as Address;
      const worker = message.worker.toLowerCase() as Address;
      return { ...bound, settles: { gateway, worker, total: message.total, dueWei } };
    }
    if (message.kind !== 'Deploy') return bound;
    const { definition } = decodeDefinition(message.definition);
    return { ...bound, deploys: { workflow: hashWorkflow(definition), stages: definition.stages.length } };
  }
  if (message.kind === 'InferenceResult')
    return {
      account: message.gateway.toLowerCase() as Address,
      isUser: false,
      nonce: message.nonce,
      gasPrice,
      cost: 0n,
      order,
    };
  const nobodys = { isUser: false, nonce: 0n, gasPrice, cost: 0n, order };
  return message.kind === 'Expire' ? { ...nobodys, ends: message } : nobodys;
}

type Order = { readonly waitsFor: readonly string[]; readonly holdsUp: readonly string[] };

/**
 * What else than its account keeps a message behind others, however much it pays. A Run comes after the Deploy of its
 * workflow. Of messages that name one run, only results may change places: a Cancel would otherwise make a gateway pay
 * for results that came before it, and a result would make a Renew name too few objects. So do messages that settle one
 * account: the later one has the higher total, and the other would be refused behind it.
 */
function orderOf(message: Message): Order {
  switch (message.kind) {
    case 'Deploy': {
      const key = `workflow ${hashWorkflow(decodeDefinition(message.definition).definition)}`;
      return { waitsFor: [key], holdsUp: [key] };
    }
    case 'Run':
      return { waitsFor: [`workflow ${message.workflow}`], holdsUp: [] };
    case 'Cancel':
    case 'Expire':
    case 'Renew': {
      const { run } = message;
      return { waitsFor: [`run ${run}`, `results ${run}`], holdsUp: [`run ${run}`] };
    }
    case 'Settle': {
      const key = `account ${message.gateway} ${message.worker}`.toLowerCase();
      return { waitsFor: [key], holdsUp: [key] };
    }
    case 'InferenceResult': {
      const runs = [...new Set(message.items.map(({ run }) => run))];
      return { waitsFor: runs.map((run) => `run ${run}`), holdsUp: runs.map((run) => `results ${run}`) };
    }
    default:
      return { waitsFor: [], holdsUp: [] };
  }
}

/** What the message takes from the account besides its fee, in wei. */
export function takenBy(message: UserMessage): bigint {
  if (message.kind === 'Run') return message.maxCost;
  return message.kind === 'Withdraw' ? message.amount : 0n;
}
