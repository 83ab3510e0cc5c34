import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeMessage, type Message } from '../../protocol/messages.ts';
import { receiveMessage } from '../../protocol/received.ts';
import { createPending } from './pending.ts';

const ACCOUNT = `0x${'Ab'.repeat(20)}` as const;
const RUN = `0x${'11'.repeat(32)}` as const;
const signature = `0x${'22'.repeat(65)}` as const;

const cancel = (nonce: bigint): Message => ({ kind: 'Cancel', sender: ACCOUNT, nonce, run: RUN, signature });

test('what a message binds: its nonce, its money, the run that it ends', () => {
  const pending = createPending();
  const withdraw: Message = { kind: 'Withdraw', sender: ACCOUNT, nonce: 7n, recipient: ACCOUNT, amount: 5n, signature };
  for (const [sequence, message] of [withdraw, cancel(8n), { kind: 'Expire', run: RUN } as const].entries())
    pending.add(receiveMessage(encodeMessage(message)), message, 2n, sequence);
  const account = ACCOUNT.toLowerCase();
  expect([...pending.all()]).toMatchObject([
    { sequence: 0, account, isUser: true, nonce: 7n, cost: 7n },
    { sequence: 1, account, isUser: true, nonce: 8n, cost: 2n, ends: { kind: 'Cancel', run: RUN } },
    { sequence: 2, isUser: false, cost: 0n, ends: { kind: 'Expire', run: RUN } },
  ]);
  expect(pending.countOf(ACCOUNT)).toBe(2);
});

test('messages are kept in memory up to a limit of bytes, and again once others are gone', () => {
  const { length } = encodeMessage(cancel(0n));
  const limit = 3 * length;
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -6, max: 6 }), { maxLength: 40 }), (moves) => {
      const pending = createPending(limit);
      let sequence = 0;
      for (const move of moves) {
        if (move < 0) pending.delete(sequence + move);
        else pending.add(receiveMessage(encodeMessage(cancel(BigInt(move)))), cancel(BigInt(move)), 0n, ++sequence);
        const kept = [...pending.all()].flatMap(({ received }) => received ?? []);
        expect(kept.length * length).toBeLessThanOrEqual(limit);
      }
      for (const { sequence: old } of [...pending.all()]) pending.delete(old);
      pending.add(receiveMessage(encodeMessage(cancel(0n))), cancel(0n), 0n, ++sequence);
      expect([...pending.all()]).toMatchObject([{ received: { message: { kind: 'Cancel', nonce: 0n } } }]);
    }),
  );
});
