// docs/kernel.md#settle: what a Settle message takes from its gateway, and what its sender has then.
import { MizuError } from '../../protocol/errors.ts';
import { isSameAddress } from '../../protocol/hex.ts';
import type { UserMessage } from '../../protocol/messages.ts';
import type { StateReader } from '../index/state.ts';
import type { PendingMessages } from './pending.ts';

type Settle = UserMessage & { readonly kind: 'Settle' };

/** What of the account's total is not settled, in wei. */
export async function dueOf({ gateway, worker, total }: Settle, state: StateReader): Promise<bigint> {
  const settled = await state.settled(gateway, worker);
  return total > settled ? total - settled : 0n;
}

/**
 * What the sender has more, or less, when the message has paid the worker, in wei: its fee is taken after that.
 * @throws MizuError `message/nothing-to-settle`
 */
export async function settledFor(message: Settle, pending: PendingMessages, state: StateReader): Promise<bigint> {
  const { sender, gateway, worker, total } = message;
  const [queued, bound] = [pending.settlingOf(gateway, worker), pending.boundOf(gateway)];
  const [settled, { balance }] = await Promise.all([state.settled(gateway, worker), state.account(gateway)]);
  const due = smaller(total - queued, total - settled);
  if (due <= 0n) throw nothingToSettle(`a total above ${total - due} wei`, `${total} wei`);
  const free = balance - bound;
  if (free <= 0n)
    throw nothingToSettle('a gateway whose account has something', `${balance} wei, of which ${bound} are bound`);
  const amount = smaller(due, free);
  return (isSameAddress(sender, worker) ? amount : 0n) - (isSameAddress(sender, gateway) ? amount : 0n);
}

function smaller(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

function nothingToSettle(expected: string, actual: string): MizuError {
  return new MizuError({
    code: 'message/nothing-to-settle',
    message: 'The gateway would pay the worker nothing.',
    expected,
    actual,
    hint: 'Settle again when the gateway has signed a higher total, or when its account has been paid.',
  });
}
