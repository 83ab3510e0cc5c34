import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeMessage, type Message } from '../../protocol/messages.ts';
import { receiveMessage } from '../../protocol/received.ts';
import { createPending } from './pending.ts';

const ACCOUNT = `0x${'Ab'.repeat(20)}` as const;
const RUN = `0x${'11'.repeat(32)}` as const;
const FREE = { feeWei: 0n, dueWei: 0n };
const signature = `0x${'22'.repeat(65)}` as const;

const cancel = (nonce: bigint): Message => ({ kind: 'Cancel', sender: ACCOUNT, nonce, run: RUN, signature });

test('what a message binds: its nonce, its money, the run that it ends', () => {
  const pending = createPending();
  const withdraw: Message = { kind: 'Withdraw', sender: ACCOUNT, nonce: 7n, recipient: ACCOUNT, amount: 5n, signature };
  for (const [sequence, message] of [withdraw, cancel(8n), { kind: 'Expire', run: RUN } as const].entries())
    pending.add(receiveMessage(encodeMessage(message)), message, { feeWei: 2n, dueWei: 0n }, sequence);
  const account = ACCOUNT.toLowerCase();
  expect([...pending.all()]).toMatchObject([
    { sequence: 0, account, isUser: true, nonce: 7n, cost: 7n },
    { sequence: 1, account, isUser: true, nonce: 8n, cost: 2n, ends: { kind: 'Cancel', run: RUN } },
    { sequence: 2, isUser: false, cost: 0n, ends: { kind: 'Expire', run: RUN } },
  ]);
  expect(pending.countOf(ACCOUNT)).toBe(2);
});

test('what waits to be settled is bound on both sides: the fee of the sender, what the gateway owes', () => {
  const pending = createPending();
  const [gateway, worker] = [`0x${'Cd'.repeat(20)}`, `0x${'Ef'.repeat(20)}`] as const;
  const settle = (nonce: bigint, total: bigint): Message => {
    return { kind: 'Settle', sender: ACCOUNT, nonce, gateway, worker, total, accountSignature: signature, signature };
  };
  for (const [sequence, total] of [70n, 60n].entries())
    pending.add(
      receiveMessage(new Uint8Array()),
      settle(BigInt(sequence), total),
      { feeWei: 2n, dueWei: total },
      sequence,
    );
  expect([pending.boundOf(ACCOUNT), pending.boundOf(gateway), pending.boundOf(worker)]).toEqual([4n, 130n, 0n]);
  expect([pending.settlingOf(gateway, worker), pending.settlingOf(worker, gateway)]).toEqual([70n, 0n]);
  pending.delete(0);
  expect([pending.boundOf(gateway), pending.settlingOf(gateway, worker)]).toEqual([60n, 60n]);
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
        else pending.add(receiveMessage(encodeMessage(cancel(BigInt(move)))), cancel(BigInt(move)), FREE, ++sequence);
        const kept = [...pending.all()].flatMap(({ received }) => received ?? []);
        expect(kept.length * length).toBeLessThanOrEqual(limit);
      }
      for (const { sequence: old } of [...pending.all()]) pending.delete(old);
      pending.add(receiveMessage(encodeMessage(cancel(0n))), cancel(0n), FREE, ++sequence);
      expect([...pending.all()]).toMatchObject([{ received: { message: { kind: 'Cancel', nonce: 0n } } }]);
    }),
  );
});
