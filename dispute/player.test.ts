// docs/disputes.md#start: a game that was opened with a message that is none is over with the asserter's first answer.
import type { Abi } from 'viem';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { disputeAbi, mizuTokenAbi } from '../protocol/generated/abi.ts';
import type { Hex } from '../protocol/hex.ts';
import { toStepInAssertion } from '../protocol/step-numbers.ts';
import { keccakHex, LEAF_BYTES } from '../protocol/tree.ts';
import { type Executor, startExecutor } from '../prover/main.ts';
import { withAccount } from '../service/l1/l1.ts';
import { createSender } from '../service/l1/send.ts';
import { createLogger } from '../service/process/log.ts';
import { EXECUTOR, keyOf, startTestNetwork, type TestNetwork, until } from '../test/network/network.fixture.ts';
import { encodeClaimedStep, encodeGameKey, NO_MESSAGE_PROOF } from './calls.ts';
import { createOpening } from './opening.ts';
import { LIST_LENGTH } from './play.ts';
import { locateStep } from './trace/locate.ts';

let network: TestNetwork;
let executor: Executor;
const log = createLogger('test', process.env.MIZU_LOG ?? 'silent');
const ENTRY = LEAF_BYTES;

beforeAll(async () => {
  network = await startTestNetwork();
});

afterAll(async () => {
  await executor?.close();
  await network?.close();
});

test('the asserter refutes the message at once, and is paid out of the bond', async () => {
  const contracts = network.deployment.addresses;
  const { client } = network.l1;
  executor = await startExecutor({ ...network.config('executor'), key: keyOf(2), policy: { intervalSeconds: 0 }, log });
  const { node } = executor;
  await network.postBatch([{ kind: 'Expire', run: `0x${'11'.repeat(32)}` }], spoilFirst);
  const assertion = await until('the assertion', async () => (await node.mirror.pending())[0]);
  const step = toStepInAssertion(assertion.stepCount - 1);
  const parent = (await node.mirror.assertion(assertion.parent))!;
  const steps = await node.execution.leaves(parent.post.step, assertion.post.step);
  const opening = await createOpening(node, {
    claimed: encodeClaimedStep(assertion.id, steps, step),
    place: (await locateStep(node, assertion, step))!.message,
    list: Array.from({ length: LIST_LENGTH }, (_, i): Hex => keccakHex(Uint8Array.of(i))),
  });
  // Whoever opens honestly shows the byte behind the message.
  expect(opening.message.tail.leaf).not.toBe('0x');

  const sender = createSender(withAccount(network.l1, keyOf(4)));
  const token = { address: contracts.token, abi: mizuTokenAbi as Abi };
  await sender.sendAndWait({ ...token, functionName: 'approve', args: [contracts.dispute, 10n ** 30n] });
  const dispute = { address: contracts.dispute, abi: disputeAbi } as const;
  const blind = { ...opening, message: { ...opening.message, tail: NO_MESSAGE_PROOF.tail } };
  await sender.sendAndWait({ ...dispute, abi: disputeAbi as Abi, functionName: 'open', args: [blind] });
  const game = await client.readContract({
    ...dispute,
    functionName: 'gameIdOf',
    args: [encodeGameKey({ assertion: assertion.id, step, challenger: sender.address })],
  });

  await until('the end of the game', async () => (await node.mirror.game(game))?.status === 'asserter-won');
  const refuted = await client.getContractEvents({ ...dispute, eventName: 'MessageRefuted', fromBlock: 0n });
  expect(refuted.map(({ args }) => args.game)).toEqual([game]);
  await until('its count', () => executor.games.moves === 1);
  expect(executor.games).toMatchObject({ moves: 1, proofs: 0, timeouts: 0, lost: 0 });
  expect((await node.mirror.game(game))?.lists).toBe(1);
  const [won] = await client.getContractEvents({ ...dispute, eventName: 'BondForfeited', fromBlock: 0n });
  expect(won?.args.winner).toBe(EXECUTOR.address);
  expect(won?.args.award).toBeGreaterThan(0n);
  expect((await node.mirror.assertion(assertion.id))?.status).toBe('pending');
});

/** A byte behind the first message, inside its subtree: the message counts as empty. */
function spoilFirst(batch: Uint8Array): void {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
  batch[view.getUint32(ENTRY) * LEAF_BYTES + view.getUint32(ENTRY + 4)] = 1;
}
