// docs/da.md#full: a member that is full says so, and goes on with what needs no room.
import { statfs } from 'node:fs/promises';
import { MizuError } from '../protocol/errors.ts';
import type { DiskObjects } from '../service/storage/disk-objects.ts';
import type { Store } from '../service/storage/store.ts';

export type RoomOptions = {
  readonly store: Store;
  readonly objects: DiskObjects;
  readonly capacityBytes: number;
  /** A folder on the disk. */
  readonly path: string;
  /** Default 64 MiB. */
  readonly spareBytes?: number | undefined;
};

export type Room = {
  /** Sets so many bytes aside until the function that it gives is called. @throws MizuError `da/no-room` */
  take(bytes: number): Promise<() => void>;
  /** A write of a file. @throws MizuError `da/no-room` if the disk is full */
  file<T>(write: () => Promise<T>): Promise<T>;
  /** A write of the index, one at a time. @throws MizuError `da/no-room` if the disk is full */
  index<T>(write: () => Promise<T>): Promise<T>;
};

const SPARE_BYTES = 64 * 1024 * 1024;
const FULL = /ENOSPC|EDQUOT|No space left|Disk quota exceeded/;

export function createRoom({ store, objects, capacityBytes, path, spareBytes = SPARE_BYTES }: RoomOptions): Room {
  let taken = 0;
  let isIndexBroken = false;

  // After a write that failed the end of its log is unknown: what is written behind it could be lost.
  const openAgain = async () => {
    await store.level.close();
    await store.level.open();
    isIndexBroken = false;
  };

  return {
    take: async (bytes) => {
      const stored = objects.usage().bytes + taken;
      if (stored + bytes > capacityBytes) throw noRoom(`at most ${capacityBytes} bytes stored`, stored, bytes);
      const { bavail, bsize } = await statfs(path);
      const free = bavail * bsize - taken;
      if (free < bytes + spareBytes) throw noRoom(`${spareBytes} bytes of the disk left free`, `${free} free`, bytes);
      taken += bytes;
      return () => {
        taken -= bytes;
      };
    },
    file: (write) =>
      write().catch((error: unknown) => {
        throw isFull(error) ? fullDisk(error) : error;
      }),
    index: async (write) => {
      try {
        if (isIndexBroken) await openAgain();
        return await write();
      } catch (error) {
        isIndexBroken = true;
        throw isFull(error) ? fullDisk(error) : error;
      }
    },
  };
}

function isFull(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause)
    if (FULL.test(`${(at as { code?: string }).code} ${at.message}`)) return true;
  return false;
}

function fullDisk(cause: unknown): MizuError {
  return noRoom('room on the disk', 'none', 'some', cause);
}

function noRoom(expected: string, has: string | number, more: string | number, cause?: unknown): MizuError {
  return new MizuError({
    code: 'da/no-room',
    message: 'This member has no room left.',
    expected,
    actual: `${has}, ${more} more asked for`,
    hint: 'Its operator must give it a larger disk or capacity; other members may have room.',
    cause,
  });
}
