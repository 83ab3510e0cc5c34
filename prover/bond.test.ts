// docs/prover.md#assertions: an executor whose stake is all locked confirms, and asserts again when its bond is free.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLogger } from '../service/process/log.ts';
import { keyOf, startTestNetwork, type TestNetwork, until } from '../test/network/network.fixture.ts';
import { type Executor, startExecutor } from './main.ts';

const ALL_OF_THE_STAKE = 10_000n * 10n ** 18n;
let network: TestNetwork;
let executor: Executor | undefined;

beforeAll(async () => {
  network = await startTestNetwork({ assertionBondWei: ALL_OF_THE_STAKE });
});

afterAll(async () => {
  await executor?.close();
  await network?.close();
});

test('a stake that is all locked delays assertions, not confirmations', async () => {
  const log = createLogger('test', process.env.MIZU_LOG ?? 'silent');
  const own = await startExecutor({
    ...network.config('executor'),
    key: keyOf(2),
    policy: { intervalSeconds: 0 },
    log,
  });
  executor = own;
  await network.postBatch([{ kind: 'Expire', run: `0x${'11'.repeat(32)}` }]);
  await until('the first', async () => own.counts.asserted === 1 || undefined);
  await network.postBatch([{ kind: 'Expire', run: `0x${'22'.repeat(32)}` }]);
  await network.clock.passUntil('both', async () => own.counts.confirmed === 2 || undefined);
  expect(own.counts).toMatchObject({ asserted: 2, retries: 0 });
});
