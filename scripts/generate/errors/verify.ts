// docs/errors.md: what `mizu verify` finds.
import type { TextsOf } from './text.ts';

export const VERIFY_ERRORS = {
  'verify/failed': {
    means: 'A check of `mizu verify` does not hold. The error names it, what L1 fixes and what came.',
    toDo: 'Try again. If it fails once more, the network does not keep its word: do not use the dataset.',
  },
  'verify/folder-changed': {
    means: 'The folder of a dataset was changed: the error names the file, and the row where it can.',
    toDo: 'Fetch the dataset again with the command in the hint.',
  },
  'verify/other-network': {
    means: 'The dataset, or what a sequencer says, is of another network than the one that is trusted.',
    cause: 'A devnet was started anew, or the options name another network.',
    toDo: 'Name its network with `--l1-url`, `--rollup`, `--chain-id` and `--rpc` ([origin](sdk.md#origin)).',
  },
  'verify/reuse': {
    means: 'The dataset does not go on with the earlier run that it names ([reuse](sdk.md#reuse-verify)).',
    toDo: 'Do not take its earlier operators for those of that run; run all operators again with `--no-cache`.',
  },
  'verify/item-voided': {
    means:
      'L1 has [voided](kernel.md#voided) an item of the run after it had ended: the dataset holds no longer, and the run goes on or has another one.',
    toDo: 'Wait until the run is done again (`npx mizu watch RUN`) and fetch its dataset anew.',
  },
  'verify/run-void': {
    means: 'L1 has made the batch void that held the message which started the run, so there is no such run.',
    toDo: 'Start it again. Nothing was charged.',
  },
  'verify/unknown-run': {
    means: 'Neither L1 nor the sequencer knows the run.',
    cause: 'A devnet was started anew, or the id is of another network.',
    toDo: 'List the runs: `npx mizu runs --all`.',
  },
  'verify/version': {
    means: 'The files of a version are not what its runs make them ([versions](sdk.md#versions)).',
    toDo: 'Write them again with the same `mizu run … --retry-rejects`.',
  },
} as const satisfies TextsOf<'verify'>;
