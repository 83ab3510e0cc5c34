// docs/court.md#distance: how far an answer is from what a model would say, from the log-probabilities of its tokens.
import { type ChatRequest, wantsJson } from '../backends/backend.ts';

/** What a model gives to an answer after its request. */
export type AnswerScore = {
  /** Of each token of the answer: how much less likely than the model's likeliest one it is there, nats, 0 or more. */
  readonly gaps: readonly number[];
  /** The least that the end of the answer is less likely than the model's likeliest token there, nats. */
  readonly endGap: number;
};

/** The tokens that a distance is taken over. */
export const WINDOW_TOKENS = 32;
/** The most that one token counts, nats. */
export const MAX_GAP_NATS = 20;

/**
 * The largest sum of gaps of 32 tokens in a row, or of all if there are fewer, divided by 32. So nothing that is added
 * to an answer makes it smaller.
 */
export function distanceOf(gaps: readonly number[]): number {
  let sum = 0;
  let largest = 0;
  for (const [i, gap] of gaps.entries()) {
    sum += boundedGap(gap) - (i < WINDOW_TOKENS ? 0 : boundedGap(gaps[i - WINDOW_TOKENS] as number));
    largest = Math.max(largest, sum);
  }
  return largest / WINDOW_TOKENS;
}

/** The gaps that count for a row with this end: that of the end counts where the model itself must have ended. */
export function countedGaps(score: AnswerScore, request: ChatRequest, finishReason: unknown): readonly number[] {
  const hasStops = (request as { readonly stop?: unknown }).stop !== undefined;
  const endsItself = finishReason === 'stop' && !hasStops && !wantsJson(request.response_format);
  return endsItself ? [...score.gaps, score.endGap] : score.gaps;
}

/**
 * At least so much less likely than a token of this log-probability is any other: the others share what is left.
 * `topLogprob`: of the likeliest token, nats.
 */
export function leastGapOfOthers(topLogprob: number): number {
  const left = Math.log(Math.max(Number.EPSILON, 1 - Math.exp(topLogprob)));
  return boundedGap(topLogprob - left);
}

function boundedGap(gap: number): number {
  return Math.min(MAX_GAP_NATS, Math.max(0, gap));
}
