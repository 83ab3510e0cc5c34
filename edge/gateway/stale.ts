// docs/edge.md#queue: tasks that the sequencer no longer lists (a run was cancelled or has expired) are worked on no
// longer.

export type StaleTasks = {
  /** Keys of `held` that have been missing from every list for the whole grace period. */
  note(listed: ReadonlySet<string>, held: readonly string[]): string[];
};

/** The grace period outlasts the restart of a sequencer that is still executing what it has. */
export function createStaleTasks(graceSeconds: number, now: () => number): StaleTasks {
  let missingSince = new Map<string, number>();
  return {
    note: (listed, held) => {
      const missing = held.filter((key) => !listed.has(key));
      missingSince = new Map(missing.map((key) => [key, missingSince.get(key) ?? now()]));
      return missing.filter((key) => now() - missingSince.get(key)! >= graceSeconds * 1000);
    },
  };
}
