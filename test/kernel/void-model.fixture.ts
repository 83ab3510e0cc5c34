// docs/kernel.md#voided: which tasks of a run are open, task by task and from the definition alone: what the kernel's records are held against.
import type { Stage } from '../../protocol/definition.ts';
import type { Hex } from '../../protocol/hex.ts';

export type ModelTask = {
  readonly stage: number;
  readonly partition: number;
  output: Hex | undefined;
  attempt: number;
};

export type RunModel = {
  readonly tasks: readonly ModelTask[];
  task(stage: number, partition: number): ModelTask;
  /** All inputs are done, and the task is not. */
  isReady(task: ModelTask): boolean;
  /** The task, and all that read its output, directly or through others. */
  usersOf(task: ModelTask): ReadonlySet<ModelTask>;
};

export function createRunModel(stages: readonly Stage[], partitions: number): RunModel {
  const widths = stages.map(({ width }) => (width === 0 ? partitions : width));
  const tasks = widths.flatMap((width, stage) =>
    Array.from({ length: width }, (_, partition): ModelTask => ({ stage, partition, output: undefined, attempt: 0 })),
  );
  const inputsOf = ({ stage, partition }: ModelTask): ModelTask[] =>
    stages[stage]!.inputs.flatMap(({ source, mode }) =>
      tasks.filter((task) => task.stage === source && (mode === 'all' || task.partition === partition)),
    );
  return {
    tasks,
    task: (stage, partition) => tasks.find((task) => task.stage === stage && task.partition === partition)!,
    isReady: (task) => task.output === undefined && inputsOf(task).every(({ output }) => output !== undefined),
    usersOf: (first) => {
      const users = new Set([first]);
      // Sources come before their users.
      for (const task of tasks) if (inputsOf(task).some((input) => users.has(input))) users.add(task);
      return users;
    },
  };
}
