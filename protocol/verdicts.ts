// docs/court.md#question: what a voter may answer, by its name.
import { VERDICT } from './generated/enums.ts';

export type VoteVerdict = Exclude<keyof typeof VERDICT, 'none'>;

export const VERDICTS = Object.keys(VERDICT).filter((name) => name !== 'none') as readonly VoteVerdict[];
