// docs/errors.md: the command line, the devnet and the demo.
import type { TextsOf } from './text.ts';

export const CLI_ERRORS = {
  'cli/bad-option': {
    means: 'An option has a value that it cannot have.',
    toDo: 'Give one that the error names; `npx mizu COMMAND --help` lists the options.',
  },
  'cli/file': {
    means: 'A file that the command line names cannot be read.',
    toDo: 'Check the path.',
  },
  'cli/input-size': {
    means: 'Standard input of `mizu vm run` is too long.',
    toDo: 'Split the input into parts.',
  },
  'cli/no-file': {
    means: 'A configuration or workflow file cannot be read.',
    toDo: 'Check the path. `npx mizu devnet` writes examples of configurations to `.mizu/devnet/config`.',
  },
  'cli/no-package': {
    means: 'The package that a new folder would depend on is not built.',
    cause: '`mizu init` was typed in a clone of the repository.',
    toDo: 'Build it: `npm run pack`.',
  },
  'cli/not-empty': {
    means: 'The folder for a new workflow has files already.',
    toDo: 'Name another folder. Nothing was written.',
  },
  'cli/not-json': {
    means: 'A configuration file is not JSON.',
    toDo: 'Write one JSON object; [operations.md](operations.md#config) shows the fields.',
  },
  'cli/other-package': {
    means: 'The command starts a network or a part of one, which the package `mizu` cannot.',
    toDo: 'Type it in a clone of the repository.',
  },
  'cli/position': {
    means: 'The run is over before the position that is asked for.',
    toDo: 'Give an earlier one with `--at`.',
  },
  'cli/which-run': {
    means: 'It is not said which run is meant.',
    toDo: 'Give the id of a run; `npx mizu runs` lists them.',
  },
  'cli/which-workflow': {
    means: 'It is not said which operators `mizu why --cache` is to explain.',
    toDo: 'Type: `mizu why --cache WORKFLOW.ts --input FILE`.',
  },
  'devnet/already-up': {
    means: 'A devnet is up in this folder already.',
    toDo: 'Use it, stop it with Ctrl-C in its terminal, or start the other one in another folder.',
  },
  'devnet/anvil-failed': {
    means: "The devnet's L1 has not started.",
    cause: 'Its port is taken, or the machine is busy.',
    toDo: 'Check that the port is free.',
  },
  'devnet/bad-keep': {
    means: 'A network that was kept in this folder cannot be continued.',
    cause: 'Another version has written it, or it was stopped in the middle of a write.',
    toDo: 'Delete the folder that the error names and start a new network. Datasets elsewhere stay.',
  },
  'devnet/kept': {
    means: 'This folder has a network that was started with `--keep`. It is not deleted unasked.',
    toDo: 'Go on with it (`npx mizu devnet --keep`), or delete its folder.',
  },
  'devnet/no-anvil': {
    means: 'The package of anvil for this machine is not installed.',
    cause: 'npm was told to leave out optional packages.',
    toDo: 'Run `npm ci` without `--omit=optional`, or give the URL of another L1.',
  },
  'devnet/other-models': {
    means: 'The network that was kept here has other models than are asked for.',
    toDo: 'Give the `--openai-model` that it was begun with, or another folder.',
  },
  'devnet/process-failed': {
    means: 'A process of the devnet does not run.',
    toDo: 'Read its log, which the error names.',
  },
  'demo/not-decided': {
    means: 'The dispute of the demo was not over in time.',
    toDo: 'Read the logs in `.mizu/devnet/logs`: `liar.log`, `validator.log`, `executor.log`.',
  },
} as const satisfies TextsOf<'cli' | 'devnet' | 'demo'>;
