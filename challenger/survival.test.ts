// docs/disputes.md: the challenger may be killed at any stage of a game, and wins it.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Told } from '../dispute/seat.ts';
import type { Hex } from '../protocol/hex.ts';
import { keccakHex } from '../protocol/tree.ts';
import { type Executor, startExecutor } from '../prover/main.ts';
import { createLogger } from '../service/process/log.ts';
import { createRunMessages } from '../test/network/chain.fixture.ts';
import { keyOf, startTestNetwork, type TestNetwork, until, VALIDATOR } from '../test/network/network.fixture.ts';
import { createProcess, type TestProcess } from '../test/network/process.fixture.ts';

const SCRIPT = new URL('../test/network/validator-process.fixture.ts', import.meta.url);
const log = createLogger('test', process.env.MIZU_LOG ?? 'silent');
let network: TestNetwork;
let liar: Executor;
let child: TestProcess | undefined;

beforeAll(async () => {
  network = await startTestNetwork();
});

afterAll(async () => {
  await child?.kill('SIGTERM');
  await liar?.close();
  await network?.close();
});

test('killed after each of its moves it goes on, and sends nothing twice', async () => {
  let isTold = false;
  const stepList = (steps: Uint8Array) => {
    const wrong = steps.slice();
    if (!isTold) wrong[3 * 128 + 5] = (steps[3 * 128 + 5] as number) ^ 1;
    isTold = true;
    return wrong;
  };
  const told: Told = (own) => ({
    prove: own.prove,
    hashesAt: async (positions) =>
      (await own.hashesAt(positions)).map((hash, i) => lieFrom(positions[i] as bigint, hash)),
  });
  liar = await startExecutor(
    { ...network.config('liar'), key: keyOf(5), policy: { intervalSeconds: 0 }, log },
    { stepList, told },
  );
  const { mirror } = liar.node;
  child = createProcess(SCRIPT, network.config('validator'), { key: keyOf(4) });
  child.start();
  await network.deposit(10n ** 18n);
  const { messages } = await createRunMessages(network.author, 1, 0n, network.author);
  await network.postBatch(messages);
  const { id } = await until('the game', async () => (await mirror.openGames())[0]);
  for (const lists of [1, 3, 5, 7]) {
    await until(`list ${lists}`, async () => ((await mirror.game(id))?.lists ?? 0) >= lists);
    await child.kill('SIGKILL');
    child.start();
  }
  await until('rejection', async () => {
    for await (const { status } of mirror.assertions()) if (status === 'rejected') return true;
    return undefined;
  });
  // Allowance, opening, three lists, the proof; withdrawal and reward come after.
  const sent = await network.l1.client.getTransactionCount({ address: VALIDATOR.address });
  expect(sent).toBeGreaterThanOrEqual(6);
  expect(sent).toBeLessThanOrEqual(8);
});

function lieFrom(position: bigint, hash: Hex): Hex {
  return position < 50_000n ? hash : keccakHex(new TextEncoder().encode(`not ${hash}`));
}
