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
  /** What the message costs its account, in wei, the fee included. */
  readonly cost: bigint;
  /** The workflow of a Deploy message, with its number of stages: a Run of it may follow at once. */
  readonly deploys?: { readonly workflow: Hex; readonly stages: number };
  readonly ends?: EndingMessage;
  /** The message. If it is absent, it is read from the store when its turn comes. */
  readonly received?: ReceivedMessage;
};

export type PendingMessages = {
  /** `feeWei`: the most that its execution costs. */
  add(received: ReceivedMessage, message: Message, feeWei: bigint, sequence: number): void;
  has(sequence: number): boolean;
  delete(sequence: number): void;
  clear(): void;
  size(): number;
  /** All in their order, with those that are added meanwhile. */
  all(): Iterable<Pending>;
  countOf(account: Address): number;
  /** The number of stages of a workflow whose Deploy message waits. */
  stagesOf(workflow: Hex): number | undefined;
};

/** The most bytes of messages that are kept in memory. Messages behind them lie in the store alone. */
const KEPT_BYTES = 8 * 1024 * 1024;

export function createPending(keptBytes = KEPT_BYTES): PendingMessages {
  const pending = new Map<number, Pending>();
  let bytes = 0;
  return {
    add(received, message, feeWei, sequence) {
      const { length } = received.bytes;
      const isKept = bytes + length <= keptBytes;
      if (isKept) bytes += length;
      const kept = isKept ? { received } : {};
      pending.set(sequence, { sequence, hash: received.hash, ...bindings(message, feeWei), ...kept });
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
    countOf: (account) => [...pending.values()].filter((other) => other.account === account.toLowerCase()).length,
    stagesOf: (workflow) =>
      [...pending.values()].find(({ deploys }) => deploys?.workflow === workflow)?.deploys?.stages,
  };
}

function bindings(message: Message, feeWei: bigint): Omit<Pending, 'sequence' | 'hash' | 'received'> {
  if ('sender' in message) {
    const account = message.sender.toLowerCase() as Address;
    const bound = { account, isUser: true, nonce: message.nonce, cost: feeWei + takenBy(message) };
    if (message.kind === 'Cancel') return { ...bound, ends: message };
    if (message.kind !== 'Deploy') return bound;
    const { definition } = decodeDefinition(message.definition);
    return { ...bound, deploys: { workflow: hashWorkflow(definition), stages: definition.stages.length } };
  }
  if (message.kind === 'InferenceResult')
    return { account: message.gateway.toLowerCase() as Address, isUser: false, nonce: message.nonce, cost: 0n };
  const nobodys = { isUser: false, nonce: 0n, cost: 0n };
  return message.kind === 'Expire' ? { ...nobodys, ends: message } : nobodys;
}

/** What the message takes from the account besides its fee, in wei. */
export function takenBy(message: UserMessage): bigint {
  if (message.kind === 'Run') return message.maxCost;
  return message.kind === 'Withdraw' ? message.amount : 0n;
}
