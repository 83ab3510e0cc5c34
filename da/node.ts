// docs/da.md#node: a committee member: keeps whole objects for those who may ask, and signs only for what it holds durably.
import { join } from 'node:path';
import { privateKeyToAccount } from 'viem/accounts';
import { z } from 'zod';
import { MAX_OUTPUT_BYTES } from '../protocol/constants.ts';
import { MizuError } from '../protocol/errors.ts';
import type { Address, Hex } from '../protocol/hex.ts';
import type { ObjectRef } from '../protocol/tree.ts';
import { createDomain } from '../protocol/typed-data.ts';
import { assertType, declaredLength, jsonBody, readBody } from '../service/http/body.ts';
import { createHttpApp } from '../service/http/http.ts';
import { type HttpLimitChanges, withLimits } from '../service/http/http-limits.ts';
import { describeZodIssues } from '../service/http/issues.ts';
import { createPaceMeter, type Pace } from '../service/http/pace.ts';
import { createPeerPlaces, peerOf } from '../service/http/peers.ts';
import { rootParameter, sendObject } from '../service/http/ranges.ts';
import { createGauges } from '../service/process/gauges.ts';
import { createLogger, type Logger } from '../service/process/log.ts';
import { createMutex } from '../service/process/mutex.ts';
import { type DiskObjects, openDiskObjects } from '../service/storage/disk-objects.ts';
import { openStore } from '../service/storage/store.ts';
import { type AnswerOptions, type Answers, startAnswers } from './answers.ts';
import { assertExpiry, signCertificate } from './certify.ts';
import { createRoom } from './disk-room.ts';
import { hashInPieces } from './hash.ts';
import { openPins } from './pins.ts';
import { createQuotas, type Quotas } from './quotas.ts';
import { createStandings, type StandingSource } from './standing.ts';
import { createSignatureCheck, type SignedRequest } from './storage-request.ts';
import { createUploads, type UploadLimits } from './uploads.ts';

export type DaNodeOptions = {
  readonly dataDir: string;
  readonly key: Hex;
  readonly port: number;
  readonly host?: string;
  readonly limits?: HttpLimitChanges;
  readonly chainId: number;
  /** DACommittee: part of the signing domain. */
  readonly contract: Address;
  /** Current epoch of the committee; a function is asked at every certificate. */
  readonly epoch: bigint | (() => Promise<bigint>);
  /** Who has a stake or tokens. Absent: nobody, all accounts are free ones. */
  readonly standing?: StandingSource;
  /** Answers challenges on L1. Absent: it does not, and says so. */
  readonly answers?: AnswerOptions;
  /** Largest object. Default 64 MiB. */
  readonly objectBytes?: number;
  /** All objects together. Default 1 TiB. */
  readonly capacityBytes?: number;
  /** Left free on the disk. Default 64 MiB. */
  readonly spareBytes?: number;
  /** Kept for an account that has nothing. Default 1 GiB. */
  readonly freeBytes?: number;
  /** Kept besides for each token that an account has on the network. Default 64 MiB. */
  readonly bytesPerToken?: number;
  readonly grants?: readonly { readonly account: Address; readonly bytes: number }[];
  readonly uploads?: UploadLimits;
  readonly minRetentionSeconds?: number;
  readonly maxRetentionSeconds?: number;
  /** Longest promise to an account without a stake. Default 45 days. */
  readonly unstakedRetentionSeconds?: number;
  readonly log?: Logger;
};

export type DaNode = { readonly url: string; readonly address: Address; close(): Promise<void> };

/** So many are 120 KB, and can be shown on L1 in one transaction of up to 128 KB: docs/da.md#challenges. */
const MAX_OBJECTS = 3_072;
const DAY = 24 * 3600;
const GIB = 2 ** 30;
/** An upload without a certificate is kept for so long. */
const UNPROMISED_SECONDS = 3600;
const SWEEP_INTERVAL_MS = 600 * 1000;
/** Requests for certificates that are worked at: each may look for 3,072 files, and ask L1 who its account is. */
const REQUESTS = { total: 64, perPeer: 16 } as const;

