// docs/sdk.md#run: which run belongs to which workflow, input and network, so that the same command again resumes it.
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Hex, isSameAddress } from '../../protocol/hex.ts';
import type { InputOptions } from '../input/format.ts';
import type { NamedSource } from '../input/named.ts';
import type { ReuseClaim } from './reuse-claim.ts';
import type { PromiseView } from './views.ts';

export type SavedRun = {
  readonly workflow: Hex;
  readonly inputsHash: Hex;
  readonly chainId: number;
  readonly inbox: Hex;
  /** Hash of the L1 block of the first contract: a devnet that was started anew has the same addresses. Empty without an L1. */
  readonly origin: string;
  readonly run: Hex;
  /** The signed message: until it has a receipt, it is sent again as it is. */
  readonly message: Hex;
  readonly messageHash: Hex;
  readonly file: string;
  readonly input: string;
  /** How the input was read, if it was said. */
  readonly inputOptions?: InputOptions;
  /** The inputs beside it. */
  readonly others?: readonly NamedSource[];
  /** Unix seconds. */
  readonly startedAt: number;
  /** What the sequencer has signed about the message's place: with it anyone has it slashed that breaks it. */
  readonly promise?: PromiseView;
  /** What it goes on with: docs/sdk.md#reuse. */
  readonly reuses?: ReuseClaim;
};

export type RunKey = Pick<SavedRun, 'workflow' | 'inputsHash' | 'chainId' | 'inbox' | 'origin'>;

export const STATE_FILE = join('.mizu', 'runs.json');
const MAX_RECORDS = 1_000;

/** The newest run of the key. `isWhole`: that goes on with no other. */
export async function findRun(key: RunKey, path = STATE_FILE, isWhole = false): Promise<SavedRun | undefined> {
  return (await readRecords(path)).findLast(
    (record) => isSame(record, key) && !(isWhole && record.reuses !== undefined),
  );
}

/** What this folder knows of a run, whatever it was started for. */
export async function findRecord(run: Hex, path = STATE_FILE): Promise<SavedRun | undefined> {
  return (await readRecords(path)).findLast((record) => record.run === run);
}

/** Durable when it resolves. */
export async function saveRun(record: SavedRun, path = STATE_FILE): Promise<void> {
  // A run that goes on with another is told by that, and stays beside one that does not.
  const isOther = (other: SavedRun) => !isSame(other, record) || other.reuses?.run !== record.reuses?.run;
  const others = (await readRecords(path)).filter(isOther);
  const text = JSON.stringify([...others.slice(-MAX_RECORDS + 1), record], null, 2);
  await mkdir(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}`;
  const file = await open(draft, 'w', 0o600);
  try {
    await file.writeFile(`${text}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
}

/** In the order in which they were started. */
export async function readRecords(path = STATE_FILE): Promise<SavedRun[]> {
  const text = await readFile(path, 'utf8').catch(() => '[]');
  try {
    const records = JSON.parse(text) as unknown;
    return Array.isArray(records) ? (records as SavedRun[]) : [];
  } catch {
    // A broken file costs nothing but the memory of runs: they are all on the network.
    return [];
  }
}

function isSame(record: SavedRun, key: RunKey): boolean {
  return (
    record.workflow === key.workflow &&
    record.inputsHash === key.inputsHash &&
    record.chainId === key.chainId &&
    record.origin === key.origin &&
    isSameAddress(record.inbox, key.inbox)
  );
}
