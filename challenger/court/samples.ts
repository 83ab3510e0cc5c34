// docs/court.md#samples: which answers of a gateway stand for an item of a model of class B.
import { answerRulesOf, type ChatRequest, parseChatRequest } from '../../edge/backends/backend.ts';
import type { ItemRows, ResultRow } from '../../edge/item-rows.ts';
import { SAMPLES } from '../../edge/tolerance/decide.ts';
import { type ToleranceManifest, thresholdOf } from '../../edge/tolerance/manifest.ts';
import { concatBytes } from '../../protocol/hex.ts';
import { keccak } from '../../protocol/tree.ts';

/** An answer that can be scored. */
export type AnswerSample = {
  readonly request: ChatRequest;
  readonly content: string;
  readonly finishReason: unknown;
  /** The most that it may be away, nats. */
  readonly thresholdNats: number;
  readonly isOwn: boolean;
};

/** The rows of an item that can be scored. `isOwn`: it is the item that is judged. */
export function samplesOf({ requests, rows }: ItemRows, manifest: ToleranceManifest, isOwn: boolean): AnswerSample[] {
  return rows.flatMap((row, place) => {
    const content = contentOf(row);
    if (content === undefined) return [];
    const request = tryParse(requests.lineOf(place));
    // What a repair has added to the prompt is nowhere.
    if (request === undefined || answerRulesOf(request).repair > 0) return [];
    const thresholdNats = thresholdOf(manifest, request);
    if (thresholdNats === undefined) return [];
    return [{ request, content, finishReason: row.finish_reason, thresholdNats, isOwn }];
  });
}

/** Ten of them: the item's own ones first. The same for everybody who has the seed. */
export function drawAnswers(
  own: readonly AnswerSample[],
  earlier: readonly AnswerSample[],
  seed: Uint8Array,
): readonly AnswerSample[] {
  if (own.length >= SAMPLES) return draw(own, SAMPLES, seed);
  return [...own, ...draw(earlier, SAMPLES - own.length, seed)];
}

function draw(from: readonly AnswerSample[], wanted: number, seed: Uint8Array): readonly AnswerSample[] {
  if (from.length <= wanted) return from;
  const places = new Set<number>();
  for (let number = 0; places.size < wanted; number++) {
    const drawn = keccak(concatBytes([seed, Uint8Array.of(number >> 8, number & 0xff)]));
    places.add(new DataView(drawn.buffer, drawn.byteOffset).getUint32(0) % from.length);
  }
  return [...places].map((place) => from[place] as AnswerSample);
}

/** What the model is said to have said: also where it did not fit its schema. */
function contentOf({ content, error }: ResultRow): string | undefined {
  const said = error === undefined ? content : error.raw;
  return typeof said === 'string' ? said : undefined;
}

function tryParse(line: string): ChatRequest | undefined {
  try {
    return parseChatRequest((JSON.parse(line) as [number, unknown])[1]);
  } catch {
    return undefined;
  }
}