const certificateRequest = z.strictObject({
  account: z.string().regex(/^0x[0-9a-f]{40}$/),
  objects: z
    .array(z.strictObject({ root: z.string().regex(/^0x[0-9a-f]{64}$/), length: z.int().min(0) }))
    .min(1)
    .max(MAX_OBJECTS),
  expiry: z.union([z.int().min(0), z.string().regex(/^\d{1,20}$/)]).transform(BigInt),
  until: z.union([z.int().min(0), z.string().regex(/^\d{1,20}$/)]).transform(BigInt),
  signature: z.string().regex(/^0x[0-9a-f]{130}$/),
});

export async function createDaNode(options: DaNodeOptions): Promise<DaNode> {
  const account = privateKeyToAccount(options.key);
  const { log = createLogger('da'), objectBytes = MAX_OUTPUT_BYTES, capacityBytes = 2 ** 40 } = options;
  const { minRetentionSeconds = 60, maxRetentionSeconds = 400 * DAY, unstakedRetentionSeconds = 45 * DAY } = options;
  const domain = createDomain(options.chainId, options.contract);
  const assertSigned = createSignatureCheck(domain);
  const currentEpoch = async () => (typeof options.epoch === 'function' ? options.epoch() : options.epoch);
  const store = await openStore(join(options.dataDir, 'index'));
  const objects = await openDiskObjects(join(options.dataDir, 'objects'));
  const grants = new Map(
    (options.grants ?? []).map(({ account: one, bytes }) => [one.toLowerCase() as Address, bytes]),
  );
  const { freeBytes = GIB, bytesPerToken = 64 * 2 ** 20 } = options;
  const quotas = createQuotas({ capacityBytes, freeBytes, bytesPerToken, grants });
  const pins = await openPins(store, objects, quotas);
  const uploads = createUploads(options.uploads);
  const requests = createPeerPlaces(REQUESTS);
  const standingOf = createStandings(options.standing ?? NOBODY, log, (one) => grants.has(one));
  const room = createRoom({ store, objects, capacityBytes, path: options.dataDir, spareBytes: options.spareBytes });
  // A sweep must not delete between the check of what is held and the pin; nor must two requests share the last of a quota.
  const exclusive = createMutex();

  const describe = async () => {
    const epoch = await currentEpoch();
    return { member: account.address, epoch: Number(epoch), chainId: options.chainId, ...objects.usage() };
  };
  const limits = withLimits({ bodyBytes: objectBytes, ...options.limits });
  const http = createHttpApp({ log, health: describe, limits });
  const pace: Pace = { graceSeconds: limits.graceSeconds, bytesPerSecond: limits.bytesPerSecond };

  http.app.put('/objects/:root', async (request, response) => {
    const root = rootParameter(request.params.root);
    assertType(request, 'application/octet-stream');
    const length = declaredLength(request);
    if (length !== undefined && length > objectBytes) throw tooLarge(objectBytes, length);
    const ticket = uploads.find(request.headers['mizu-upload'], root, length);
    const object = { root, length: length as number };
    const owner = { account: ticket.account, class: ticket.standing.class };
    await written([object]);
    if ((await objects.size(root)) === object.length) {
      uploads.settle(ticket, root);
      response.status(200).json(object);
      return;
    }
    const putOut = new AbortController();
    const progress = createPaceMeter(pace);
    const place = uploads.begin(ticket, object.length, progress, (error) => putOut.abort(error));
    let release = () => {};
    let leaveRoom = () => {};
    try {
      // Before a byte is read: what cannot be kept is not sent.
      await exclusive(async () => {
        const cost = pins.costOf([object], graceEnd(), owner);
        quotas.assertRoom(ticket.account, ticket.standing, cost);
        leaveRoom = await room.take(object.length);
        quotas.add(owner, cost.account);
        release = () => quotas.remove(owner, cost.account);
      });
      const bytes = await readBody(request, object.length, progress, putOut.signal);
      const actual = await hashInPieces(bytes);
      if (actual !== root) {
        uploads.revoke(ticket);
        throw wrongRoot(root, { root: actual, length: bytes.length });
      }
      const until = graceEnd();
      // First the pin: an object that nothing points to would stay for ever. Its charge takes the place of what was reserved.
      const pin = () =>
        exclusive(() => {
          release();
          release = () => {};
          return room.index(() => pins.pin([object], until, owner));
        });
      await pin();
      await writeFile(object, bytes, until);
      // Another upload of it may have failed meanwhile, and taken the pin away.
      await pin();
      uploads.settle(ticket, root);
      response.status(201).json(object);
    } finally {
      release();
      leaveRoom();
      place.leave();
    }
  });

  // What is there but not synced yet is not there yet.
  const writing = new Map<Hex, Promise<void>>();
  const written = async (objectsOf: readonly ObjectRef[]) => {
    for (const { root } of objectsOf) await writing.get(root)?.catch(() => undefined);
  };
  const writeFile = async ({ root }: ObjectRef, bytes: Uint8Array, until: bigint) => {
    const write = room.file(() => objects.putHashed(root, bytes)).finally(() => writing.delete(root));
    writing.set(root, write);
    await write.catch(async (error: unknown) => {
      await exclusive(() => room.index(() => pins.unpin(root, until))).catch((err: unknown) =>
        log.warn({ err, root }, 'a pin without its object stays until it ends'),
      );
      throw error;
    });
  };

  http.app.get('/objects/:root', async (request, response) => {
    await sendObject(request, response, objects, rootParameter(request.params.root));
  });

  http.app.post('/certificates', jsonBody(1024 * 1024), async (request, response) => {
    const peer = peerOf(request.socket.remoteAddress);
    const putOut = new AbortController();
    const place = requests.enter(peer, () => putOut.abort(tooManyRequests(peer)));
    if (place === undefined) throw tooManyRequests(peer);
    try {
      const { status, body } = await certify(parseRequest(request.body), peer, putOut.signal);
      response.status(status).json(body);
    } finally {
      place.leave();
    }
  });

  const certify = async (
    wanted: SignedRequest,
    peer: string,
    signal: AbortSignal,
  ): Promise<{ status: number; body: object }> => {
    const now = nowSeconds();
    assertExpiry(wanted.expiry, now, minRetentionSeconds, maxRetentionSeconds);
    assertSigned(wanted, now);
    const standing = await standingOf(wanted.account);
    if (standing.class !== 'staked') assertExpiry(wanted.expiry, now, minRetentionSeconds, unstakedRetentionSeconds);
    const epoch = await currentEpoch();
    const owner = { account: wanted.account, class: standing.class };
    await written(wanted.objects);
    const missing = await exclusive(async () => {
      signal.throwIfAborted();
      const absent = await findMissing(objects, wanted.objects);
      quotas.assertRoom(wanted.account, standing, pins.costOf(wanted.objects, wanted.expiry, owner));
      if (absent.length === 0) await room.index(() => pins.pin(wanted.objects, wanted.expiry, owner));
      return absent;
    });
    if (missing.length > 0) {
      const tooLong = missing.find(({ length }) => length > objectBytes);
      if (tooLong !== undefined) throw tooLarge(objectBytes, tooLong.length);
      const { id } = uploads.open(wanted.account, standing, peer, missing);
      const error = { code: 'da/missing', message: 'Some objects are not here.' };
      return { status: 409, body: { error, missing: missing.map(({ root }) => root), upload: id } };
    }
    const signature = await signCertificate(account, domain, { epoch, objects: wanted.objects, expiry: wanted.expiry });
    return { status: 200, body: { signature, member: account.address, epoch: Number(epoch) } };
  };

  let answers: Answers | undefined;
  addGauges(http.metrics, objects, quotas, uploads.taken, () => answers?.counts);
  const sweeping = setInterval(() => {
    exclusive(() => room.index(() => pins.sweep(nowSeconds()))).then(
      (count) => count > 0 && log.info({ count }, 'objects whose promise has ended are deleted'),
      (err) => log.error({ err }, 'sweep failed'),
    );
  }, SWEEP_INTERVAL_MS);
  const url = await http.listen({ port: options.port, ...(options.host === undefined ? {} : { host: options.host }) });
  log.info({ url, member: account.address, ...objects.usage() }, 'DA member is up');
  const { contract: committee } = options;
  const read = async (root: Hex, length: number): Promise<Uint8Array | undefined> => {
    if ((await objects.size(root)) !== length) return undefined;
    const chunks: Uint8Array[] = [];
    if (length > 0) for await (const chunk of objects.stream(root, 0, length - 1)) chunks.push(chunk as Uint8Array);
    return Buffer.concat(chunks);
  };
  answers =
    options.answers === undefined
      ? undefined
      : startAnswers({ options: options.answers, committee, member: account.address, objects: { read }, log });
  if (answers === undefined) log.warn({ member: account.address }, UNANSWERED);
  return {
    url,
    address: account.address,
    close: async () => {
      clearInterval(sweeping);
      await answers?.close();
      await http.close();
      await exclusive(() => store.close());
    },
  };
}

