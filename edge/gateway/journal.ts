// docs/edge.md#journal: accepted results, append-only, many in one fsync; a checksum shows which entries have survived
// a crash.
import { mkdirSync, readdirSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { MizuError } from '../../protocol/errors.ts';
import { syncFolder } from '../../service/storage/sync-folder.ts';

/** An entry belongs to one task and goes when that task is forgotten. */
export type JournalEntry = { readonly task: string };

export type Journal<E extends JournalEntry> = {
  /** The entries that were there at opening, oldest first. */
  readonly recovered: readonly E[];
  /** Resolves when the entry is on the disk. */
  append(entry: E): Promise<void>;
  /** Removes each segment of which all tasks are forgotten. */
  forget(task: string): void;
  close(): Promise<void>;
};

const HEADER_BYTES = 8;
const SEGMENT_BYTES = 8 * 1024 * 1024;
const MAX_ENTRY_BYTES = 64 * 1024 * 1024;
const MAX_WAITING = 10_000;

type Waiting = { readonly task: string; readonly bytes: Buffer; resolve(): void; reject(error: unknown): void };
type Segment = { readonly path: string; readonly tasks: Set<string> };

/** Recovers the folder's segments, cuts a torn tail off, and starts a new segment. */
export async function openJournal<E extends JournalEntry>(folder: string): Promise<Journal<E>> {
  mkdirSync(folder, { recursive: true });
  const recovered: E[] = [];
  const segments: Segment[] = [];
  const names = readdirSync(folder)
    .filter((name) => name.endsWith('.log'))
    .sort();
  for (const name of names) {
    const entries = readSegment<E>(join(folder, name));
    segments.push({ path: join(folder, name), tasks: new Set(entries.map((entry) => entry.task)) });
    for (const entry of entries) recovered.push(entry);
  }
  let number = Number.parseInt(names.at(-1) ?? '0', 10);
  let current: { file: FileHandle; segment: Segment; size: number } | undefined;
  let waiting: Waiting[] = [];
  let writing: Promise<void> | undefined;

  const remove = (segment: Segment) => {
    rmSync(segment.path, { force: true });
    segments.splice(segments.indexOf(segment), 1);
  };

  const startSegment = async () => {
    await current?.file.close();
    for (const segment of segments.filter((one) => one.tasks.size === 0)) remove(segment);
    number += 1;
    const path = join(folder, `${String(number).padStart(10, '0')}.log`);
    const segment = { path, tasks: new Set<string>() };
    current = { file: await open(path, 'ax'), segment, size: 0 };
    segments.push(segment);
    await syncFolder(folder);
    return current;
  };

  // Entries that come while one write runs share the next write and its fsync.
  const drain = async () => {
    while (waiting.length > 0) {
      const group = waiting;
      waiting = [];
      try {
        const target = current === undefined || current.size >= SEGMENT_BYTES ? await startSegment() : current;
        const bytes = Buffer.concat(group.map((one) => one.bytes));
        await writeWhole(target.file, bytes, target.size);
        target.size += bytes.length;
        for (const one of group) target.segment.tasks.add(one.task);
        for (const one of group) one.resolve();
      } catch (error) {
        for (const one of group) one.reject(cannotWrite(folder, error));
      }
    }
    writing = undefined;
  };

  return {
    recovered,
    append: (entry) =>
      new Promise<void>((resolve, reject) => {
        if (waiting.length >= MAX_WAITING) return reject(cannotWrite(folder, new Error('too many entries wait')));
        waiting.push({ task: entry.task, bytes: encodeEntry(entry), resolve, reject });
        writing ??= drain();
      }),
    forget: (task) => {
      for (const segment of [...segments]) {
        if (segment.tasks.delete(task) && segment.tasks.size === 0 && segment !== current?.segment) remove(segment);
      }
    },
    close: async () => {
      await writing;
      await current?.file.close();
      current = undefined;
    },
  };
}

// After a failed write (full disk) the segment is cut to its former end, so that no half entry hides later ones.
async function writeWhole(file: FileHandle, bytes: Buffer, at: number): Promise<void> {
  try {
    let written = 0;
    while (written < bytes.length) {
      const { bytesWritten } = await file.write(bytes, written, bytes.length - written, null);
      written += bytesWritten;
    }
    await file.datasync();
  } catch (error) {
    await file.truncate(at);
    throw error;
  }
}

function encodeEntry(entry: JournalEntry): Buffer {
  const text = Buffer.from(JSON.stringify(entry));
  if (text.length > MAX_ENTRY_BYTES) throw new Error(`journal entry of ${text.length} bytes`);
  const bytes = Buffer.alloc(HEADER_BYTES + text.length);
  bytes.writeUInt32BE(text.length, 0);
  bytes.writeUInt32BE(crc32(text), 4);
  text.copy(bytes, HEADER_BYTES);
  return bytes;
}

function readSegment<E>(path: string): E[] {
  const bytes = readFileSync(path);
  const entries: E[] = [];
  let at = 0;
  while (at + HEADER_BYTES <= bytes.length) {
    const end = at + HEADER_BYTES + bytes.readUInt32BE(at);
    const text = bytes.subarray(at + HEADER_BYTES, end);
    if (end > bytes.length || crc32(text) !== bytes.readUInt32BE(at + 4)) break;
    entries.push(JSON.parse(text.toString()) as E);
    at = end;
  }
  if (at < bytes.length) truncateSync(path, at);
  return entries;
}

function cannotWrite(folder: string, cause: unknown): MizuError {
  return new MizuError({
    code: 'edge/journal-unwritable',
    message: 'The results cannot be made durable.',
    expected: `${folder} to take writes`,
    actual: (cause as Error).message,
    hint: 'Check that the disk is not full; workers keep their results and send them again.',
    retryable: true,
    cause,
  });
}
