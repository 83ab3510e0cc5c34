// docs/kernel.md#state: status of a run.

export const RUNNING: u32 = 1;
export const DONE: u32 = 2;
export const FAILED: u32 = 3;
export const CANCELLED: u32 = 4;
export const EXPIRED: u32 = 5;

export function statusName(status: u32): string {
  switch (status) {
    case RUNNING:
      return 'running';
    case DONE:
      return 'done';
    case FAILED:
      return 'failed';
    case CANCELLED:
      return 'cancelled';
    default:
      return 'expired';
  }
}
