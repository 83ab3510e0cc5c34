// docs/da.md#node: a committee member: keeps whole objects, and signs only for what it holds durably.
import { join } from 'node:path';
import { privateKeyToAccount } from 'viem/accounts';
import { z } from 'zod';
import { MAX_OUTPUT_BYTES } from '../protocol/constants.ts';
import { MizuError } from '../protocol/errors.ts';
import type { Address, Hex } from '../protocol/hex.ts';
import { type ObjectRef, objectRef } from '../protocol/tree.ts';
import { createDomain } from '../protocol/typed-data.ts';
import { jsonBody, rawBody } from '../service/body.ts';
import { type DiskObjects, openDiskObjects } from '../service/disk-objects.ts';
import { createGauges } from '../service/gauges.ts';
import { createHttpApp } from '../service/http.ts';
import type { HttpLimitChanges } from '../service/http-limits.ts';
import { createLogger, type Logger } from '../service/log.ts';
import { createMutex } from '../service/mutex.ts';
import { rootParameter, sendObject } from '../service/ranges.ts';
import { openStore } from '../service/store.ts';
import { assertExpiry, signCertificate } from './certify.ts';
import { createPins } from './pins.ts';

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
  /** Largest object. Default 64 MiB. */
  readonly objectBytes?: number;
  /** All objects together. Default 1 TiB. */
  readonly capacityBytes?: number;
  readonly minRetentionSeconds?: number;
  readonly maxRetentionSeconds?: number;
  readonly log?: Logger;
};

export type DaNode = { readonly url: string; readonly address: Address; close(): Promise<void> };

const MAX_OBJECTS = 4_096;
const MAX_UPLOADS = 32;
const DAY = 24 * 3600;
/** An upload without a certificate is kept for so long. */
const UNPROMISED_SECONDS = DAY;
const SWEEP_INTERVAL_MS = 3600 * 1000;

const certificateRequest = z.strictObject({
  objects: z
    .array(z.strictObject({ root: z.string().regex(/^0x[0-9a-f]{64}$/), length: z.int().min(0) }))
    .min(1)
    .max(MAX_OBJECTS),
  expiry: z.union([z.int().min(0), z.string().regex(/^\d{1,20}$/)]).transform(BigInt),
});

export async function createDaNode(options: DaNodeOptions): Promise<DaNode> {
  const account = privateKeyToAccount(options.key);
  const { log = createLogger('da'), objectBytes = MAX_OUTPUT_BYTES, capacityBytes = 2 ** 40 } = options;
  const { minRetentionSeconds = 60, maxRetentionSeconds = 400 * DAY } = options;
  const domain = createDomain(options.chainId, options.contract);
  const currentEpoch = async () => (typeof options.epoch === 'function' ? options.epoch() : options.epoch);
  const store = await openStore(join(options.dataDir, 'index'));
  const objects = await openDiskObjects(join(options.dataDir, 'objects'));
  const pins = createPins(store, objects);
  // A sweep must not delete between the check of what is held and the pin.
  const exclusive = createMutex();

  const describe = async () => {
    const epoch = await currentEpoch();
    return { member: account.address, epoch: Number(epoch), chainId: options.chainId, ...objects.usage() };
  };
  const http = createHttpApp({ log, health: describe, limits: { bodyBytes: objectBytes, ...options.limits } });
  let uploads = 0;

  http.app.put(
    '/objects/:root',
    (request, _response, next) => {
      rootParameter(request.params.root);
      if (uploads >= MAX_UPLOADS) throw busy();
      uploads += 1;
      request.once('close', () => {
        uploads -= 1;
      });
      next();
    },
    rawBody(objectBytes),
    async (request, response) => {
      const root = rootParameter(request.params.root);
      const bytes = Buffer.isBuffer(request.body) ? new Uint8Array(request.body) : new Uint8Array(0);
      const ref = objectRef(bytes);
      if (ref.root !== root) throw wrongRoot(root, ref);
      const known = await objects.has(root);
      if (!known && objects.usage().bytes + bytes.length > capacityBytes) throw full(capacityBytes);
      await objects.put(bytes);
      await exclusive(() => pins.pin([root], BigInt(nowSeconds() + UNPROMISED_SECONDS)));
      response.status(known ? 200 : 201).json({ root, length: bytes.length });
    },
  );

  http.app.head('/objects/:root', async (request, response) => {
    const length = await objects.size(rootParameter(request.params.root));
    if (length === undefined) response.status(404).end();
    else response.status(200).setHeader('content-length', length).end();
  });

  http.app.get('/objects/:root', async (request, response) => {
    const root = rootParameter(request.params.root);
    await sendObject(request, response, objects, root);
  });

  http.app.post('/certificates', jsonBody(1024 * 1024), async (request, response) => {
    const parsed = certificateRequest.safeParse(request.body);
    if (!parsed.success) throw badRequest(z.prettifyError(parsed.error));
    const { expiry } = parsed.data;
    const wanted = parsed.data.objects as ObjectRef[];
    assertExpiry(expiry, nowSeconds(), minRetentionSeconds, maxRetentionSeconds);
    const epoch = await currentEpoch();
    const missing = await exclusive(async () => {
      const absent = await findMissing(objects, wanted);
      if (absent.length === 0)
        await pins.pin(
          wanted.map(({ root }) => root),
          expiry,
        );
      return absent;
    });
    if (missing.length > 0) {
      response.status(409).json({ error: { code: 'da/missing', message: 'Some objects are not here.' }, missing });
      return;
    }
    const signature = await signCertificate(account, domain, { epoch, objects: wanted, expiry });
    response.json({ signature, member: account.address, epoch: Number(epoch) });
  });

  addGauges(http.metrics, objects);
  const sweeping = setInterval(() => {
    exclusive(() => pins.sweep(nowSeconds())).then(
      (count) => count > 0 && log.info({ count }, 'objects whose promise has ended are deleted'),
      (err) => log.error({ err }, 'sweep failed'),
    );
  }, SWEEP_INTERVAL_MS);
  const url = await http.listen({ port: options.port, ...(options.host === undefined ? {} : { host: options.host }) });
  log.info({ url, member: account.address, ...objects.usage() }, 'DA member is up');
  return {
    url,
    address: account.address,
    close: async () => {
      clearInterval(sweeping);
      await http.close();
      await exclusive(() => store.close());
    },
  };
}

async function findMissing(objects: DiskObjects, wanted: readonly ObjectRef[]): Promise<Hex[]> {
  const missing: Hex[] = [];
  for (const { root, length } of wanted) if ((await objects.size(root)) !== length) missing.push(root);
  return [...new Set(missing)];
}

function addGauges(register: ReturnType<typeof createHttpApp>['metrics'], objects: DiskObjects): void {
  const gauge = createGauges(register, 'da');
  gauge('objects', 'Objects stored', () => objects.usage().objects);
  gauge('bytes', 'Bytes stored', () => objects.usage().bytes);
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
    expected: `{objects: [{root, length}], expiry}, 1 to ${MAX_OBJECTS} objects`,
    actual,
  });
}

function busy(): MizuError {
  return new MizuError({
    code: 'da/busy',
    message: 'Too many uploads at once.',
    expected: `at most ${MAX_UPLOADS}`,
    retryable: true,
  });
}

function full(capacityBytes: number): MizuError {
  return new MizuError({
    code: 'da/full',
    message: 'This member has no room left.',
    expected: `at most ${capacityBytes} bytes stored`,
  });
}
