// docs/edge.md#failures: what of a failure, and of what it has cost, goes into a row's result.
import type { MizuError } from '../../protocol/errors.ts';
import type { RowError, RowUsage } from '../rows.ts';
import type { RejectedAnswer, Usage } from './backend.ts';

const MAX_ROW_MESSAGE = 1_000;

/** The part of a failure that goes into a row's result; it is the same on a worker and in `mizu dev`. */
export function toRowFailure(error: MizuError): { error: RowError; usage?: RowUsage } {
  const { code, message } = error;
  const rejected = error.cause as Partial<RejectedAnswer> | undefined;
  if (rejected?.raw === undefined || rejected.usage === undefined) {
    const whole = [message, error.actual].filter(Boolean).join(' ').slice(0, MAX_ROW_MESSAGE);
    return { error: { code, message: whole } };
  }
  const { raw, usage } = rejected;
  // `raw` holds what the model has said.
  const isRepeated = error.actual === undefined || (raw !== '' && raw.startsWith(error.actual));
  const said = isRepeated ? message : `${message} ${error.actual}`;
  return { error: { code, message: said.slice(0, MAX_ROW_MESSAGE), raw }, usage: toRowUsage(usage) };
}

export function toRowUsage({ promptTokens, completionTokens }: Usage): RowUsage {
  return { prompt_tokens: promptTokens, completion_tokens: completionTokens };
}
