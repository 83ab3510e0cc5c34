// docs/edge.md#failures: a call that an endpoint has refused for its key, money or model is not repeated, and after
// some the model is left alone.
import { createHash } from 'node:crypto';
import type { MizuError } from '../../protocol/errors.ts';
import type { CallFailure } from './failure.ts';

export type Refusals = {
  /** @throws MizuError what the endpoint has said to this call, or to the last calls for this model */
  assertMayAsk(model: string, body: string): void;
  note(model: string, body: string, failure: CallFailure): void;
  /** The model has answered. */
  clear(model: string): void;
};

/**
 * After so many refusals of one kind for a model, without an answer between them, the model is not asked for a while.
 */
const MOST = 3;
const REMEMBERED_MS = 60_000;
const MAX_CALLS = 4_096;

export function createRefusals(now: () => number): Refusals {
  const models = new Map<string, { count: number; until: number; error: MizuError }>();
  // By the hash of the body, in the order of time: the gateway may give a worker a row again that was refused.
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
      // An endpoint that refuses rows for different reasons answers each of them, and is not set up wrong.
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
