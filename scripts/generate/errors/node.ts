// docs/errors.md: executors, validators, and what every node has: kernel, store, configuration.
import type { TextsOf } from './text.ts';

export const NODE_ERRORS = {
  'challenger/wrong-assertion': {
    means: 'A validator that only watches has found a wrong assertion.',
    cause: 'The asserter lies, or one of the two machines computes wrongly.',
    toDo: 'Run `npx mizu verify --replay` on a third machine, and a validator with a stake.',
  },
  'config/malformed': {
    means: 'A configuration file has wrong fields.',
    toDo: 'Correct the fields that the error names ([configuration](operations.md#config)).',
  },
  'kernel/missing': {
    means: 'The compiled kernel is not where it should be.',
    toDo: 'Restore it: `git checkout kernel/generated/kernel.wasm`. `kernelPath` names another file.',
  },
  'kernel/unreadable': {
    means: 'The compiled kernel cannot be read.',
    toDo: 'Check who may read the file, and that `kernelPath` names one.',
  },
  'prover/closed': {
    means: 'The node is being stopped, so it takes no program any more.',
    toDo: 'Nothing: it goes on when it is started again.',
  },
  'prover/not-delegate': {
    means: 'The account of `delegateKey` may not move for the executor.',
    toDo: 'Call `setDelegate` from the account of the executor, as the hint says.',
  },
  'prover/not-staked': {
    means: 'The account of the executor has too little stake.',
    toDo: 'Stake with `StakeManager.stake(account, 0, amount)`.',
  },
  'prover/other-genesis': {
    means: "The genesis in a node's configuration is not that of the network.",
    toDo: 'Take gas price, committee, models and gateways as they were when the contracts were deployed.',
  },
  'prover/other-kernel': {
    means: 'A node has another kernel than the network.',
    toDo: 'Check out the version that the network runs, and build the kernel again.',
  },
  'prover/queue-full': {
    means: 'Too many programs wait to be run.',
    toDo: 'Try again later, or give the pool more workers.',
  },
  'prover/trace-failed': {
    means: 'The step machine has not run a step that the native engine has run.',
    cause: 'The engines differ, which is a defect.',
    toDo: 'Report it at once: the game about the step is lost when its clock is over.',
  },
  'prover/trace-thread-ended': {
    means: 'The thread that runs traces has ended.',
    cause: 'The machine has too little memory.',
    toDo: 'Give the machine more. The trace is started again.',
  },
  'prover/unwanted': {
    means: 'Nobody waits for the result of a program any more.',
    toDo: 'Nothing: it is an order that was taken back.',
  },
  'prover/worker-crashed': {
    means: 'A worker process has not run a program to its end.',
    cause: 'The machine has too little memory.',
    toDo: 'Raise or lower `memoryMiB` of the configuration to what the machine has ([memory](prover.md#memory)).',
  },
  'store/corrupt': {
    means: 'A stored value or object is damaged.',
    cause: 'The disk has lost data.',
    toDo:
      'Delete the file of the object; it is fetched again. For a value, move the data folder away and start again: ' +
      'the state is rebuilt from L1 and DA.',
  },
  'store/locked': {
    means: 'Another process has the data folder.',
    toDo: 'Stop that process, or name another `--data` folder.',
  },
  'store/unreadable': {
    means: 'The data folder cannot be opened.',
    cause: 'The disk is full, or this user may not write there.',
    toDo: 'Make room, or change the rights of the folder.',
  },
} as const satisfies TextsOf<'challenger' | 'config' | 'kernel' | 'prover' | 'store'>;
