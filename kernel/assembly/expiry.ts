// docs/kernel.md#expiry: a run whose bytes are not promised for long enough ends, for all nodes alike.

import { retention } from './config';
import { timestamp } from './context';
import { MESSAGE_BASE_GAS, RUN_STATUS_EXPIRED } from './generated/constants';
import { endRun, pay, Run, storeRun } from './runs';
import { loadWorkflow } from './stages';

/** Whether the run's programs, inputs or results may be gone before a step that needs them can be judged. */
export function isForgotten(run: Run): bool {
  return min<u64>(run.expiry, loadWorkflow(run.workflow).expiry) < timestamp + retention();
}

/** Ends the run; when the escrow has paid for this step, the rest of it goes back. The caller collects `paid`. */
export function expireRun(run: Run): void {
  pay(run, MESSAGE_BASE_GAS);
  endRun(run, RUN_STATUS_EXPIRED);
  storeRun(run);
}
