// docs/sdk.md#escape: a copy of the last confirmed state, made from L1 and DA by executing everything, or found in a node's data folder.
import { setTimeout as delay } from 'node:timers/promises';
import { NO_BODY } from '../../node/body/recorder.ts';
import type { NodeConfig } from '../../node/config.ts';
import type { AssertionRecord } from '../../node/l1/mirror.ts';
import { followAndWork } from '../../node/loop.ts';
import { type NetworkNode, openNode } from '../../node/node.ts';
import { MizuError } from '../../protocol/errors.ts';
import { inboxAbi, rollupAbi } from '../../protocol/generated/abi.ts';
import { decodeStateLeaf } from '../../protocol/state.ts';
import { createLogger } from '../../service/process/log.ts';

export type Replica = {
  readonly node: NetworkNode;
  /** The latest confirmed assertion, once its state and every delayed message of now are here. @throws MizuError `sdk/no-replica` */
  confirmed(onProgress?: (executed: bigint, of: bigint) => void): Promise<AssertionRecord>;
  close(): Promise<void>;
};

const POLL_MS = 100;
/** Without a batch or a block more in between: by then the back-off is at its longest. */
const MAX_RETRIES = 10;

/** @throws MizuError `prover/other-genesis`, `prover/other-kernel`, `l1/unreachable`, `store/locked` */
export async function openReplica(config: NodeConfig): Promise<Replica> {
  const node = await openNode(config, { log: createLogger('escape', 'silent'), recorder: () => NO_BODY });
  const stop = new AbortController();
  let retries = 0;
  let failure: unknown;
  const execute = async (signal: AbortSignal) => {
    if ((await node.execution.catchUp(signal, 1)) === 0) return false;
    retries = 0;
    return true;
  };
  const onRetry = (error: unknown) => {
    retries += 1;
    failure = error;
  };
  const working = followAndWork({ follow: node.follow, tasks: [execute], onRetry }, POLL_MS, stop.signal);
  const failed = working.then(() => new Promise<never>(() => undefined));
  failed.catch(() => undefined);

  async function readTarget() {
    const { rollup, inbox } = config.contracts;
    const [id, delayed] = await Promise.all([
      node.l1.client.readContract({ address: rollup, abi: rollupAbi, functionName: 'latestConfirmed' }),
      node.l1.client.readContract({ address: inbox, abi: inboxAbi, functionName: 'delayedCount' }),
    ]);
    return { id, delayed };
  }

  return {
    node,
    async confirmed(onProgress = () => {}) {
      const { id, delayed } = await readTarget();
      let told: bigint | undefined;
      for (;;) {
        const record = await node.mirror.assertion(id);
        const isFollowed = record?.status === 'confirmed' && (await node.mirror.head()).delayed >= delayed;
        if (isFollowed) {
          const executed = node.execution.batches();
          if (executed !== told) onProgress(executed, record.post.batch);
          told = executed;
          if (executed >= record.post.batch) return requireSame(node, record);
        }
        if (retries > MAX_RETRIES) throw noReplica(failure);
        await Promise.race([failed, delay(POLL_MS)]);
      }
    },
    async close() {
      stop.abort();
      await working.catch(() => undefined);
      await node.close();
    },
  };
}

async function requireSame(node: NetworkNode, record: AssertionRecord): Promise<AssertionRecord> {
  const { step, stateRoot } = record.post;
  const own = decodeStateLeaf(await node.execution.leaves(step, step));
  if (own.stateRoot === stateRoot) return record;
  throw new MizuError({
    code: 'sdk/other-state',
    message: 'The confirmed state is not what executing the messages gives: no proof can be made from here.',
    expected: `state root ${stateRoot}, as L1 has confirmed it`,
    actual: own.stateRoot,
    hint: 'Update MIZU, delete the data folder and try again; else ask an executor of the network for its data folder.',
  });
}

function noReplica(cause: unknown): MizuError {
  return new MizuError({
    code: 'sdk/no-replica',
    message: 'The last confirmed state cannot be made here: a batch before it, or L1, cannot be read.',
    expected: 'every batch up to the confirmed state, from the DA members of the configuration',
    actual: cause instanceof Error ? cause.message : String(cause),
    hint: 'Use the data folder of an executor or a validator of the network: it holds the state already (--data FOLDER).',
    cause,
  });
}
