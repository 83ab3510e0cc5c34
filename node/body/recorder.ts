// docs/prover.md#receipts: collects the steps of a batch into chunks of the proof body.
import type { ObjectRef } from '../../protocol/tree.ts';
import { type BodyStep, encodeChunk } from './body.ts';
import type { ChunkRef } from './receipts.ts';

export type StepRecorder = {
  add(record: BodyStep): Promise<void>;
  /** Resolves with the chunks when all are stored. */
  finish(): Promise<ChunkRef[]>;
};

export type StepRecorderFactory = (firstStep: bigint, before: Uint8Array) => StepRecorder;

const MAX_CHUNK_STEPS = 256;
/** Counted before nodes are shared, so an encoded chunk is smaller. */
const MAX_CHUNK_BYTES = 8 * 1024 * 1024;

export function createBodyRecorder(objects: { put(bytes: Uint8Array): Promise<ObjectRef> }): StepRecorderFactory {
  return (firstStep, before) => {
    const chunks: ChunkRef[] = [];
    let open: BodyStep[] = [];
    let size = 0;
    let step = firstStep;
    let leaf = before;
    async function close(): Promise<void> {
      const last = open.at(-1);
      if (last === undefined) return;
      const stored = await objects.put(encodeChunk({ firstStep: step, before: leaf, steps: open }));
      chunks.push({ root: stored.root, length: stored.length, steps: open.length });
      step += BigInt(open.length);
      leaf = last.stateLeaf;
      open = [];
      size = 0;
    }
    return {
      async add(record) {
        open.push(record);
        size += record.message.length + record.receipt.length;
        for (const node of record.nodes) size += node.length;
        if (open.length >= MAX_CHUNK_STEPS || size >= MAX_CHUNK_BYTES) await close();
      },
      async finish() {
        await close();
        return chunks;
      },
    };
  };
}

/** For a node that checks and does not publish: it keeps nothing. */
export const NO_BODY: StepRecorderFactory = () => ({ add: async () => undefined, finish: async () => [] });