const UNANSWERED =
  'no l1Url is configured: this member answers no challenges on L1, and its stake is at risk as soon as somebody makes one';

const NOBODY: StandingSource = { isStaked: async () => false, balanceWei: async () => 0n };

/** @throws MizuError `da/bad-request` */
function parseRequest(body: unknown): SignedRequest {
  const parsed = certificateRequest.safeParse(body);
  if (!parsed.success) throw badRequest(describeZodIssues(parsed.error));
  return parsed.data as SignedRequest;
}

async function findMissing(objects: DiskObjects, wanted: readonly ObjectRef[]): Promise<ObjectRef[]> {
  const missing = new Map<Hex, ObjectRef>();
  for (const object of wanted)
    if ((await objects.size(object.root)) !== object.length) missing.set(object.root, object);
  return [...missing.values()];
}

function addGauges(
  register: ReturnType<typeof createHttpApp>['metrics'],
  objects: DiskObjects,
  quotas: Quotas,
  uploading: () => number,
  answered: () => Answers['counts'] | undefined,
): void {
  const gauge = createGauges(register, 'da');
  gauge('objects', 'Objects stored', () => objects.usage().objects);
  gauge('bytes', 'Bytes stored', () => objects.usage().bytes);
  gauge('uploads', 'Uploads under way', uploading);
  gauge('pieces_published', 'Pieces published on L1 since the start', () => answered()?.published ?? 0);
  gauge('pieces_lacking', 'Challenges since the start whose bytes are not here', () => answered()?.lacking ?? 0);
  gauge('free_bytes', 'Bytes charged to accounts that have nothing', () => quotas.bytesOf('free'));
  gauge('paying_bytes', 'Bytes charged to accounts with tokens', () => quotas.bytesOf('paying'));
  gauge('staked_bytes', 'Bytes charged to staked accounts', () => quotas.bytesOf('staked'));
}

