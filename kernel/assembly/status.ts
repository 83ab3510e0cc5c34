// docs/kernel.md#state: status of a run.

import { RUN_STATUS_CANCELLED, RUN_STATUS_DONE, RUN_STATUS_FAILED, RUN_STATUS_RUNNING } from './generated/constants';

export function statusName(status: u32): string {
  switch (status) {
    case RUN_STATUS_RUNNING:
      return 'running';
    case RUN_STATUS_DONE:
      return 'done';
    case RUN_STATUS_FAILED:
      return 'failed';
    case RUN_STATUS_CANCELLED:
      return 'cancelled';
    default:
      return 'expired';
  }
}
