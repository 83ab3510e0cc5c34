// docs/prover.md#validator: a dry run says once what would be sent.
import type { Logger } from '../service/process/log.ts';

export type DryRun = (call: string, about: string) => void;

const MAX_TOLD = 4096;

export function createDryRun(log: Logger): DryRun {
  const told = new Set<string>();
  return (call, about) => {
    const key = `${call} ${about}`;
    if (told.has(key)) return;
    if (told.size >= MAX_TOLD) told.clear();
    told.add(key);
    log.info({ call, about }, 'dry run: not sent');
  };
}
