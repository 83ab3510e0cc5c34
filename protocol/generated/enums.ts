// Generated from contracts/src by scripts/generate/contracts.ts.
export const ROLE = { executor: 0, validator: 1, sequencer: 2, daMember: 3, gateway: 4 } as const;
export const POWER = { none: 0, lock: 1, slash: 2 } as const;
export const ASSERTION_STATUS = { none: 0, pending: 1, confirmed: 2, rejected: 3, orphaned: 4 } as const;
export const GAME_STATUS = { none: 0, open: 1, challengerWon: 2, asserterWon: 3, refunded: 4 } as const;
export const SIDE = { challenger: 0, asserter: 1 } as const;
export const VERDICT = { none: 0, upheld: 1, wrong: 2, unavailable: 3, inconclusive: 4 } as const;
export const OUTCOME = { none: 0, upheld: 1, faulty: 2 } as const;
export const CASE_STATUS = { none: 0, voting: 1, tallied: 2, upheld: 3, voided: 4, dismissed: 5, vetoed: 6 } as const;
export const CASE_PHASE = { none: 0, commit: 1, reveal: 2, tally: 3, appeal: 4, veto: 5, execute: 6, closed: 7 } as const;
export const DEMAND_STATUS = { none: 0, open: 1, published: 2, expired: 3, settled: 4 } as const;
export const CHALLENGE_STATUS = { none: 0, open: 1, published: 2, expired: 3 } as const;
export const QUESTION_STATUS = { none: 0, asked: 1, opened: 2, expired: 3, refuted: 4 } as const;
