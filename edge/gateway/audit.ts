// docs/edge.md#audits: a share of an exact model's leases is done twice, by different workers; a third decides.
import { createHash } from 'node:crypto';
import type { Address } from '../../protocol/hex.ts';
import type { RowOutcome } from './results.ts';

export type AuditAnswer = { readonly worker: Address; readonly outcomes: readonly RowOutcome[] };

/** What is kept of an answer: one digest for each row. */
export type DigestedAnswer = { readonly worker: Address; readonly digests: readonly string[] };

export type Audit = {
  readonly task: string;
  readonly model: string;
  readonly places: readonly number[];
  readonly answers: DigestedAnswer[];
  /** Unix milliseconds; at the deadline the first answer stands. */
  readonly deadline: number;
  /** True while a worker has the audit. */
  leased: boolean;
};

export type AuditVerdict = {
  readonly liars: readonly Address[];
  /** The right outcomes of rows whose first answer was wrong. */
  readonly corrected: readonly RowOutcome[];
  readonly undecided: readonly number[];
};

export type Auditor = {
  /** Starts an audit of an accepted lease, with the probability `rate`. Returns whether it has. */
  consider(audit: Omit<Audit, 'leased' | 'deadline' | 'answers'>, first: AuditAnswer, now: number): boolean;
  /** An audit for this worker: one whose model it has, and that it has not answered. */
  next(worker: Address, models: ReadonlySet<string>): Audit | undefined;
  /** The verdict is undefined while another answer is needed. */
  answer(audit: Audit, answer: AuditAnswer): AuditVerdict | undefined;
  /** Removes and returns the audits that nobody came to answer. */
  lapse(now: number): Audit[];
  readonly open: () => number;
};

const MAX_OPEN = 256;

export function createAuditor(options: { rate: number; seconds: number; random: () => number }): Auditor {
  const audits = new Set<Audit>();
  return {
    consider: (audit, first, now) => {
      if (audits.size >= MAX_OPEN || options.random() >= options.rate) return false;
      audits.add({ ...audit, answers: [digest(first)], deadline: now + options.seconds * 1000, leased: false });
      return true;
    },
    next: (worker, models) => {
      for (const audit of audits) {
        const known = audit.answers.some((answer) => answer.worker === worker);
        if (!audit.leased && !known && models.has(audit.model)) return audit;
      }
      return undefined;
    },
    answer: (audit, answer) => {
      audit.leased = false;
      if (!audits.has(audit)) return undefined;
      audit.answers.push(digest(answer));
      const verdict = decide(audit.answers, answer.outcomes);
      if (verdict !== undefined) audits.delete(audit);
      return verdict;
    },
    lapse: (now) => {
      const late = [...audits].filter((audit) => audit.deadline <= now);
      for (const audit of late) audits.delete(audit);
      return late;
    },
    open: () => audits.size,
  };
}

function digest({ worker, outcomes }: AuditAnswer): DigestedAnswer {
  return { worker, digests: outcomes.map(({ line }) => createHash('sha256').update(line).digest('base64')) };
}

/**
 * `outcomes` are those of the last answer. A row is corrected by what two answers say; the third, which is the last, is
 * one of them.
 */
function decide(
  [first, second, third]: readonly DigestedAnswer[],
  outcomes: readonly RowOutcome[],
): AuditVerdict | undefined {
  if (first === undefined || second === undefined) return undefined;
  const differs = first.digests.some((one, i) => one !== second.digests[i]);
  if (!differs) return { liars: [], corrected: [], undecided: [] };
  if (third === undefined) return undefined;
  const liars = new Set<Address>();
  const corrected: RowOutcome[] = [];
  const undecided: number[] = [];
  outcomes.forEach((outcome, i) => {
    const [a, b, c] = [first.digests[i], second.digests[i], third.digests[i]];
    if (a !== b && a !== c && b !== c) undecided.push(outcome.place);
    else if (b === c && a !== b) {
      corrected.push(outcome);
      liars.add(first.worker);
    } else if (a === c && b !== c) liars.add(second.worker);
    else if (a === b && c !== a) liars.add(third.worker);
  });
  return { liars: [...liars], corrected, undecided };
}
