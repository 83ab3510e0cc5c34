import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeDefinition, hashWorkflow } from '../../protocol/definition.ts';
import type { Hex } from '../../protocol/hex.ts';
import { encodeMessage, type Message } from '../../protocol/messages.ts';
import { receiveMessage } from '../../protocol/received.ts';
import { makeDefinition } from '../../test/kernel/world.fixture.ts';
import { createPending } from './pending.ts';

const ACCOUNT = `0x${'Ab'.repeat(20)}` as const;
const RUN = `0x${'11'.repeat(32)}` as const;
const FREE = { feeWei: 0n, dueWei: 0n, gasPrice: 0n };
const signature = `0x${'22'.repeat(65)}` as const;

const cancel = (nonce: bigint): Message => ({
  kind: 'Cancel',
  sender: ACCOUNT,
  nonce,
  gasPrice: 1n,
  run: RUN,
  signature,
});

test('what a message binds: its nonce, its money, the run that it ends', () => {
  const pending = createPending();
  const withdraw: Message = {
    kind: 'Withdraw',
    sender: ACCOUNT,
    nonce: 7n,
    gasPrice: 2n,
    recipient: ACCOUNT,
    amount: 5n,
    signature,
  };
  for (const [sequence, message] of [withdraw, cancel(8n), { kind: 'Expire', run: RUN } as const].entries())
    pending.add(receiveMessage(encodeMessage(message)), message, { feeWei: 2n, dueWei: 0n, gasPrice: 7n }, sequence);
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
    const account = { gateway, worker, total, accountSignature: signature };
    return { kind: 'Settle', sender: ACCOUNT, nonce, gasPrice: 1n, ...account, signature };
  };
  for (const [sequence, total] of [70n, 60n].entries())
    pending.add(
      receiveMessage(new Uint8Array()),
      settle(BigInt(sequence), total),
      { feeWei: 2n, dueWei: total, gasPrice: 1n },
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

const OTHERS = `0x${'cd'.repeat(20)}` as const;
const GATEWAY = `0x${'ef'.repeat(20)}` as const;
const WORKFLOW = `0x${'33'.repeat(32)}` as const;

/** The sequences of those that may go next when these wait. */
function headsOf(messages: readonly Message[], isHeld: (run: string) => boolean = () => false): number[] {
  const pending = createPending();
  for (const [sequence, message] of messages.entries())
    pending.add(receiveMessage(encodeMessage(message)), message, FREE, sequence);
  return pending.heads(({ run }) => isHeld(run)).map(({ sequence }) => sequence);
}

const signed = (sender: typeof ACCOUNT | typeof OTHERS, nonce: bigint) => ({ sender, nonce, gasPrice: 1n, signature });
const withdraw = (sender: typeof ACCOUNT | typeof OTHERS, nonce: bigint): Message => ({
  ...{ kind: 'Withdraw', ...signed(sender, nonce), recipient: ACCOUNT, amount: 1n },
});
const runOf = (sender: typeof ACCOUNT | typeof OTHERS, workflow: Hex): Message => ({
  ...{ kind: 'Run', ...signed(sender, 0n), workflow, maxCost: 1n, maxItemCost: 0n, maxInferenceCost: 0n },
  ...{ taskGasLimit: 1n, deadline: 1n, gateways: [], inputs: new Uint8Array(0) },
});
const resultOf = (gateway: Hex, nonce: bigint, run: Hex): Message => {
  const item = { run, stage: 0, partition: 0, attempt: 0, requestRoot: RUN, resultRoot: RUN, resultLength: 1 };
  const certificate = { epoch: 1n, expiry: 1n, signers: 0n, signatures: [] };
  const items = [{ ...item, model: RUN, inputTokens: 0n, outputTokens: 0n }];
  return { kind: 'InferenceResult', signature, gateway, nonce, items, certificate };
};

test('of each account only the first message may go next', () => {
  const messages = [withdraw(ACCOUNT, 0n), withdraw(ACCOUNT, 1n), withdraw(OTHERS, 0n), resultOf(GATEWAY, 1n, RUN)];
  expect(headsOf([...messages, resultOf(GATEWAY, 2n, WORKFLOW)])).toEqual([0, 2, 3]);
});

test('a Run waits for the Deploy of its workflow, whoever sends either', () => {
  const definition = makeDefinition();
  const certificate = { epoch: 1n, expiry: 1n, signers: 0n, signatures: [] };
  const bytes = encodeDefinition(definition, certificate);
  const deploy: Message = { kind: 'Deploy', ...signed(ACCOUNT, 0n), maxFee: 1n, definition: bytes };
  expect(headsOf([deploy, runOf(OTHERS, hashWorkflow(definition))])).toEqual([0]);
  expect(headsOf([deploy, runOf(OTHERS, WORKFLOW)])).toEqual([0, 1]);
  // One that renews the workflow holds up no Run before it.
  expect(headsOf([runOf(OTHERS, hashWorkflow(definition)), deploy])).toEqual([0, 1]);
});

test('messages about one run keep their order, but for results among themselves', () => {
  const expire: Message = { kind: 'Expire', run: RUN };
  const results = [resultOf(GATEWAY, 1n, RUN), resultOf(OTHERS, 1n, RUN)];
  expect(headsOf([...results, cancel(0n)])).toEqual([0, 1]);
  expect(headsOf([...results, expire])).toEqual([0, 1]);
  expect(headsOf([cancel(0n), ...results])).toEqual([0]);
  expect(headsOf([{ ...(cancel(0n) as object), run: WORKFLOW } as Message, ...results])).toEqual([0, 1, 2]);
});

test('a Cancel that is held keeps its account waiting, and no results of its run', () => {
  const messages = [cancel(0n), withdraw(ACCOUNT, 1n), resultOf(GATEWAY, 1n, RUN)];
  expect(headsOf(messages)).toEqual([0]);
  expect(headsOf(messages, (run) => run === RUN)).toEqual([2]);
});

test('accounts are settled in the order in which they came: a higher total would make the one before it worthless', () => {
  const settle = (sender: typeof ACCOUNT | typeof OTHERS, worker: Hex): Message => ({
    ...{ kind: 'Settle', ...signed(sender, 0n), gateway: GATEWAY, worker, total: 5n, accountSignature: signature },
  });
  expect(headsOf([settle(ACCOUNT, OTHERS), settle(OTHERS, OTHERS)])).toEqual([0]);
  expect(headsOf([settle(ACCOUNT, OTHERS), settle(OTHERS, ACCOUNT)])).toEqual([0, 1]);
});
