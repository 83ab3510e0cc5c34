// docs/sdk.md#cli: the commands with which a workflow is written, run and verified.
import type { CommandGroup } from './main.ts';

/**
 * What is loaded here defines options and help; what a command works with is loaded when it is run. So neither help nor
 * a usage error waits for an L1 client, a compiler or a parser of schemas (bin/light.test.ts).
 */
export const COMMANDS: readonly CommandGroup[] = [
  [['init'], async () => [(await import('./init.ts')).initCommand()]],
  [['dev'], async (setExitCode) => [(await import('./dev.ts')).devCommand(setExitCode)]],
  [['quote'], async () => [(await import('./quote.ts')).quoteCommand()]],
  [['deploy'], async () => [(await import('./deploy.ts')).deployCommand()]],
  [['run'], async (setExitCode) => [(await import('./run.ts')).runCommand(setExitCode)]],
  [['watch'], async (setExitCode) => [(await import('./watch.ts')).watchCommand(setExitCode)]],
  [['renew'], async () => [(await import('./renew.ts')).renewCommand()]],
  [['runs'], async () => [(await import('./runs.ts')).runsCommand()]],
  [['why'], async () => [(await import('./runs.ts')).whyCommand()]],
  [['dataset'], async () => [(await import('./dataset.ts')).datasetCommand()]],
  [['verify'], async () => [(await import('./verify.ts')).verifyCommand()]],
  [['stake'], async () => [(await import('./stake.ts')).stakeCommand()]],
  [['delegate'], async () => [(await import('./stake.ts')).delegateCommand()]],
  [['unbond'], async () => [(await import('./unbond.ts')).unbondCommand()]],
  [['claim'], async () => [(await import('./unbond.ts')).claimCommand()]],
  [['stakes'], async () => [(await import('./stakes.ts')).stakesCommand()]],
  [['attest'], async () => [(await import('./attest.ts')).attestCommand()]],
  [['court'], async () => [(await import('./court.ts')).courtCommand()]],
  [['settle'], async () => [(await import('./settle.ts')).settleCommand()]],
  [['escape'], async () => [(await import('./escape.ts')).escapeCommand()]],
  [['model'], async () => [(await import('./model.ts')).modelCommand()]],
  [['invite'], async () => [(await import('./invite.ts')).inviteCommand()]],
  [['vm'], async () => [(await import('./vm/command.ts')).vmCommand()]],
];
