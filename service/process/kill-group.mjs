// docs/operations.md#children

/** SIGKILL to the process and to its group, if it leads one. What has ended already is let be. */
export function killGroup(pid) {
  for (const target of [-pid, pid]) {
    try {
      process.kill(target, 'SIGKILL');
    } catch {
      // It has ended; or the system knows no groups.
    }
  }
}
