// CONTRIBUTING.md: processor time of this process: other work on the machine counts only by the caches that it takes.

/** Milliseconds of processor time that `work` takes. */
export function cpuMs(work: () => unknown): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** The same in nanoseconds. */
export function cpuNs(work: () => unknown): number {
  return cpuMs(work) * 1e6;
}
