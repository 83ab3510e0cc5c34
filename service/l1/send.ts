// docs/operations.md#l1: a transaction is sent until it is mined, once: same nonce, rising fees, and a look at the effect before each attempt.
import { TransactionNotFoundError, type TransactionReceipt } from 'viem';
import { MizuError } from '../../protocol/errors.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import { createMutex, type Mutex } from '../process/mutex.ts';
import type { ContractCall } from './call.ts';
import { BUMP_PERCENT, isFeeTooHigh } from './fees.ts';
import type { L1Account } from './l1.ts';
import { createNonces, type Nonces } from './nonces.ts';
import { emptyTransaction, submit, type Transaction, toTransaction } from './submit.ts';
import { createTurnstile } from './turnstile.ts';

export type Sent = { readonly kind: 'mined'; readonly receipt: TransactionReceipt } | { readonly kind: 'already-done' };

export type Sender = {
  readonly address: Address;
  /**
   * Sends calls in the order in which they come, as many at one time as `inFlight` says, and waits until they are
   * mined. A call that fails keeps no other from being mined.
   * @throws MizuError `l1/reverted` with the contract's error, `l1/fee-too-high` (retryable), `l1/not-mined` after all
   * attempts (retryable)
   */
  sendAndWait(call: ContractCall): Promise<Sent>;
};

export type SenderOptions = {
  /** After how many seconds without being mined the fee is raised. Default 30. */
  readonly stuckSeconds?: number;
  /** The most attempts; each offers a higher fee than the one before. Default 8. */
  readonly attempts?: number;
  /** How many calls may wait to be mined at one time. They must not need each other's effects. Default 1. */
  readonly inFlight?: number;
  readonly signal?: AbortSignal;
};

/** How many pending transactions of one account a node keeps at least. */
export const NODE_IN_FLIGHT = 16;
/**
 * After so many looks at which a node does not know a transaction it counts as forgotten: a node may learn of it only
 * after its answer.
 */
const FORGOTTEN_LOOKS = 3;

type Lane = Required<Pick<SenderOptions, 'stuckSeconds' | 'attempts'>> & {
  readonly l1: L1Account;
  readonly nonces: Nonces;
  readonly inTurn: Mutex;
  readonly signal: AbortSignal | undefined;
  /** Until when the node is asked for every transaction, in milliseconds of the clock, because it has forgotten one. */
  readonly doubt: { until: number };
};

export function createSender(l1: L1Account, options: SenderOptions = {}): Sender {
  const { stuckSeconds = 30, attempts = 8, inFlight = 1, signal } = options;
  const doubt = { until: 0 };
  const lane: Lane = { l1, nonces: createNonces(l1), inTurn: createMutex(), stuckSeconds, attempts, signal, doubt };
  const pass = createTurnstile(inFlight);
  return { address: l1.address, sendAndWait: (call) => pass(() => send(lane, call)) };
}

/** A transaction at its nonce, in all its attempts. */
type Flight = {
  readonly nonce: number;
  readonly hashes: Hex[];
  /**
   * The filling of lower nonces that were missing. These promises never fail: a nonce that is still missing is seen
   * again.
   */
  readonly fills: Promise<void>[];
};

async function send(lane: Lane, call: ContractCall): Promise<Sent> {
  let flight: Flight | undefined;
  try {
    for (let attempt = 0; attempt < lane.attempts; attempt++) {
      lane.signal?.throwIfAborted();
      const mined = flight === undefined ? undefined : await minedOf(lane.l1, flight);
      if (mined !== undefined) return await settled(call, mined);
      const go = async (): Promise<Flight | undefined> => {
        if (await call.isDone?.()) return undefined;
        const transaction = await toTransaction(lane.l1, call).catch(async (error: unknown) => {
          // The effect may have come between the look and the estimate: then the contract refuses to do it once more.
          if (flight !== undefined && (await minedOf(lane.l1, flight)) !== undefined) return undefined;
          if (await call.isDone?.()) return undefined;
          throw error;
        });
        if (transaction === undefined) return flight;
        flight ??= { nonce: await lane.nonces.take(), hashes: [], fills: [] };
        await launch(lane, flight, transaction, attempt);
        return flight;
      };
      // First attempts are made one after another, so that nonces are taken in the order of the calls and none is
      // passed over.
      const launched = await (flight === undefined ? lane.inTurn(go) : go());
      if (launched === undefined) return { kind: 'already-done' };
      const ended = await waitForNonce(lane, launched);
      if (ended === 'used') {
        const receipt = await minedOf(lane.l1, launched);
        if (receipt !== undefined) return await settled(call, receipt);
        // A transaction from before a restart has used the nonce: the call begins anew with a later one.
        lane.nonces.giveBack(launched.nonce);
        flight = undefined;
      }
    }
    throw notMined(lane, call.functionName, flight);
  } finally {
    if (flight !== undefined) lane.nonces.giveBack(flight.nonce);
    await Promise.all(flight?.fills ?? []);
  }
}

