// docs/rpc.md: objects, datasets and events over plain HTTP.
import type { Request, Response } from 'express';
import { z } from 'zod';
import { MizuError } from '../../protocol/errors.ts';
import { type Hex, isHash } from '../../protocol/hex.ts';
import { type DatasetEntry, decodeDataset } from '../../protocol/state.ts';
import type { Slice } from '../../service/http/fair-queue.ts';
import type { HttpApp } from '../../service/http/http.ts';
import { createPeerPlaces, type PlaceLimits, peerOf } from '../../service/http/peers.ts';
import { drained, objectNotFound, parseRange, rootParameter, sendFile, sendObject } from '../../service/http/ranges.ts';
import { sliceOf } from '../../service/http/slices.ts';
import { createTurnstile } from '../../service/l1/turnstile.ts';
import type { DiskObjects } from '../../service/storage/disk-objects.ts';
import type { ObjectStore } from '../../service/storage/objects.ts';
import { numberKey } from '../../service/storage/store.ts';
import type { StepSignal } from '../chain/step-signal.ts';
import type { Tables } from '../index/tables.ts';
import { requireWorkflow } from './queries.ts';

export type RouteParts = {
  readonly tables: Tables;
  readonly objects: ObjectStore;
  /** Where the objects lie once they were read. */
  readonly files: DiskObjects;
  readonly steps: StepSignal;
  readonly streams?: PlaceLimits;
  readonly fetches?: PlaceLimits;
};

export const STREAMS: PlaceLimits = { total: 256, perPeer: 64 };
/** Objects of datasets that are fetched from DA at one time. */
const DATASET_FETCHES = 2;
/** The most bytes of a workflow's metadata, from which the names of the sinks are read for each request. */
const MAX_METADATA_BYTES = 4 * 1024 * 1024;
/** Objects that are fetched from DA for readers at one time: each is in memory until it is on the disk. */
export const FETCHES: PlaceLimits = { total: 16, perPeer: 8 };
const HEARTBEAT_MS = 15_000;
const EVENTS_AT_ONCE = 256;
const metadataShape = z.object({ stages: z.array(z.object({ sink: z.string().nullish() })) });

export function addRoutes({ app, closing }: HttpApp, parts: RouteParts): void {
  const { files, streams = STREAMS, fetches = FETCHES } = parts;
  const fetchPlaces = createPeerPlaces(fetches);
  const fetchInTurn = createTurnstile(DATASET_FETCHES);
  app.get('/objects/:root', async (request, response) => {
    const root = rootParameter(request.params.root);
    if ((await files.size(root)) === undefined) {
      const peer = peerOf(request.socket.remoteAddress);
      const place = fetchPlaces.enter(peer, () => response.destroy());
      if (place === undefined) throw tooManyFetches(fetches);
      const { outside } = sliceOf(response);
      await outside(() => requireObject(parts.objects, root)).finally(place.leave);
    }
    await sendObject(request, response, files, root);
  });
  app.get('/datasets/:run/:file', async (request, response) => {
    const { run, file } = request.params;
    const name = /^([\w.-]{1,100})\.jsonl$/.exec(file)?.[1];
    if (!isHash(run) || name === undefined) throw badDataset(`${run}/${file}`);
    const { outside } = sliceOf(response);
    const read = async (root: Hex) => {
      const here = await files.get(root);
      return here ?? outside(() => fetchInTurn(() => requireObject(parts.objects, root)));
    };
    await sendDataset(request, response, { files, read }, await entriesOf(parts, read, run, name));
  });
  const places = createPeerPlaces(streams);
  app.get('/events', async (request, response) => {
    const after = Number(request.query.after ?? request.headers['last-event-id'] ?? 0);
    if (!Number.isSafeInteger(after) || after < 0) throw badAfter(String(request.query.after));
    const place = places.enter(peerOf(request.socket.remoteAddress), () => response.destroy());
    if (place === undefined) throw tooManyStreams(streams);
    try {
      await sendEvents(response, sliceOf(response), parts, after, closing);
    } finally {
      place.leave();
    }
  });
}

async function entriesOf(
  { tables }: RouteParts,
  read: (root: Hex) => Promise<Uint8Array>,
  run: Hex,
  name: string,
): Promise<DatasetEntry[]> {
  const record = await tables.runs.get(run);
  if (record === undefined) throw noDataset('a run of this network', run);
  if (record.dataset === undefined) throw noDataset('a run that is done', `a run that is ${record.status}`);
  const workflow = await requireWorkflow(tables, record);
  if (workflow.metadata.length > MAX_METADATA_BYTES)
    throw noDataset(
      'a workflow with names',
      `${workflow.metadata.length} bytes of metadata, where ${MAX_METADATA_BYTES} are read at most`,
    );
  const metadata = metadataShape.safeParse(parseJson(await read(workflow.metadata.root)));
  const names = metadata.success ? metadata.data.stages.map(({ sink }) => sink ?? undefined) : [];
  const stages = new Set(names.flatMap((sink, stage) => (sink === name ? [stage] : [])));
  const sinks = [...new Set(names.filter((sink) => sink !== undefined))];
  if (stages.size === 0) throw noDataset(sinks.join(', ') || 'a sink of the workflow', name);
  return decodeDataset(await read(record.dataset.root)).filter(({ stage }) => stages.has(stage));
}

