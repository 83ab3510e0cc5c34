// docs/operations.md#storage: ordered tables over level, with atomic writes over several tables. Nothing here needs Node.js: level is LevelDB
// in Node.js and IndexedDB in a browser.
import crc32 from 'crc-32';
import { Level } from 'level';
import { MizuError } from '../../protocol/errors.ts';

/** A table makes it, and `write` carries it out: all operations of one `write` or none. */
export type Operation =
  | { readonly type: 'put'; readonly key: string; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: string };

export type KeyRange = { gt?: string; gte?: string; lt?: string; lte?: string; reverse?: boolean; limit?: number };

export type Table<V> = {
  get(key: string): Promise<V | undefined>;
  /** @throws Error (level's `LEVEL_NOT_SUPPORTED`) in a browser, whose database never answers at once */
  getSync(key: string): V | undefined;
  put(key: string, value: V): Operation;
  delete(key: string): Operation;
  /**
   * Entries ascending by key, unless `reverse`, from a snapshot taken at the call. In a browser entries that are
   * written meanwhile may be among them.
   */
  entries(range?: KeyRange): AsyncIterable<[string, V]>;
};

export type Store = {
  /** A table of JSON values, which may hold bigints. Each value carries a CRC-32 that is checked when it is read. */
  table<V>(name: string): Table<V>;
  bytes(name: string): Table<Uint8Array>;
  /** With `sync` (the default) the operations are on the disk when the promise resolves. */
  write(operations: readonly Operation[], options?: { sync?: boolean }): Promise<void>;
  /**
   * The database itself, for needs such as byte keys: take a sublevel of it. Names of tables begin with a letter and do
   * not collide with it.
   */
  readonly level: Database;
  close(): Promise<void>;
};

/**
 * `path`: a folder, made if it is not there; in a browser the name of a database.
 * @throws MizuError `store/locked` if another process has the folder open, `store/unreadable` otherwise.
 */
export async function openStore(path: string): Promise<Store> {
  const db = new Level<string, Uint8Array>(path, { keyEncoding: 'utf8', valueEncoding: 'view' });
  await db.open().catch((cause: unknown) => {
    throw cannotOpen(path, cause);
  });
  return {
    table: <V>(name: string) => createTable<V>(db, name, encodeJson, decodeJson),
    bytes: (name) =>
      createTable(
        db,
        name,
        (value: Uint8Array) => value,
        (value) => new Uint8Array(value.buffer, value.byteOffset, value.length),
      ),
    write: async (operations, options) => {
      if (operations.length > 0) await db.batch([...operations], { sync: options?.sync ?? true });
    },
    level: db,
    close: () => db.close(),
  };
}

/** A number as a key: keys sort as their numbers do. */
export function numberKey(value: bigint | number): string {
  return value.toString(16).padStart(16, '0');
}

export function keyNumber(key: string): bigint {
  return BigInt(`0x${key}`);
}

type Database = Level<string, Uint8Array>;

function createTable<V>(
  db: Database,
  name: string,
  encode: (value: V) => Uint8Array,
  decode: (bytes: Uint8Array, key: string) => V,
): Table<V> {
  if (!/^[a-z][a-zA-Z-]*$/.test(name)) throw new Error(`not a table name: ${name}`);
  const prefix = `${name}!`;
  const read = (key: string, bytes: Uint8Array | undefined) =>
    bytes === undefined ? undefined : decode(bytes, prefix + key);
  return {
    get: async (key) => read(key, await db.get(prefix + key)),
    getSync: (key) => read(key, db.getSync(prefix + key)),
    put: (key, value) => ({ type: 'put', key: prefix + key, value: encode(value) }),
    delete: (key) => ({ type: 'del', key: prefix + key }),
    entries: (range = {}) => iterate(db, prefix, range, decode),
  };
}

async function* iterate<V>(
  db: Database,
  prefix: string,
  range: KeyRange,
  decode: (bytes: Uint8Array, key: string) => V,
): AsyncIterable<[string, V]> {
  const lower = range.gt !== undefined ? { gt: prefix + range.gt } : { gte: prefix + (range.gte ?? '') };
  const upper =
    range.lt !== undefined
      ? { lt: prefix + range.lt }
      : range.lte !== undefined
        ? { lte: prefix + range.lte }
        : { lt: `${prefix.slice(0, -1)}"` };
  const options = { ...lower, ...upper, reverse: range.reverse ?? false, limit: range.limit ?? -1 };
  for await (const [key, value] of db.iterator(options)) yield [key.slice(prefix.length), decode(value, key)];
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function encodeJson(value: unknown): Uint8Array {
  const text = encoder.encode(
    JSON.stringify(value, (_key, part) => (typeof part === 'bigint' ? { $bigint: String(part) } : part)),
  );
  const bytes = new Uint8Array(4 + text.length);
  new DataView(bytes.buffer).setInt32(0, crc32.buf(text));
  bytes.set(text, 4);
  return bytes;
}

function decodeJson<V>(bytes: Uint8Array, key: string): V {
  const text = bytes.subarray(4);
  if (bytes.length < 4 || new DataView(bytes.buffer, bytes.byteOffset).getInt32(0) !== crc32.buf(text))
    throw corrupt(key);
  return JSON.parse(decoder.decode(text), (_key, part) =>
    part !== null && typeof part === 'object' && typeof part.$bigint === 'string' ? BigInt(part.$bigint) : part,
  ) as V;
}

function cannotOpen(path: string, cause: unknown): MizuError {
  const inner = (cause as { cause?: { code?: string; message?: string } }).cause;
  if (inner?.code === 'LEVEL_LOCKED') {
    return new MizuError({
      code: 'store/locked',
      message: 'The data folder is in use.',
      expected: `no other process on ${path}`,
      actual: 'another process holds its lock',
      hint: 'Stop the other process, or name another --data folder.',
      cause,
    });
  }
  return new MizuError({
    code: 'store/unreadable',
    message: 'The data folder cannot be opened.',
    expected: `a readable and writable level store at ${path}`,
    actual: inner?.message ?? String(cause),
    hint: 'Check that the disk is not full and that this user may write there.',
    cause,
  });
}

function corrupt(key: string): MizuError {
  return new MizuError({
    code: 'store/corrupt',
    message: 'A stored value is damaged.',
    expected: 'a value that has its checksum',
    actual: `another checksum at ${key}`,
    hint: 'The disk has lost data: move the data folder away and start again, the state is rebuilt from L1 and DA.',
  });
}
