// docs/edge.md#failures: an endpoint that refuses for want of key, money or model is not asked the same again, and left alone if it goes on.
import { createHash } from 'node:crypto';
import type { MizuError } from '../../protocol/errors.ts';
import type { CallFailure } from './failure.ts';

export type Refusals = {
  /** @throws MizuError what the endpoint has said to this call, or to the last ones for this model. */
  assertMayAsk(model: string, body: string): void;
  note(model: string, body: string, failure: CallFailure): void;
  /** The model has answered. */
  clear(model: string): void;
};

/** So many of one kind of a model without an answer between them, and it is not asked for a while. */
const MOST = 3;
const REMEMBERED_MS = 60_000;
const MAX_CALLS = 4_096;

export function createRefusals(now: () => number): Refusals {
  const models = new Map<string, { count: number; until: number; error: MizuError }>();
  // By the hash of the body, in the order of time: a gateway gives a row that was refused to a worker again.
  const calls = new Map<string, { until: number; error: MizuError }>();
  return {
    assertMayAsk: (model, body) => {
      const refused = models.get(model);
      if (refused !== undefined && now() < refused.until) throw refused.error;
      const call = calls.size === 0 ? undefined : calls.get(hash(body));
      if (call !== undefined && now() < call.until) throw call.error;
    },
    note: (model, body, { error, isRefusal, again }) => {
      if (!isRefusal) {
        if (again !== 'later') models.delete(model);
        return;
      }
      const before = models.get(model);
      // What refuses one row for its key and the next for its address answers rows one by one, and is not set up wrong.
      const count = before?.error.code === error.code ? before.count + 1 : 1;
      const until = now() + REMEMBERED_MS;
      models.set(model, { count, until: count >= MOST ? until : 0, error });
      calls.set(hash(body), { until, error });
      for (const [oldest, { until: end }] of calls) {
        if (calls.size <= MAX_CALLS && now() < end) break;
        calls.delete(oldest);
      }
    },
    clear: (model) => {
      models.delete(model);
    },
  };
}

function hash(body: string): string {
  return createHash('sha256').update(body).digest('base64');
}
