import { expect, test } from 'vitest';
import { hashWorkflow } from '../protocol/definition.ts';
import { hashRun } from '../protocol/messages.ts';
import { hashDataset } from '../protocol/state.ts';
import { objectRef } from '../protocol/tree.ts';
import { nativeEngine } from '../test/kernel/engine.fixture.ts';
import {
  ALICE,
  createWorld,
  deployMessage,
  GATEWAY,
  MODEL,
  makeDefinition,
  resultMessage,
  runMessage,
  type World,
} from '../test/kernel/world.fixture.ts';
import { accountKey, datasetKey, runKey, taskKey } from './keys.ts';
import { accountRecord, datasetRecord, runRecord, taskRecord } from './records.ts';

async function completeRun(world: World, nonce: bigint, gatewayNonce: bigint) {
  const workflow = hashWorkflow(makeDefinition());
  const started = world.apply(await runMessage(ALICE, nonce));
  const run = hashRun(ALICE.address, nonce, workflow);
  expect(started.receipt).toMatchObject({ kind: 'Run', ok: true, run, runStatus: 'running' });
  const advance = (stage: number, partition: number) => world.apply({ kind: 'Advance', run, stage, partition });
  for (const partition of [0, 1, 2]) expect(advance(0, partition).receipt).toMatchObject({ ok: true, status: 0 });
  const items = await Promise.all(
    [0, 1, 2].map(async (partition) => {
      const request = (await world.read(taskKey(run, 0, partition), taskRecord))!.output;
      const result = objectRef(new TextEncoder().encode(`answer ${partition}`));
      return {
        run,
        stage: 1,
        partition,
        attempt: 0,
        requestRoot: request.root,
        resultRoot: result.root,
        resultLength: result.length,
        model: MODEL,
        inputTokens: 10n,
        outputTokens: 3n,
      };
    }),
  );
  const inferred = world.apply(await resultMessage(gatewayNonce, items)).receipt;
  expect(inferred.items?.map((item) => item.error)).toEqual([undefined, undefined, undefined]);
  for (const partition of [0, 1, 2]) expect(advance(2, partition).receipt).toMatchObject({ ok: true });
  const last = advance(3, 0);
  return { run, last, advances: advance };
}

test('a workflow is deployed, run and done; its dataset is the manifest of its sinks', async () => {
  const world = await createWorld(nativeEngine);
  expect(world.deposit(ALICE.address, 10n ** 12n).receipt).toMatchObject({ kind: 'Deposit', ok: true });
  const deployed = world.apply(await deployMessage(ALICE, 0n)).receipt;
  expect(deployed).toMatchObject({ kind: 'Deploy', ok: true, workflow: hashWorkflow(makeDefinition()) });
  const { run, last } = await completeRun(world, 1n, 1n);
  expect(last.receipt).toMatchObject({ ok: true, runStatus: 'done' });
  const sinks = [
    [2, 0],
    [2, 1],
    [2, 2],
    [3, 0],
  ] as const;
  const entries = await Promise.all(
    sinks.map(async ([stage, partition]) => ({
      ...(await world.read(taskKey(run, stage, partition), taskRecord))!.output,
      stage,
      partition,
    })),
  );
  expect(last.receipt.datasetRoot).toBe(hashDataset(entries));
  expect((await world.read(datasetKey(run), datasetRecord))?.dataset.root).toBe(hashDataset(entries));
  expect(await world.read(runKey(run), runRecord)).toMatchObject({ status: 2, tasksLeft: 0 });
  expect((await world.read(accountKey(GATEWAY.address), accountRecord))?.balance).toBe(3n * (10n * 5n + 3n * 7n));
});

test('two runs of one workflow on one input give one dataset', async () => {
  const world = await createWorld(nativeEngine);
  world.deposit(ALICE.address, 10n ** 12n);
  world.apply(await deployMessage(ALICE, 0n));
  const first = await completeRun(world, 1n, 1n);
  world.time += 500n;
  const second = await completeRun(world, 2n, 2n);
  expect(second.run).not.toBe(first.run);
  expect(second.last.receipt.datasetRoot).toBe(first.last.receipt.datasetRoot);
});
