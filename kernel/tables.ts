// docs/kernel.md#state: the byte with which each table's keys begin.

export const TABLE = {
  account: 'A',
  config: 'C',
  committee: 'D',
  formerCommittee: 'E',
  fees: 'F',
  gateway: 'G',
  input: 'I',
  progress: 'L',
  model: 'M',
  counters: 'N',
  withdrawal: 'O',
  program: 'P',
  settled: 'Q',
  run: 'R',
  stage: 'S',
  task: 'T',
  workflow: 'W',
  dataset: 'X',
} as const;

export type TableName = keyof typeof TABLE;
