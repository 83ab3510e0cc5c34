// docs/rpc.md: which messages the sequencer takes, checked against the soft state and what is queued before them.
import { MAX_MESSAGE_BYTES } from '../../protocol/constants.ts';
import { MizuError } from '../../protocol/errors.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import { type ReceivedMessage, receiveMessage, requireMessage } from '../../protocol/received.ts';
import type { Slice } from '../../service/http/fair-queue.ts';
import { createMutex } from '../../service/process/mutex.ts';
import { numberKey, type Store } from '../../service/storage/store.ts';
import type { StateReader } from '../index/state.ts';
import type { Refused, Tables } from '../index/tables.ts';
import { createPriority } from '../priority.ts';
import { createPending, type EndingMessage, type Pending } from './pending.ts';
import { checkSignatures, type SigningDomains } from './signatures.ts';
import { createStateChecks, gasPriceTooLow } from './state-checks.ts';

export type Admitted = { readonly hash: Hex; readonly sequence: number };

export type Admission = {
  /**
   * Takes a message: it is durable when the promise resolves. The same bytes again give the same answer. Once its
   * signatures were found good, a message waits outside of its request's time slice, so that no reader holds it up.
   * @throws MizuError with code `message/…`
   */
  admit(bytes: Uint8Array, outside?: Slice['outside']): Promise<Admitted>;
  /**
   * The next message to execute: of those that may come next the one that pays most for gas, and every fourth time the
   * one that has waited longest. A message that `isHeld` names waits, and with it all others of the same account. A
   * message that cannot be executed any more is refused and passed over. The result is undefined if there is none.
   */
  next(
    isHeld?: (message: EndingMessage) => boolean,
  ): Promise<{ readonly sequence: number; readonly received: ReceivedMessage } | undefined>;
  /** To be called when a queued message has been executed. */
  settle(sequence: number): void;
  /** To be called when messages have been queued again. */
  reload(): Promise<void>;
  /** The number of messages that wait. */
  waiting(): number;
  /** The nonce that the account's next message must have. */
  nextNonce(account: Address): Promise<bigint>;
};

export type AdmissionParts = {
  readonly store: Store;
  readonly tables: Tables;
  readonly domains: SigningDomains;
  readonly state: () => StateReader;
  /** The most messages that may wait. */
  readonly limit: number;
  readonly onAdmitted: () => void;
};

const SEQUENCE = 'sequence';

