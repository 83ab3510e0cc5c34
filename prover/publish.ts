// docs/prover.md#publication: brings a proof body and the datasets of its runs to DA, and gets them promised.
import type { DaClient } from '../da/client.ts';
import { type CoveringCertificate, encodeBodyIndex, objectsOfBody } from '../node/body/receipts.ts';
import type { ExecutedBatch } from '../node/execution.ts';
import { type ObjectSource, requireObject } from '../node/l1/derive.ts';
import type { Certificate } from '../protocol/certificate.ts';
import { decodeDataset } from '../protocol/state.ts';
import { toLeafIndex } from '../protocol/step-numbers.ts';
import { LEAF_BYTES, type ObjectRef, objectRoot } from '../protocol/tree.ts';

export type PublishRequest = {
  readonly batches: readonly ExecutedBatch[];
  /** The step list: the leaf before the first step and one after each. */
  readonly steps: Uint8Array;
  /** Until when the bytes are to be promised, in unix seconds. */
  readonly expiry: bigint;
};

export type PublishedBody = {
  /** What the claim names: the body's index. */
  readonly objects: readonly ObjectRef[];
  /** The certificate over the step list and `objects`. */
  readonly certificate: Certificate;
  /** Bytes handed to DA. */
  readonly sizeBytes: number;
};

/** The most bytes that are held in memory while they are sent. */
const GROUP_BYTES = 32 * 1024 * 1024;
/** The most objects in one request to a DA member: their list is about 110 KB of JSON. */
const GROUP_OBJECTS = 1024;

/** The same request gives the same objects: what DA has already is not sent again. */
export async function publishBody(
  da: Pick<DaClient, 'put'>,
  objects: ObjectSource,
  { batches, steps, expiry }: PublishRequest,
): Promise<PublishedBody> {
  const first = batches[0];
  if (first === undefined) throw new Error('no batches to publish');
  if (steps.length / LEAF_BYTES - 1 !== Number(batches.at(-1)!.toStep - first.fromStep))
    throw new Error('the step list is not that of the batches');
  const runs = batches.flatMap((batch) =>
    batch.runs.map(({ run, step, dataset }) => ({ run, leaf: toLeafIndex(Number(step - first.fromStep)), dataset })),
  );
  const partitions: ObjectRef[] = [];
  for (const { dataset } of runs)
    for (const { root, length } of decodeDataset(await requireObject(objects, dataset, 'A manifest')))
      partitions.push({ root, length });
  const body = {
    firstBatch: first.index,
    firstStep: first.fromStep,
    stepRoot: objectRoot(steps),
    chunks: batches.flatMap((batch) => batch.chunks),
    runs,
    partitions,
  };
  const certificates: CoveringCertificate[] = [];
  for (const group of groupsOf(objectsOfBody(body))) {
    const bytes = await Promise.all(group.map((ref) => requireObject(objects, ref, 'A part of the body')));
    const { certificate } = await da.put(bytes, { expiry });
    certificates.push({ objects: group.length, certificate });
  }
  const index = encodeBodyIndex({ ...body, certificates });
  const { refs, certificate } = await da.put([steps, index], { expiry });
  const sizeBytes = objectsOfBody(body).reduce((sum, { length }) => sum + length, steps.length + index.length);
  return { objects: refs.slice(1), certificate, sizeBytes };
}

function groupsOf(refs: readonly ObjectRef[]): ObjectRef[][] {
  const groups: ObjectRef[][] = [];
  let open: ObjectRef[] = [];
  let size = 0;
  for (const ref of refs) {
    if (open.length > 0 && (open.length >= GROUP_OBJECTS || size + ref.length > GROUP_BYTES)) {
      groups.push(open);
      open = [];
      size = 0;
    }
    open.push(ref);
    size += ref.length;
  }
  if (open.length > 0) groups.push(open);
  return groups;
}