async function launch({ l1 }: Lane, flight: Flight, transaction: Transaction, attempt: number): Promise<void> {
  const hash = await submit(l1, transaction, flight.nonce, attempt).catch((error: unknown) => {
    // A transaction that is under way already may still be mined for what it offers.
    if (flight.hashes.length > 0 && isFeeTooHigh(error)) return undefined;
    throw error;
  });
  if (hash !== undefined) flight.hashes.push(hash);
}

// `used`: the nonce was used by ours or by another transaction. `forgotten`: the node has none of ours any more,
// because of a reorg or a full pool. `stuck`: it is pending for too long.
async function waitForNonce(lane: Lane, flight: Flight): Promise<'used' | 'forgotten' | 'stuck'> {
  const { l1, nonces, stuckSeconds, signal } = lane;
  const deadline = Date.now() + stuckSeconds * 1000;
  let forgotten = 0;
  let unread = 0;
  while (Date.now() < deadline) {
    signal?.throwIfAborted();
    const used = await nonces.used();
    if (used > flight.nonce) {
      // The node that counts may be ahead of the one that gives receipts.
      if (flight.hashes.length === 0 || ++unread > FORGOTTEN_LOOKS) return 'used';
      if ((await minedOf(l1, flight)) !== undefined) return 'used';
    } else {
      const missing = nonces.takeBelow(flight.nonce, used);
      if (missing !== undefined) flight.fills.push(fill(lane, missing));
      // Only the lowest is asked for, because each question costs a request; the others only while the node is in
      // doubt. Of a transaction that went elsewhere the node would know nothing.
      const isAsked = !l1.isPrivate && (nonces.isLowest(flight.nonce) || Date.now() < lane.doubt.until);
      forgotten = !isAsked || (await isKnown(l1, flight)) ? 0 : forgotten + 1;
      if (forgotten >= FORGOTTEN_LOOKS) {
        lane.doubt.until = Date.now() + stuckSeconds * 1000;
        return 'forgotten';
      }
    }
    await new Promise((resolve) => setTimeout(resolve, Math.min(l1.client.pollingInterval, 50 + stuckSeconds * 10)));
  }
  return 'stuck';
}

// Fills a missing nonce with an empty transaction. The call that held it has given up, or a reorg has dropped what was
// mined: nothing behind the nonce would be mined any more.
async function fill(lane: Lane, nonce: number): Promise<void> {
  const flight: Flight = { nonce, hashes: [], fills: [] };
  try {
    for (let attempt = 0; attempt < lane.attempts; attempt++) {
      await launch(lane, flight, emptyTransaction(lane.l1), attempt);
      if ((await waitForNonce(lane, flight)) === 'used') return;
    }
  } catch {
    // There is no ether, or the process ends: the calls that wait behind the nonce fail for the same reason, and say
    // so.
  } finally {
    lane.nonces.giveBack(nonce);
    await Promise.all(flight.fills);
  }
}

async function isKnown({ client }: L1Account, { hashes }: Flight): Promise<boolean> {
  if (hashes.length === 0) return true;
  for (const hash of hashes) {
    const known = await client.getTransaction({ hash }).then(
      () => true,
      (error: unknown) => !(error instanceof TransactionNotFoundError),
    );
    if (known) return true;
  }
  return false;
}

async function minedOf({ client }: L1Account, { hashes }: Flight): Promise<TransactionReceipt | undefined> {
  for (const hash of hashes) {
    const receipt = await client.getTransactionReceipt({ hash }).catch(() => undefined);
    if (receipt !== undefined) return receipt;
  }
  return undefined;
}

async function settled(call: ContractCall, receipt: TransactionReceipt): Promise<Sent> {
  if (receipt.status === 'success') return { kind: 'mined', receipt };
  if (await call.isDone?.()) return { kind: 'already-done' };
  throw new MizuError({
    code: 'l1/reverted',
    message: `${call.functionName} has been reverted on L1.`,
    actual: `transaction ${receipt.transactionHash}, ${receipt.gasUsed} gas used`,
    retryable: true,
  });
}

function notMined({ attempts, stuckSeconds }: Lane, what: string, flight: Flight | undefined): MizuError {
  const last = flight?.hashes.at(-1);
  return new MizuError({
    code: 'l1/not-mined',
    message: `${what} has not been mined.`,
    expected: `a block with it within ${attempts * stuckSeconds} s, with fees raised by ${BUMP_PERCENT} % at each of ${attempts} attempts`,
    actual: last === undefined ? 'the node took none of the transactions' : `pending: ${last}`,
    hint: 'Check that the L1 makes blocks and that the account can pay.',
    retryable: true,
  });
}