export async function openAdmission(parts: AdmissionParts): Promise<Admission> {
  const { store, tables, domains } = parts;
  const pending = createPending();
  const { costsOf, check } = createStateChecks({ tables, pending, state: parts.state });
  const inOrder = createMutex();
  const priority = createPriority();

  const load = async (): Promise<void> => {
    pending.clear();
    for await (const [key, { hash }] of tables.queue.entries()) {
      const received = await requireReceived(tables, hash);
      const message = requireMessage(received);
      pending.add(received, message, await costsOf(message, received.bytes.length), Number.parseInt(key, 16));
    }
  };

  // The place of a message that was admitted before. The result is undefined for a message that may be admitted anew:
  // it was refused, or the kernel refused it and its nonce may fit later.
  const placeOf = async (hash: Hex): Promise<Admitted | undefined> => {
    const sequence = await tables.admitted.get(hash);
    if (sequence === undefined || (await tables.refused.get(hash)) !== undefined) return undefined;
    return !pending.has(sequence) && (await isNext(hash)) ? undefined : { hash, sequence };
  };

  // True if the kernel has refused the message because one before it was missing, such as one lost in a void batch: its
  // nonce may fit later.
  const isNext = async (hash: Hex): Promise<boolean> => {
    const step = await tables.executed.get(hash);
    const record = step === undefined ? undefined : await tables.steps.get(numberKey(step));
    if (record === undefined || record.receipt.ok) return false;
    const message = requireMessage(await requireReceived(tables, hash));
    return 'sender' in message && message.nonce >= (await parts.state().account(message.sender)).nonce;
  };

  const put = async (received: ReceivedMessage): Promise<Admitted> => {
    const { bytes, hash } = received;
    const known = await placeOf(hash);
    if (known !== undefined) return known;
    if (pending.size() >= parts.limit) throw queueFull(parts.limit);
    const message = requireMessage(received);
    const costs = await check(message, bytes.length);
    const sequence = ((await tables.counters.get(SEQUENCE)) ?? 0) + 1;
    await store.write([
      tables.messages.put(hash, bytes),
      tables.queue.put(numberKey(sequence), { hash, length: bytes.length }),
      tables.admitted.put(hash, sequence),
      tables.refused.delete(hash),
      tables.counters.put(SEQUENCE, sequence),
    ]);
    pending.add(received, message, costs, sequence);
    return { hash, sequence };
  };

  // What was admitted may not fit any more: L1 has raised the least price of gas, or changed the order of messages.
  const faultOf = async ({ isUser, account, nonce, gasPrice }: Pending): Promise<Refused | undefined> => {
    if (!isUser || account === undefined) return undefined;
    const state = parts.state();
    const { minGasPrice } = await state.config();
    if (gasPrice < minGasPrice) return gasPriceTooLow(gasPrice, minGasPrice);
    const { nonce: next } = await state.account(account);
    return nonce === next ? undefined : reordered(next, nonce);
  };

  const refuse = async ({ hash, sequence }: Pending, refused: Refused): Promise<void> => {
    await store.write([tables.refused.put(hash, refused), tables.queue.delete(numberKey(sequence))]);
    pending.delete(sequence);
  };

  await load();
  return {
    admit: async (bytes, outside = async (work) => work()) => {
      if (bytes.length > MAX_MESSAGE_BYTES) throw tooLarge(bytes.length);
      const received = receiveMessage(bytes);
      const known = await placeOf(received.hash);
      if (known !== undefined) return known;
      await checkSignatures(requireMessage(received), domains, parts.state);
      const admitted = await outside(() => inOrder(() => put(received)));
      parts.onAdmitted();
      return admitted;
    },
    next: async (isHeld = () => false) => {
      for (;;) {
        const first = priority.first(pending.heads(isHeld));
        if (first === undefined) return undefined;
        const fault = await faultOf(first);
        if (fault !== undefined) {
          await refuse(first, fault);
          continue;
        }
        priority.took();
        return { sequence: first.sequence, received: first.received ?? (await requireReceived(tables, first.hash)) };
      }
    },
    settle: pending.delete,
    reload: () => inOrder(load),
    waiting: pending.size,
    nextNonce: async (address) => (await parts.state().account(address)).nonce + BigInt(pending.countOf(address)),
  };
}

async function requireReceived(tables: Tables, hash: Hex): Promise<ReceivedMessage> {
  const bytes = await tables.messages.get(hash);
  if (bytes === undefined) throw new Error(`queued message ${hash} is not stored`);
  return receiveMessage(bytes, hash);
}

function reordered(expected: bigint, actual: bigint): Refused {
  return {
    code: 'message/reordered',
    message: 'L1 has changed the order of messages, or one before this was refused: this one no longer fits.',
    expected: `nonce ${expected}`,
    actual: `nonce ${actual}`,
  };
}

function tooLarge(length: number): MizuError {
  return new MizuError({
    code: 'message/too-large',
    message: 'The message is too large.',
    expected: `at most ${MAX_MESSAGE_BYTES} bytes`,
    actual: `${length} bytes`,
  });
}

function queueFull(limit: number): MizuError {
  return new MizuError({
    code: 'limit/queue-full',
    message: 'The sequencer has too many messages waiting.',
    expected: `at most ${limit}`,
    actual: 'one more',
    hint: 'Send it again later.',
    retryable: true,
  });
}
