// docs/sdk.md#answers-kept: answers of models on disk, by the hash of what was asked: a dry run that is made again asks nothing twice.
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Backend, Completion } from '../../edge/backends/backend.ts';
import { describeZodIssues } from '../../service/http/issues.ts';
import { pruneFolder, writePrivateFile } from './bounded-folder.ts';

export type AnswerCache = {
  /** The answer that is kept for this question, else what `ask` gives, which is kept from then on. Failures are not kept. */
  answer(question: string, ask: () => Promise<Completion>): Promise<Completion>;
  /** Answers that came from the folder, and those that were asked for. */
  counts(): { readonly kept: number; readonly asked: number };
  /** Brings the folder within its bounds. */
  close(): Promise<void>;
};

export type AnswerCacheOptions = {
  /** Told of an entry that cannot be used, or written; at most a few times. */
  readonly onWarning?: (text: string) => void;
  readonly maxBytes?: number;
  readonly maxEntries?: number;
};

const VERSION = 1;
const MAX_BYTES = 256 * 1024 * 1024;
const MAX_ENTRIES = 50_000;
/** Of one answer; a larger one is not kept. */
const MAX_ENTRY_BYTES = 1024 * 1024;
/** New entries after which the folder is brought within its bounds. */
const PRUNE_EVERY = 2_000;
const MAX_WARNINGS = 3;

const entryShape = z.strictObject({
  version: z.literal(VERSION),
  question: z.string(),
  content: z.string(),
  finishReason: z.string(),
  usage: z.strictObject({ promptTokens: z.int().min(0), completionTokens: z.int().min(0) }),
  reasoning: z.string().optional(),
});

/** One file an answer, which appears under its name when it is whole; other processes may use the folder too. */
export function createAnswerCache(
  folder: string,
  { onWarning = () => {}, maxBytes = MAX_BYTES, maxEntries = MAX_ENTRIES }: AnswerCacheOptions = {},
): AnswerCache {
  const underWay = new Map<string, Promise<Completion>>();
  let [kept, asked, written, warnings] = [0, 0, 0, 0];
  const warn = (text: string): void => {
    if (++warnings <= MAX_WARNINGS) onWarning(text);
  };

  const find = async (name: string): Promise<Completion | undefined> => {
    const path = join(folder, name);
    const text = await readBounded(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') warn(`${path} is ignored: ${error.message}`);
      return undefined;
    });
    if (text === undefined) return undefined;
    const found = decodeEntry(text, name);
    if (typeof found !== 'string') return found;
    warn(`${path} is damaged and ignored: ${found}`);
    return undefined;
  };

  const keep = async (name: string, completion: Completion): Promise<void> => {
    const text = encodeEntry(name, completion);
    if (Buffer.byteLength(text) > MAX_ENTRY_BYTES) return;
    try {
      await writePrivateFile(folder, name, text);
    } catch (error) {
      warn(`an answer could not be kept in ${folder}: ${(error as Error).message}`);
      return;
    }
    if (++written % PRUNE_EVERY === 0) await pruneFolder(folder, { maxBytes, maxEntries });
  };

  const answer = async (name: string, ask: () => Promise<Completion>): Promise<Completion> => {
    const found = await find(name);
    if (found !== undefined) {
      kept += 1;
      return found;
    }
    asked += 1;
    const completion = await ask();
    await keep(name, completion);
    return completion;
  };

  return {
    answer: (question, ask) => {
      const name = nameOf(question);
      const known = underWay.get(name);
      if (known !== undefined) return known;
      const own = answer(name, ask).finally(() => underWay.delete(name));
      underWay.set(name, own);
      return own;
    },
    counts: () => ({ kept, asked }),
    close: async () => {
      if (written > 0) await pruneFolder(folder, { maxBytes, maxEntries });
    },
  };
}

/** `endpoint`: what besides the request decides on the answer. It goes into the hash and is written nowhere. */
export function withAnswerCache(backend: Backend, cache: AnswerCache, endpoint: object): Backend {
  return {
    name: backend.name,
    complete: (request, signal) =>
      cache.answer(JSON.stringify([VERSION, backend.name, endpoint, request]), () => backend.complete(request, signal)),
  };
}

function nameOf(question: string): string {
  return `${createHash('sha256').update(question).digest('hex')}.json`;
}

// The first line is the hash of the second: a byte that has changed is noticed.
function encodeEntry(name: string, { content, finishReason, usage, reasoning }: Completion): string {
  const { promptTokens, completionTokens } = usage;
  const entry = {
    version: VERSION,
    question: name,
    content,
    finishReason,
    usage: { promptTokens, completionTokens },
    ...(reasoning === undefined ? {} : { reasoning }),
  };
  const text = JSON.stringify(entry);
  return `${createHash('sha256').update(text).digest('hex')}\n${text}\n`;
}

/** A text says what is wrong with it. */
function decodeEntry(text: string, name: string): Completion | string {
  const [hash, json = ''] = text.split('\n');
  if (createHash('sha256').update(json).digest('hex') !== hash) return 'its hash is another one';
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    return (error as Error).message;
  }
  const parsed = entryShape.safeParse(value);
  if (!parsed.success) return describeZodIssues(parsed.error);
  const { version: _, question, reasoning, ...completion } = parsed.data;
  if (question !== name) return 'it is the answer to another question';
  return { ...completion, ...(reasoning === undefined ? {} : { reasoning }) };
}

async function readBounded(path: string): Promise<string> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    if (size > MAX_ENTRY_BYTES) throw new RangeError(`it has ${size} bytes, of at most ${MAX_ENTRY_BYTES}`);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}
