// docs/edge.md#exposure: what the gateway owes the worker and has not paid: signed and not settled, and answered and not
// signed.

export type Exposure = {
  /** Rows were accepted whose tokens are worth so much to the worker, in wei. */
  answered(wei: bigint): void;
  /** The gateway has signed so much more. */
  signed(wei: bigint): void;
  /** Wei of accepted answers that no account has yet. */
  unsigned(): bigint;
};

/** Answers that no account has a day after they were accepted are written off: their runs have ended without them. */
export const WRITE_OFF_MS = 24 * 3_600_000;
/** Answers of one such time are one entry. */
const ENTRY_MS = 60_000;

type Entry = { readonly at: number; wei: bigint };

/** `now`: milliseconds. */
export function createExposure(now: () => number): Exposure {
  const entries: Entry[] = [];
  const writeOff = () => {
    while (entries[0] !== undefined && entries[0].at <= now() - WRITE_OFF_MS) entries.shift();
  };
  return {
    answered: (wei) => {
      writeOff();
      const last = entries.at(-1);
      if (last !== undefined && now() - last.at < ENTRY_MS) last.wei += wei;
      else entries.push({ at: now(), wei });
    },
    signed: (wei) => {
      let left = wei;
      // The oldest answers are paid first.
      while (left > 0n && entries[0] !== undefined) {
        const [first] = entries as [Entry, ...Entry[]];
        const { wei: owed } = first;
        first.wei -= left;
        left -= owed;
        if (first.wei <= 0n) entries.shift();
      }
    },
    unsigned: () => {
      writeOff();
      return entries.reduce((sum, { wei }) => sum + wei, 0n);
    },
  };
}
