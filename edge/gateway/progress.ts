// docs/rpc.md#mizu_inferenceProgress: tells the sequencer how far the gateway's tasks are.
import type { Logger } from '../../service/process/log.ts';
import type { SequencerClient } from './sequencer.ts';
import { singleUseKey, type TaskCounts } from './task.ts';

/** Progress is a hint for displays: only changes are sent, one message at a time, and a failure is not retried. */
export function createProgress(
  read: () => readonly TaskCounts[],
  sequencer: Pick<SequencerClient, 'sendProgress'>,
  log: Logger,
): () => void {
  let told = new Map<string, number>();
  let telling = false;
  const tell = async () => {
    const all = read();
    for (const { info, ...counts } of all) {
      if (told.get(singleUseKey(info)) === counts.done) continue;
      const { run, stage, partition } = info;
      await sequencer.sendProgress({ run, stage, partition, ...counts });
    }
    told = new Map(all.map(({ info, done }) => [singleUseKey(info), done]));
  };
  return () => {
    if (telling) return;
    telling = true;
    tell()
      .catch((err: unknown) => log.debug({ err }, 'progress is not told'))
      .finally(() => {
        telling = false;
      });
  };
}
