// docs/prover.md#receipts: the index of a proof body: its chunks, the datasets of its runs, and the promise to keep them.
import { createReader, createWriter, malformed, type Reader, type Writer } from '../../protocol/bytes.ts';
import { type Certificate, readCertificate, writeCertificate } from '../../protocol/certificate.ts';
import type { Hex } from '../../protocol/hex.ts';
import { type LeafIndex, toLeafIndex } from '../../protocol/step-numbers.ts';
import type { ObjectRef } from '../../protocol/tree.ts';

const MAGIC = 'MIZUBDY1';

export type ChunkRef = ObjectRef & { readonly steps: number };

/** A run that ended with a dataset. `leaf`: the leaf that the step which ended it leads to. */
export type CompletedRun = { readonly run: Hex; readonly leaf: LeafIndex; readonly dataset: ObjectRef };

export type BodyIndex = {
  readonly firstBatch: bigint;
  /** The number of steps since genesis before the first one of the body. */
  readonly firstStep: bigint;
  readonly stepRoot: Hex;
  readonly chunks: readonly ChunkRef[];
  readonly runs: readonly CompletedRun[];
  /** Partitions of the datasets, in the order of the runs and of their manifests. */
  readonly partitions: readonly ObjectRef[];
  /** Each covers the next `objects` of the list: chunks, then manifests, then partitions. */
  readonly certificates: readonly CoveringCertificate[];
};

export type CoveringCertificate = { readonly objects: number; readonly certificate: Certificate };

/** Everything that the certificates cover, in order. */
export function objectsOfBody(index: Pick<BodyIndex, 'chunks' | 'runs' | 'partitions'>): ObjectRef[] {
  return [...index.chunks, ...index.runs.map((run) => run.dataset), ...index.partitions].map(({ root, length }) => ({
    root,
    length,
  }));
}

export function encodeBodyIndex(index: BodyIndex): Uint8Array {
  const writer = createWriter().bytes(new TextEncoder().encode(MAGIC)).u64(index.firstBatch).u64(index.firstStep);
  writer.hex(index.stepRoot, 32).u32(index.chunks.length);
  for (const chunk of index.chunks) writeRef(writer, chunk).u32(chunk.steps);
  writer.u32(index.runs.length);
  for (const { run, leaf, dataset } of index.runs) writeRef(writer.hex(run, 32).u32(leaf), dataset);
  writer.u32(index.partitions.length);
  for (const partition of index.partitions) writeRef(writer, partition);
  writer.u32(index.certificates.length);
  for (const { objects, certificate } of index.certificates) writeCertificate(writer.u32(objects), certificate);
  return writer.finish();
}

/** @throws MizuError `protocol/malformed` */
export function decodeBodyIndex(bytes: Uint8Array): BodyIndex {
  const reader = createReader(bytes, 'body index');
  const magic = new TextDecoder().decode(reader.bytes(MAGIC.length, 'magic'));
  if (magic !== MAGIC) throw malformed('body index', MAGIC, magic);
  const firstBatch = reader.u64('firstBatch');
  const firstStep = reader.u64('firstStep');
  const stepRoot = reader.hex(32, 'stepRoot');
  const chunks = readList(reader, 'chunk', 44, () => ({ ...readRef(reader), steps: reader.u32('chunk steps') }));
  const runs = readList(reader, 'run', 76, () => ({
    run: reader.hex(32, 'run'),
    leaf: toLeafIndex(reader.u32('run leaf')),
    dataset: readRef(reader),
  }));
  const partitions = readList(reader, 'partition', 40, () => readRef(reader));
  const certificates = readList(reader, 'certificate', 28, () => ({
    objects: reader.u32('certificate objects'),
    certificate: readCertificate(reader),
  }));
  reader.end();
  return { firstBatch, firstStep, stepRoot, chunks, runs, partitions, certificates };
}

function writeRef(writer: Writer, ref: ObjectRef): Writer {
  return writer.hex(ref.root, 32).u64(ref.length);
}

function readRef(reader: Reader): ObjectRef {
  return { root: reader.hex(32, 'root'), length: reader.size('length') };
}

function readList<T>(reader: Reader, what: string, smallest: number, read: () => T): T[] {
  const count = reader.u32(`${what}Count`);
  if (count * smallest > reader.remaining())
    throw malformed('body index', `${what}s that are there`, `${count} of them`);
  return Array.from({ length: count }, read);
}
