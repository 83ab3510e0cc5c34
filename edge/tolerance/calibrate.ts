// docs/court.md#calibration: how far honest answers are away, the thresholds that follow, and what they tell apart.
import { type Backend, type ChatRequest, wantsJson } from '../backends/backend.ts';
import { oddsOfConviction } from './decide.ts';
import { countedGaps, distanceOf } from './distance.ts';
import { DEFAULT_TEMPERATURE, type Threshold } from './manifest.ts';
import type { Scorer } from './scorer.ts';

export type CalibrationParts = {
  readonly requests: readonly ChatRequest[];
  readonly answering: Backend;
  /** It should differ from what answers as much as two honest machines may. */
  readonly scoring: Scorer;
  /** A model that must be told apart. */
  readonly wrong?: Backend | undefined;
  readonly signal: AbortSignal;
  readonly onRequest?: (done: number) => void;
};

/** Distances of answers to requests of one kind, nats a token. */
export type KindDistances = Pick<Threshold, 'answers'> & {
  readonly temperature: number;
  readonly honest: readonly number[];
  readonly wrong: readonly number[];
};

export type CalibratedKind = {
  readonly threshold: Threshold;
  readonly answers: number;
  /** Of the honest distances: the middle one, those that 10 % and 1 % exceed, and the largest. */
  readonly quantiles: { readonly median: number; readonly p90: number; readonly p99: number; readonly largest: number };
  /** Of honest answers no more than this share is beyond, with 95 % confidence. */
  readonly falseShare: number;
  /** That an honest item is found WRONG, at most, with that confidence. */
  readonly falseOdds: number;
  /** Of the wrong model: the share of its answers that is beyond, and the odds that an item of it is found WRONG. */
  readonly detection: { readonly share: number; readonly odds: number } | undefined;
};

/** Requests under way at once. */
const LANES = 4;
const DOUBT = 0.05;
const LEAST_NATS = 0.01;
/** Thresholds are told in ten-thousandths of a nat. */
const UNIT = 10_000;

/** @throws MizuError what an endpoint fails with; or the signal's reason */
export async function measureDistances(parts: CalibrationParts): Promise<readonly KindDistances[]> {
  const { requests, answering, scoring, wrong, signal, onRequest } = parts;
  const distanceBy = async (backend: Backend, request: ChatRequest) => {
    const { content, finishReason } = await backend.complete(request, signal);
    return distanceOf(countedGaps(await scoring.score(request, content, signal), request, finishReason));
  };
  const kinds = new Map<string, KindDistances & { honest: number[]; wrong: number[] }>();
  let next = 0;
  let done = 0;
  const lane = async () => {
    for (let at = next++; at < requests.length; at = next++) {
      const request = requests[at] as ChatRequest;
      const { temperature = DEFAULT_TEMPERATURE } = request;
      const answers = wantsJson(request.response_format) ? 'json' : 'text';
      const key = `${answers} ${temperature}`;
      const kind = kinds.get(key) ?? { answers, temperature, honest: [], wrong: [] };
      kinds.set(key, kind);
      kind.honest.push(await distanceBy(answering, request));
      if (wrong !== undefined) kind.wrong.push(await distanceBy(wrong, request));
      onRequest?.(++done);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return [...kinds.values()].sort((a, b) => a.answers.localeCompare(b.answers) || a.temperature - b.temperature);
}

/** The threshold is `margin` times the largest honest distance; `margin`: 1 or more. */
export function calibrateKind({ answers, temperature, honest, wrong }: KindDistances, margin: number): CalibratedKind {
  const sorted = [...honest].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] as number;
  const largest = at(1);
  const nats = Math.ceil(Math.max(LEAST_NATS, margin * largest) * UNIT) / UNIT;
  // If a share p were beyond, none of n would be with the chance (1 - p)^n.
  const falseShare = 1 - DOUBT ** (1 / sorted.length);
  const beyond = wrong.filter((distance) => distance > nats).length / Math.max(1, wrong.length);
  return {
    threshold: { answers, maxTemperature: temperature, nats },
    answers: sorted.length,
    quantiles: { median: at(0.5), p90: at(0.9), p99: at(0.99), largest },
    falseShare,
    falseOdds: oddsOfConviction(falseShare),
    detection: wrong.length === 0 ? undefined : { share: beyond, odds: oddsOfConviction(beyond) },
  };
}
