import { afterAll, beforeAll, expect, test } from 'vitest';
import { MizuError } from '../protocol/errors.ts';
import { rollupAbi } from '../protocol/generated/abi.ts';
import { type Executor, startExecutor } from '../prover/main.ts';
import { createLogger } from '../service/process/log.ts';
import { createRunMessages } from '../test/network/chain.fixture.ts';
import { EXECUTOR, keyOf, LIAR, startTestNetwork, type TestNetwork } from '../test/network/network.fixture.ts';
import { startValidator, type Validator } from './main.ts';

let network: TestNetwork;
let executor: Executor;
let validator: Validator;
const log = createLogger('test', process.env.MIZU_LOG ?? 'silent');

beforeAll(async () => {
  network = await startTestNetwork();
});

afterAll(async () => {
  await validator?.close();
  await executor?.close();
  await network?.close();
});

test('an honest assertion is confirmed by own re-execution', async () => {
  executor = await startExecutor({ ...network.config('executor'), key: keyOf(2), policy: { intervalSeconds: 0 }, log });
  validator = await startValidator({ ...network.config('validator'), log });
  await network.deposit(10n ** 18n);
  const { messages } = await createRunMessages(network.author, 2, 0n, network.author);
  await network.postBatch(messages.slice(0, 3));
  await network.postBatch(messages.slice(3));
  await network.clock.passUntil('two batches agreed upon', async () => {
    const { latestConfirmed } = await validator.node.mirror.head();
    return ((await validator.node.mirror.assertion(latestConfirmed))?.post.batch ?? 0n) >= 2n;
  });
  expect(validator.counts).toMatchObject({ steps: 8, faults: 0, incomplete: 0 });
  expect(validator.counts.agreed).toBeGreaterThan(0);
  expect(executor.node.l1.url).toBe(network.anvil.url);
  expect(EXECUTOR.address).not.toBe(LIAR.address);
});

test('the first wrong step of a lying assertion is named, and the validator ends with an error', async () => {
  await executor.close();
  const lie = (steps: Uint8Array) => {
    const changed = steps.slice();
    for (let leaf = 2; leaf < steps.length / 128; leaf++) changed[leaf * 128] = (steps[leaf * 128] as number) ^ 1;
    return changed;
  };
  const policy = { intervalSeconds: 0 };
  executor = await startExecutor({ ...network.config('liar'), key: keyOf(5), policy, log }, { stepList: lie });
  const nothing = `0x${'77'.repeat(32)}` as const;
  await network.postBatch([
    { kind: 'Expire', run: nothing },
    { kind: 'Advance', run: nothing, stage: 0, partition: 0 },
    { kind: 'Expire', run: nothing },
  ]);
  // It is the honest executor's turn, who is gone: the liar's comes when L1's time has passed, and then the clock
  // stands again.
  await network.clock.passUntil("the liar's assertion", async () => {
    const events = await network.l1.client.getContractEvents({
      address: network.deployment.addresses.rollup,
      abi: rollupAbi,
      eventName: 'AssertionCreated',
      fromBlock: 0n,
    });
    return events.some(({ args }) => args.asserter === LIAR.address);
  });
  const failure = await validator.done.then(
    () => undefined,
    (error: unknown) => error as MizuError,
  );
  expect(failure).toBeInstanceOf(MizuError);
  expect(failure?.code).toBe('challenger/wrong-assertion');
  expect(failure?.actual).toMatch(/step 1 of assertion \d+ \(step 10 since genesis, message 1 of batch 2, Advance\)/);
  expect(failure?.actual).toContain(`by ${LIAR.address} is wrong: stateRoot claimed 0x`);
  expect(validator.counts.faults).toBe(1);
});