// Sends one partition after another, as it comes from the disk: this takes little memory, however long the dataset is.
async function sendDataset(
  request: Request,
  response: Response,
  { files, read }: { files: DiskObjects; read: (root: Hex) => Promise<unknown> },
  entries: readonly DatasetEntry[],
): Promise<void> {
  const total = entries.reduce((sum, { length }) => sum + length, 0);
  const range = parseRange(request.headers.range, total);
  response.type('application/jsonl').setHeader('accept-ranges', 'bytes');
  if (range === 'unsatisfiable') {
    response.status(416).setHeader('content-range', `bytes */${total}`).end();
    return;
  }
  const { first, last } = range ?? { first: 0, last: total - 1 };
  if (range !== undefined) response.status(206).setHeader('content-range', `bytes ${first}-${last}/${total}`);
  response.setHeader('content-length', last - first + 1);
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  let at = 0;
  for (const { root, length } of entries) {
    const from = Math.max(0, first - at);
    const to = Math.min(length, last + 1 - at);
    at += length;
    if (from >= to) continue;
    if ((await files.size(root)) === undefined) await read(root);
    if (response.destroyed) return;
    await sendFile(files.stream(root, from, to - 1), response, false);
  }
  response.end();
}

async function sendEvents(
  response: Response,
  { outside }: Slice,
  { tables, steps }: RouteParts,
  after: number,
  closing: AbortSignal,
): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const signal = AbortSignal.any([gone.signal, closing]);
  response.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    connection: 'keep-alive',
  });
  response.write(': mizu\n\n');
  let at = after;
  let rolledBackTo: number | undefined;
  const unsubscribe = steps.onRollBack((step) => {
    rolledBackTo = Math.min(step, rolledBackTo ?? step);
  });
  signal.addEventListener('abort', unsubscribe);
  while (!signal.aborted) {
    if (rolledBackTo !== undefined && rolledBackTo < at) {
      at = rolledBackTo;
      response.write(`id: ${at}\nevent: rollback\ndata: ${JSON.stringify({ step: at })}\n\n`);
    }
    rolledBackTo = undefined;
    let sent = 0;
    for await (const [key, record] of tables.steps.entries({ gt: numberKey(at), limit: EVENTS_AT_ONCE })) {
      at = Number.parseInt(key, 16);
      sent += 1;
      const { hash, batch, message, receipt, sequence = null } = record;
      const data = JSON.stringify({ step: at, hash, batch, message, sequence, ...receipt });
      if (!response.write(`id: ${at}\nevent: receipt\ndata: ${data}\n\n`)) await outside(() => drained(response));
      if (signal.aborted) break;
    }
    if (sent > 0 || rolledBackTo !== undefined) {
      await outside(() => undefined);
      continue;
    }
    await outside(() => steps.after(at, AbortSignal.any([signal, AbortSignal.timeout(HEARTBEAT_MS)])));
    if (!signal.aborted && rolledBackTo === undefined) response.write(': still here\n\n');
  }
  response.end();
}

async function requireObject(objects: ObjectStore, root: Hex): Promise<Uint8Array> {
  const bytes = await objects.get(root);
  if (bytes === undefined) throw objectNotFound(root);
  return bytes;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

function badDataset(actual: string): MizuError {
  return new MizuError({
    code: 'datasets/bad-path',
    message: 'The path names no dataset.',
    expected: '/datasets/RUN/NAME.jsonl, RUN 0x and 64 lower-case hex digits',
    actual,
  });
}

function noDataset(expected: string, actual: string): MizuError {
  return new MizuError({ code: 'datasets/not-found', message: 'There is no such dataset.', expected, actual });
}

function badAfter(actual: string): MizuError {
  return new MizuError({
    code: 'events/bad-after',
    message: 'The parameter after is not the number of a step.',
    expected: 'the number of the last step seen, or 0',
    actual,
  });
}

function tooManyFetches({ total, perPeer }: PlaceLimits): MizuError {
  return new MizuError({
    code: 'objects/too-many',
    message: 'Too many objects are being fetched from DA.',
    expected: `at most ${perPeer} of one address, ${total} of all`,
    actual: 'one more',
    hint: 'Ask a member of the DA committee.',
    retryable: true,
  });
}

function tooManyStreams({ total, perPeer }: PlaceLimits): MizuError {
  return new MizuError({
    code: 'limit/streams',
    message: 'Too many event streams are open.',
    expected: `at most ${perPeer} of one address, ${total} of all`,
    actual: 'one more',
    hint: 'Close one that is not read, or share one between the pages of a browser.',
    retryable: true,
  });
}
