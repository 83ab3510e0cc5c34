// docs/prover.md#derivation: follows L1 into the mirror for as long as the process lives; what does not fit is taken back and read again.
import { setTimeout as delay } from 'node:timers/promises';
import { MizuError } from '../../protocol/errors.ts';
import type { L1 } from '../../service/l1/l1.ts';
import { type BlockRef, type FollowedChange, type FollowOptions, followLogs } from '../../service/l1/logs.ts';
import type { Logger } from '../../service/process/log.ts';
import { POLL_MS } from '../loop.ts';
import { type Mirror, type MirroredAddresses, mirroredContracts } from './mirror.ts';

export type MirrorFollowOptions = {
  readonly l1: Pick<L1, 'client' | 'nodes'>;
  readonly mirror: Mirror;
  readonly contracts: MirroredAddresses;
  readonly fromBlock: bigint;
  readonly confirmations?: number | undefined;
  readonly pollMs?: number | undefined;
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** Called after each block that the mirror has taken in or taken back. */
  readonly onChange: (change: FollowedChange) => Promise<void> | void;
};

const LAST_BACKOFF_MS = 60_000;

/**
 * Returns when the signal aborts. Events that do not follow from what the mirror has (a gap, an unknown game) make it
 * take back blocks, one the first time and twice as many each further time, and read them again with back-off.
 * @throws Error if the store fails
 */
export async function followMirror(options: MirrorFollowOptions): Promise<void> {
  const { l1, mirror, signal, log, onChange, pollMs = POLL_MS } = options;
  const from: Omit<FollowOptions, 'known'> = {
    client: l1.client,
    nodes: l1.nodes,
    contracts: mirroredContracts(options.contracts),
    fromBlock: options.fromBlock,
    confirmations: options.confirmations ?? 0,
    isWhole: () => mirror.isWhole(),
    signal,
    pollMs,
    onError: (err) => log.warn({ err }, 'L1 cannot be read; trying again'),
  };
  let failures = 0;
  let failedAt = 0n;
  while (!signal.aborted) {
    let at: BlockRef | undefined;
    try {
      for await (const change of followLogs({ ...from, known: mirror.known() })) {
        at = change.block;
        await mirror.apply(change);
        if (change.kind === 'undo') log.warn({ block: Number(change.block.number) }, 'L1 has taken a block back');
        else if (change.block.number > failedAt) failures = 0;
        await onChange(change);
      }
    } catch (error) {
      if (!(error instanceof MizuError) || error.code !== 'l1/contradiction' || at === undefined) throw error;
      failedAt = at.number;
      const depth = 2 ** Math.min(failures, 10);
      failures += 1;
      log.error(
        { err: error, block: Number(at.number), depth },
        'L1 contradicts what was read of it; it is read again',
      );
      await rewind(mirror, depth, onChange);
      await delay(Math.min(LAST_BACKOFF_MS, pollMs * 2 ** failures), undefined, { signal }).catch(() => undefined);
    }
  }
}

// The oldest block stays, unless nothing was before it: without one there is nothing to go on from.
async function rewind(mirror: Mirror, depth: number, onChange: MirrorFollowOptions['onChange']): Promise<void> {
  for (let left = depth; left > 0; left--) {
    const block = mirror.known().at(-1);
    if (block === undefined || (mirror.known().length === 1 && !mirror.isWhole())) return;
    const change = { kind: 'undo', block } as const;
    await mirror.apply(change);
    await onChange(change);
  }
}
