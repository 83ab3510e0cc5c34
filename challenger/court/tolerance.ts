// docs/court.md#class-b: our own verdict about an item of a model of class B, from what our own model gives to its answers.
import { type Finding, type ItemObjects, readItemRows } from '../../edge/item-rows.ts';
import { decide, type JudgedSample, SAMPLES } from '../../edge/tolerance/decide.ts';
import { countedGaps, distanceOf } from '../../edge/tolerance/distance.ts';
import { MAX_MANIFEST_BYTES, parseToleranceManifest, type ToleranceManifest } from '../../edge/tolerance/manifest.ts';
import type { Scorer } from '../../edge/tolerance/scorer.ts';
import type { MessagePlace } from '../../node/l1/message-place.ts';
import { formatError } from '../../protocol/errors.ts';
import type { Hex } from '../../protocol/hex.ts';
import type { InferenceItem } from '../../protocol/inference.ts';
import type { ObjectRef } from '../../protocol/tree.ts';
import { type AnswerSample, drawAnswers, samplesOf } from './samples.ts';
import type { SignedItems } from './signed-items.ts';

export type ToleranceParts = {
  readonly scorers: readonly Scorer[];
  readonly signed: SignedItems;
  /** Manifests that we have ourselves, by their roots. */
  readonly manifests: ReadonlyMap<Hex, Uint8Array>;
};

export type ToleranceQuestion = {
  readonly item: InferenceItem;
  readonly place: MessagePlace;
  readonly objects: ItemObjects;
  readonly scorer: Scorer;
  /** Of an earlier item: undefined if it does not stand in the state after the message, or its objects cannot be had. */
  objectsOf(item: InferenceItem): Promise<ItemObjects | undefined>;
  fetch(ref: ObjectRef): Promise<Uint8Array | undefined>;
};

/** Whatever this machine cannot do is no verdict. */
export async function judgeWithin(
  parts: Pick<ToleranceParts, 'signed' | 'manifests'>,
  question: ToleranceQuestion,
  signal: AbortSignal,
): Promise<Finding> {
  const { item, place, objects } = question;
  const rows = readItemRows(objects);
  if (rows.kind !== 'rows') return rows;
  const read = await readManifest(parts, question);
  if (read.kind === 'unknown') return read;
  const { manifest } = read;
  const own = samplesOf(rows, manifest, true);
  if (own.length === 0) return unknown('the manifest says nothing of its requests, or it has no answers');
  const earlier = own.length < SAMPLES ? await earlierSamples(parts.signed, question, manifest, own.length) : [];
  const samples = drawAnswers(own, earlier, await parts.signed.seedOf(item, place));
  try {
    return await scoreSamples(samples, question.scorer, signal);
  } catch (error) {
    return unknown(signal.aborted ? 'there was no time for it' : formatError(error));
  }
}

async function readManifest(
  { signed, manifests }: Pick<ToleranceParts, 'signed' | 'manifests'>,
  { item, place, fetch }: ToleranceQuestion,
): Promise<{ readonly kind: 'read'; readonly manifest: ToleranceManifest } | Extract<Finding, { kind: 'unknown' }>> {
  const ref = await signed.manifestOf(item.model, place);
  if (ref.length > MAX_MANIFEST_BYTES) return unknown(`the model's manifest has ${ref.length} bytes`);
  const bytes = manifests.get(ref.root) ?? (await fetch(ref));
  if (bytes === undefined) return unknown("we do not have the model's manifest, and no DA member gives it");
  try {
    return { kind: 'read', manifest: parseToleranceManifest(bytes) };
  } catch (error) {
    return unknown(formatError(error));
  }
}

/** Those of the nearest earlier items, until there are enough. */
async function earlierSamples(
  signed: SignedItems,
  { item, place, objectsOf }: ToleranceQuestion,
  manifest: ToleranceManifest,
  count: number,
): Promise<readonly AnswerSample[]> {
  const found: AnswerSample[] = [];
  for await (const one of signed.before(item, place)) {
    if (count + found.length >= SAMPLES) break;
    const objects = await objectsOf(one);
    const rows = objects === undefined ? undefined : readItemRows(objects);
    if (rows?.kind === 'rows') found.push(...samplesOf(rows, manifest, false));
  }
  return found;
}

async function scoreSamples(samples: readonly AnswerSample[], scorer: Scorer, signal: AbortSignal): Promise<Finding> {
  const judged: JudgedSample[] = [];
  const distances: string[] = [];
  for (let at = 0; ; at++) {
    const left = samples.slice(at);
    const own = left.filter(({ isOwn }) => isOwn).length;
    const decision = decide(judged, { own, others: left.length - own });
    if (decision !== undefined) return toFinding(decision, judged, distances);
    const { request, content, finishReason, thresholdNats, isOwn } = left[0] as AnswerSample;
    const distance = distanceOf(countedGaps(await scorer.score(request, content, signal), request, finishReason));
    judged.push({ isOwn, isBeyond: distance > thresholdNats });
    distances.push(`${distance.toFixed(3)}/${thresholdNats}${isOwn ? '' : ' (earlier)'}`);
  }
}

function toFinding(
  decision: Exclude<ReturnType<typeof decide>, undefined>,
  judged: readonly JudgedSample[],
  distances: readonly string[],
): Finding {
  const beyond = judged.filter(({ isBeyond }) => isBeyond).length;
  const reason = `${beyond} of ${judged.length} answers are further away than they may be, nats: ${distances.join(', ')}`;
  return decision === 'same' ? { kind: 'same', rows: judged.length } : { kind: decision, reason };
}

function unknown(reason: string) {
  return { kind: 'unknown', reason } as const;
}
