// docs/court.md#manifest: what the manifest of a model of class B says of how far its answers may differ.
import { z } from 'zod';
import { MizuError } from '../../protocol/errors.ts';
import { type ChatRequest, wantsJson } from '../backends/backend.ts';

const MAX_THRESHOLDS = 16;
const MAX_TEMPERATURE = 2;
const MAX_NATS = 20;
export const MAX_MANIFEST_BYTES = 64 * 1024;
/** Of a request that says none: what OpenAI's API takes it for. */
export const DEFAULT_TEMPERATURE = 1;

const threshold = z.strictObject({
  /** Whether the request asks for JSON. */
  answers: z.enum(['text', 'json']),
  /** It holds for requests up to this temperature. */
  maxTemperature: z.number().min(0).max(MAX_TEMPERATURE),
  /** An answer is beyond it if its distance is more. */
  nats: z.number().positive().max(MAX_NATS),
});

/** Other fields say what the model is: files with their hashes, engine, settings. */
const manifestShape = z.looseObject({
  name: z.string().min(1),
  class: z.literal('B'),
  tolerance: z.strictObject({ thresholds: z.array(threshold).min(1).max(MAX_THRESHOLDS) }),
});

export type Threshold = z.output<typeof threshold>;
export type ToleranceManifest = z.output<typeof manifestShape>;

/** @throws MizuError `edge/bad-manifest` naming the first field that is wrong */
export function parseToleranceManifest(bytes: Uint8Array): ToleranceManifest {
  if (bytes.length > MAX_MANIFEST_BYTES) throw badManifest(`${bytes.length} bytes, of at most ${MAX_MANIFEST_BYTES}`);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw badManifest('no JSON in UTF-8');
  }
  const parsed = manifestShape.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw badManifest(`${issue?.path.join('.') || 'the manifest'}: ${issue?.message}`);
}

/** The most that an answer to the request may be away, nats: undefined if the manifest says nothing of such requests. */
export function thresholdOf({ tolerance }: ToleranceManifest, request: ChatRequest): number | undefined {
  const { temperature = DEFAULT_TEMPERATURE } = request;
  const answers = wantsJson(request.response_format) ? 'json' : 'text';
  const fitting = tolerance.thresholds.filter((one) => one.answers === answers && one.maxTemperature >= temperature);
  return fitting.sort((a, b) => a.maxTemperature - b.maxTemperature)[0]?.nats;
}

function badManifest(actual: string): MizuError {
  return new MizuError({
    code: 'edge/bad-manifest',
    message: 'The manifest does not say how far answers of the model may differ.',
    expected: '{"name": …, "class": "B", "tolerance": {"thresholds": [{"answers", "maxTemperature", "nats"}, …]}}',
    actual,
    hint: 'See docs/court.md#manifest.',
  });
}
