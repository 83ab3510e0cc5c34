// docs/operations.md#devnet: the child's side of the devnet's supervisor.

/** A supervisor that was killed can stop nobody: its channel closes, and that counts as a signal. */
export function endWithSupervisor(): void {
  if (process.channel === undefined) return;
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  process.channel?.unref();
}