function graceEnd(): bigint {
  return BigInt(nowSeconds() + UNPROMISED_SECONDS);
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

function wrongRoot(expected: Hex, actual: ObjectRef): MizuError {
  return new MizuError({
    code: 'da/wrong-root',
    message: 'The bytes have another root than the path says.',
    expected,
    actual: `${actual.root} (${actual.length} bytes)`,
    hint: 'The root of an object: docs/vm.md#tree.',
  });
}

function badRequest(actual: string): MizuError {
  return new MizuError({
    code: 'da/bad-request',
    message: 'The request for a certificate cannot be read.',
    expected: `{account, objects: [{root, length}], expiry, until, signature}, 1 to ${MAX_OBJECTS} objects`,
    actual,
    hint: 'docs/da.md#requests.',
  });
}

function tooLarge(limit: number, actual: number): MizuError {
  return new MizuError({
    code: 'da/too-large',
    message: 'The object is too large for this member.',
    expected: `at most ${limit} bytes`,
    actual: `${actual} bytes`,
    hint: 'Split it into partitions.',
  });
}

function tooManyRequests(peer: string): MizuError {
  return new MizuError({
    code: 'da/too-many',
    message: 'There are too many requests for certificates at once.',
    expected: `at most ${REQUESTS.perPeer} of one address, ${REQUESTS.total} of all`,
    actual: `one more of ${peer}`,
    hint: 'Try again a little later.',
    retryable: true,
  });
}
