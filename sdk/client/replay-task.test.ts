import { expect, test } from 'vitest';
import { RUN_INPUT } from '../../protocol/constants.ts';
import type { Hex } from '../../protocol/hex.ts';
import { objectRef } from '../../protocol/tree.ts';
import type { LocalResult, LocalTask } from '../local/engine.ts';
import type { Network } from './network.ts';
import { replayTask } from './replay-task.ts';

const hash = (byte: string) => `0x${byte.repeat(32)}` as Hex;
const bytesOf = (text: string) => new TextEncoder().encode(text);
const INPUTS = ['first', 'second', 'third'].map(bytesOf);
const OUTPUTS = ['a', 'b', 'c'].map(bytesOf);

/** Its run has three partitions; stage 0 made `OUTPUTS` of them, and stage 1 reads all. */
const network = {
  rpc: async (method: string, [, filter]: [Hex, { offset: number; limit: number }]) =>
    method === 'mizu_getRunObjects'
      ? INPUTS.map(objectRef)
      : OUTPUTS.slice(filter.offset, filter.offset + filter.limit).map((bytes) => {
          const { root, length } = objectRef(bytes);
          return { outputRoot: root, outputLength: length };
        }),
  object: async (root: Hex) => [...INPUTS, ...OUTPUTS].find((bytes) => objectRef(bytes).root === root),
} as unknown as Network;
const workflow = {
  workflowId: hash('02'),
  file: 'w.ts',
  definition: {
    stages: [{ inputs: [{ source: RUN_INPUT, mode: 'same' }] }, { inputs: [{ source: 0, mode: 'all' }] }],
  },
} as unknown as Parameters<typeof replayTask>[3];
const view = {
  run: hash('01'),
  workflow: hash('02'),
  partitions: 3,
  taskGasLimit: 100,
  stages: [{ width: 3 }, { width: 1 }],
} as unknown as Parameters<typeof replayTask>[1];

async function replay(result: Partial<LocalResult>, stage = 0, partition = 0) {
  const tasks: LocalTask[] = [];
  const exec = (task: LocalTask): LocalResult => {
    tasks.push(task);
    return { status: 0, output: new Uint8Array(0), gasUsed: 50n, log: '', ...result };
  };
  const replayed = await replayTask(network, view, { stage, partition }, workflow, { exec });
  return { replayed, task: tasks[0] as LocalTask };
}

test('the task gets what it had: its own partition, or all outputs of the stage before it', async () => {
  expect((await replay({}, 0, 1)).task).toMatchObject({
    stage: 0,
    partition: 1,
    width: 3,
    partitions: 3,
    inputs: [INPUTS[1]],
  });
  expect((await replay({}, 1)).task).toMatchObject({ stage: 1, width: 1, inputs: OUTPUTS });
});

test.each([
  [{ gasUsed: 101n }, 'task-gas', 'it needs 101 gas, and the run allows 100 a task'],
  [{ status: 256, log: 'out-of-gas: The run used up its gas.' }, 'task-gas', 'it needs more than 17,179,869,184 gas'],
  [{ status: 256, log: 'unreachable: A trap.' }, 'trap', 'unreachable: A trap.'],
  [{ status: 1, log: 'Error: the check failed' }, 'exit', 'Error: the check failed'],
  [{ status: 7 }, 'exit', 'exit code 7'],
  [{}, 'done', 'with 50 gas it does not fail'],
] as const)('case %#', async (result, kind, says) => {
  const { replayed } = await replay(result);
  expect(replayed.kind).toBe(kind);
  expect(replayed.says).toContain(says);
});

test('another workflow than that of the run is refused', async () => {
  const other = { ...workflow, workflowId: hash('09') };
  const exec = () => {
    throw new Error('nothing is run');
  };
  await expect(replayTask(network, view, { stage: 0, partition: 0 }, other, { exec })).rejects.toMatchObject({
    code: 'sdk/other-workflow',
  });
});
