// docs/sdk.md#reuse: results of operators of local runs on disk, by their addresses.
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type Hex, isHash } from '../../protocol/hex.ts';
import { describeZodIssues } from '../../service/http/issues.ts';
import type { OperatorFacts } from '../compile/operator-address.ts';
import { NAME } from '../workflow/refusal.ts';
import { type FolderBounds, pruneFolder, writePrivateFile } from './bounded-folder.ts';
import type { StageRun } from './graph.ts';

/** What the stages of an operator have made and taken. */
export type OperatorResult = readonly Omit<StageRun, 'stage'>[];

export type OperatorStore = {
  find(address: Hex): Promise<OperatorResult | undefined>;
  keep(address: Hex, result: OperatorResult): Promise<void>;
  /** What the last run of the workflow of this name was made of. */
  last(workflow: string): Promise<OperatorFacts | undefined>;
  note(workflow: string, facts: OperatorFacts): Promise<void>;
  /** Brings the folder within its bounds. */
  close(): Promise<void>;
};

export type OperatorStoreOptions = Partial<FolderBounds> & {
  /** Told of an entry that cannot be used, or written; at most a few times. */
  readonly onWarning?: (text: string) => void;
};

const VERSION = 1;
const MAX_BYTES = 256 * 1024 * 1024;
const MAX_ENTRIES = 2_000;
/** Of one operator; a larger result is not kept. */
const MAX_ENTRY_BYTES = 64 * 1024 * 1024;
const MAX_WARNINGS = 3;

const count = z.number().min(0);
const entryShape = z.strictObject({
  version: z.literal(VERSION),
  address: z.string(),
  stages: z
    .array(
      z.strictObject({
        gasUsed: z.string().regex(/^\d{1,20}$/),
        inputTokens: count,
        outputTokens: count,
        milliseconds: count,
        lengths: z.array(z.int().min(0)).max(1_024),
      }),
    )
    .max(16),
});

const hash = z.custom<Hex>(isHash);
const factsShape = z.object({
  toolchain: hash,
  inputsHash: hash,
  whole: z.string().nullable(),
  operators: z
    .array(
      z.object({
        name: z.string().regex(NAME),
        code: hash,
        settings: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).optional(),
      }),
    )
    .max(1_000),
  endpoints: z.record(z.string(), z.unknown()),
});

/** One file an operator, which appears under its name when it is whole; other processes may use the folder too. */
export function createOperatorStore(
  folder: string,
  { onWarning = () => {}, maxBytes = MAX_BYTES, maxEntries = MAX_ENTRIES }: OperatorStoreOptions = {},
): OperatorStore {
  let warnings = 0;
  const warn = (text: string): void => {
    if (++warnings <= MAX_WARNINGS) onWarning(text);
  };

  const read = async (name: string): Promise<Buffer | undefined> => {
    const path = join(folder, name);
    try {
      const { size } = await stat(path);
      if (size > MAX_ENTRY_BYTES) throw new RangeError(`it has ${size} bytes, of at most ${MAX_ENTRY_BYTES}`);
      const bytes = await readFile(path);
      // The first line is the hash of the rest: a byte that has changed is noticed.
      const end = bytes.indexOf(10);
      if (sha256(bytes.subarray(end + 1)) !== bytes.subarray(0, end).toString())
        throw new Error('its hash is another one');
      return bytes.subarray(end + 1);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') warn(`${path} is ignored: ${(error as Error).message}`);
      return undefined;
    }
  };

  const write = async (name: string, body: Buffer): Promise<void> => {
    if (body.length > MAX_ENTRY_BYTES - 100) return;
    try {
      await writePrivateFile(folder, name, Buffer.concat([Buffer.from(`${sha256(body)}\n`), body]));
    } catch (error) {
      warn(`the result of an operator could not be kept in ${folder}: ${(error as Error).message}`);
    }
  };

  const parse = <T>(name: string, shape: z.ZodType<T>, text: string): T | undefined => {
    try {
      const parsed = shape.safeParse(JSON.parse(text));
      if (parsed.success) return parsed.data;
      warn(`${join(folder, name)} is ignored: ${describeZodIssues(parsed.error)}`);
    } catch (error) {
      warn(`${join(folder, name)} is ignored: ${(error as Error).message}`);
    }
    return undefined;
  };

  return {
    find: async (address) => {
      const name = `${address.slice(2)}.operator`;
      const bytes = await read(name);
      if (bytes === undefined) return undefined;
      const end = bytes.indexOf(10);
      const entry = parse(name, entryShape, bytes.subarray(0, end).toString());
      if (entry === undefined || entry.address !== address) return undefined;
      let at = end + 1;
      return entry.stages.map(({ gasUsed, lengths, ...stage }) => ({
        ...stage,
        gasUsed: BigInt(gasUsed),
        outputs: lengths.map((length) => {
          at += length;
          return new Uint8Array(bytes.subarray(at - length, at));
        }),
      }));
    },
    keep: async (address, result) => {
      const stages = result.map(({ gasUsed, inputTokens, outputTokens, milliseconds, outputs }) => {
        const lengths = outputs.map(({ length }) => length);
        return { gasUsed: String(gasUsed), inputTokens, outputTokens, milliseconds, lengths };
      });
      const head = Buffer.from(`${JSON.stringify({ version: VERSION, address, stages })}\n`);
      await write(`${address.slice(2)}.operator`, Buffer.concat([head, ...result.flatMap(({ outputs }) => outputs)]));
    },
    last: async (workflow) => {
      const name = `last-${workflow}.json`;
      const bytes = await read(name);
      return bytes === undefined ? undefined : parse<OperatorFacts>(name, factsShape, bytes.toString());
    },
    note: (workflow, facts) => write(`last-${workflow}.json`, Buffer.from(`${JSON.stringify(facts)}\n`)),
    close: () => pruneFolder(folder, { maxBytes, maxEntries }),
  };
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
