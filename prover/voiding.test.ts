// docs/prover.md#promised: of several executors one makes batches void, and the others come after it in their order.
import { expect, test } from 'vitest';
import type { Tip } from '../node/agreement.ts';
import type { Address, Hex } from '../protocol/hex.ts';
import type { ContractCall } from '../service/l1/call.ts';
import { type Lapsed, NO_EXPIRY } from './promised.ts';
import { createVoider } from './voiding.ts';

const account = (digit: string): Address => `0x${digit.repeat(40)}`;
const [A, B, C, STRANGER, NOBODY] = ['a', 'b', 'c', 'd', '0'].map(account) as [
  Address,
  Address,
  Address,
  Address,
  Address,
];
const LEADER_SECONDS = 600n;
const SEEN = 10_000n;
const FIRST = 7n;
const TIP: Hex = `0x${'11'.repeat(32)}`;
const CHILD: Hex = `0x${'22'.repeat(32)}`;
const NO_CHILD: Hex = `0x${'00'.repeat(32)}`;
const tip = { tip: { id: TIP, post: { batch: FIRST } }, children: new Set<Hex>() } as unknown as Tip;

/** What L1 says to all executors; a test changes it as L1 goes on. */
function createL1(executors: readonly Address[], leader: Address) {
  const state = { lapsed: { first: FIRST, end: FIRST + 3n } as Lapsed | undefined, isVoid: false, child: NO_CHILD };
  const calls: { readonly by: Address; readonly args: readonly unknown[] }[] = [];
  const answers: Record<string, unknown> = {
    leaderOf: leader,
    places: executors.map((account) => ({ account })),
    leaderSeconds: LEADER_SECONDS,
  };
  const readContract = async ({ functionName }: { functionName: string }) => {
    if (functionName === 'lastChildOf') return state.child;
    if (functionName === 'expiryOf') return state.isVoid ? NO_EXPIRY : 5n;
    return answers[functionName];
  };
  const voiderOf = (address: Address) => {
    const node = {
      l1: { client: { readContract } },
      mirror: { head: async () => ({ latestConfirmed: TIP, batches: FIRST + 3n }) },
    };
    const sender = {
      address,
      async sendAndWait({ functionName, args, isDone }: ContractCall) {
        if (await isDone?.()) return { kind: 'already-done' };
        expect(functionName).toBe('voidBatches');
        calls.push({ by: address, args });
        state.isVoid = true;
        return { kind: 'mined', receipt: { gasUsed: 60_000n } };
      },
    };
    const promised = { lapsed: async () => state.lapsed };
    const [contracts, parts] = [{ rollup: account('1'), inbox: account('2') }, [node, sender, promised]];
    type Parts = Parameters<typeof createVoider>;
    const [theNode, theSender, thePromised] = parts as unknown as [Parts[0], Parts[2], Parts[3]];
    return createVoider(theNode, contracts as unknown as Parts[1], theSender, thePromised);
  };
  return { state, calls, voiderOf };
}

/** By executor: after how many turns of `LEADER_SECONDS` it would send. */
async function turnsOf(
  l1: ReturnType<typeof createL1>,
  accounts: readonly Address[],
): Promise<Record<Address, number | undefined>> {
  const found: Record<Address, number | undefined> = {};
  for (const by of accounts) {
    const voider = l1.voiderOf(by);
    for (let turns = 0; turns <= accounts.length && found[by] === undefined; turns++) {
      l1.state.isVoid = false;
      const start = SEEN + BigInt(turns) * LEADER_SECONDS;
      // It is also asked one second before that turn.
      if (turns > 0) expect(await voider.voidNext(tip, start - 1n)).toBe('due');
      if ((await voider.voidNext(tip, start)) !== 'due') found[by] = turns;
    }
  }
  return found;
}

test('the leader sends at once, the others a turn after one another in the order of the list, strangers last', async () => {
  const l1 = createL1([A, B, C], B);
  expect(await turnsOf(l1, [A, B, C, STRANGER])).toEqual({ [B]: 0, [C]: 1, [A]: 2, [STRANGER]: 3 });
  expect(l1.calls.map(({ by }) => by)).toEqual([A, B, C, STRANGER]);
  for (const { args } of l1.calls) expect(args).toEqual([FIRST, FIRST + 3n]);
});

test('when L1 knows no leader any more, the place of the first batch decides', async () => {
  expect(FIRST % 3n).toBe(1n);
  const l1 = createL1([A, B, C], NOBODY);
  expect(await turnsOf(l1, [A, B, C, STRANGER])).toEqual({ [B]: 0, [C]: 1, [A]: 2, [STRANGER]: 3 });
});

test('whoever is staked sends at once where nobody has a place', async () => {
  const l1 = createL1([], NOBODY);
  expect(await turnsOf(l1, [A])).toEqual({ [A]: 0 });
});

test('while the first one sends the others wait, and then find it done: one pays', async () => {
  const l1 = createL1([A, B, C], A);
  const [first, ...others] = [A, B, C].map(l1.voiderOf);
  for (const other of others) expect(await other.voidNext(tip, SEEN)).toBe('due');
  expect(await first?.voidNext(tip, SEEN)).toEqual({ first: FIRST, end: FIRST + 3n, gasUsed: 60_000n });
  for (const other of others) {
    expect(await other.voidNext(tip, SEEN + 2n * LEADER_SECONDS)).toBe('due');
  }
  // It has not yet followed what it has done itself.
  expect(await first?.voidNext(tip, SEEN)).toBe('due');
  expect(l1.calls.map(({ by }) => by)).toEqual([A]);
});

test('the wait counts from when each first saw these batches, and anew for others', async () => {
  const l1 = createL1([A, B], A);
  const voider = l1.voiderOf(B);
  expect(await voider.voidNext(tip, SEEN + 500n)).toBe('due');
  expect(await voider.voidNext(tip, SEEN + 500n + LEADER_SECONDS - 1n)).toBe('due');
  l1.state.lapsed = undefined;
  expect(await voider.voidNext(tip, SEEN + 500n + LEADER_SECONDS)).toBeUndefined();
  l1.state.lapsed = { first: FIRST + 1n, end: FIRST + 3n };
  expect(await voider.voidNext(tip, SEEN + 500n + LEADER_SECONDS)).toBe('due');
  expect(await voider.voidNext(tip, SEEN + 500n + 2n * LEADER_SECONDS)).toMatchObject({ first: FIRST + 1n });
});

test('nothing is made void while a child of the tip may be about it', async () => {
  const l1 = createL1([A], A);
  l1.state.child = CHILD;
  expect(await l1.voiderOf(A).voidNext(tip, SEEN)).toBeUndefined();
  l1.state.child = NO_CHILD;
  expect(await l1.voiderOf(A).voidNext({ ...tip, children: new Set([CHILD]) }, SEEN)).toBeUndefined();
  expect(l1.calls).toEqual([]);
});
