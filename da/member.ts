// docs/da.md#client: one member as the client sees it.
import { MizuError } from '../protocol/errors.ts';
import { type Address, type Hex, isSameAddress } from '../protocol/hex.ts';
import type { Domain } from '../protocol/typed-data.ts';
import { parseJson, requestBytes } from '../service/http/client.ts';
import { signerOfCertificate } from './certify.ts';
import { hashInPieces } from './hash.ts';
import type { SignedRequest } from './storage-request.ts';

export type MemberAddress = { readonly url: string; readonly address: Address };

export type Member = {
  readonly url: string;
  readonly address: Address;
  /** Uploads what the member lacks (if `bytesOf` has it) and gets its signature for the committee's epoch. */
  certify(
    request: SignedRequest,
    epoch: bigint,
    bytesOf: (root: Hex) => Uint8Array | undefined,
    signal: AbortSignal,
  ): Promise<Hex>;
  /** Undefined if the member does not have it. @throws MizuError `da/member-lies` if the bytes have another root. */
  get(object: { root: Hex; length?: number }, signal: AbortSignal): Promise<Uint8Array | undefined>;
};

const UPLOADS_AT_ONCE = 4;
/** A member with too much to do is asked so often: some 25 s, with the back-off. */
const BUSY_ATTEMPTS = 10;
/** The member may forget between request and upload, when it restarts. */
const ROUNDS = 4;
const BASE_SECONDS = 10;
const SLOWEST_BYTES_PER_SECOND = 1_000_000;
const MAX_OBJECT_BYTES = 64 * 1024 * 1024;

export function createMember({ url, address }: MemberAddress, domain: Domain): Member {
  const base = url.replace(/\/$/, '');
  const upload = async (id: string, root: Hex, bytes: Uint8Array, signal: AbortSignal) => {
    const headers = { 'content-type': 'application/octet-stream', 'mizu-upload': id };
    await requestBytes(`${base}/objects/${root}`, {
      method: 'PUT',
      body: bytes,
      headers,
      timeoutSeconds: secondsFor(bytes.length),
      busyAttempts: BUSY_ATTEMPTS,
      signal,
    });
  };
  return {
    url: base,
    address,
    certify: async (request, epoch, bytesOf, signal) => {
      const { account, objects, expiry, until, signature } = request;
      const body = JSON.stringify({
        account,
        objects: objects.map(({ root, length }) => ({ root, length })),
        expiry: String(expiry),
        until: String(until),
        signature,
      });
      const known = new Set(objects.map(({ root }) => root));
      for (let round = 0; round < ROUNDS; round++) {
        const answer = await requestBytes(`${base}/certificates`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body,
          accept: [409],
          busyAttempts: BUSY_ATTEMPTS,
          signal,
        });
        const said = parseJson<{ signature?: Hex; missing?: Hex[]; upload?: string; epoch?: number }>(url, answer);
        if (answer.status !== 409 && said.signature !== undefined) {
          if (said.epoch !== Number(epoch)) throw otherEpoch(url, epoch, said.epoch);
          const signer = signerOfCertificate(domain, { epoch, objects, expiry }, said.signature);
          if (!isSameAddress(signer, address))
            throw lies(url, `a signature of ${address}`, `one of ${signer ?? 'nobody'}`);
          return said.signature;
        }
        const lacking = (said.missing ?? []).filter((root) => known.has(root));
        if (lacking.length === 0 || lacking.some((root) => bytesOf(root) === undefined)) throw lacks(url, lacking);
        const id = String(said.upload);
        await uploadAll(lacking, bytesOf, (root, bytes) => upload(id, root, bytes, signal)).catch((error: unknown) => {
          // It has forgotten the request: it is made again.
          if (!(error instanceof MizuError) || error.code !== 'da/unsigned') throw error;
        });
      }
      throw lies(url, 'a signature for what was just stored', 'objects that are still missing');
    },
    get: async ({ root, length }, signal) => {
      const limitBytes = Math.min(length ?? MAX_OBJECT_BYTES, MAX_OBJECT_BYTES);
      const answer = await requestBytes(`${base}/objects/${root}`, {
        attempts: 1,
        accept: [404],
        timeoutSeconds: secondsFor(limitBytes),
        limitBytes,
        signal,
      });
      if (answer.status === 404) return undefined;
      const actual = await hashInPieces(answer.bytes);
      if (actual !== root) throw lies(url, `the object ${root}`, `one with root ${actual}`);
      return answer.bytes;
    },
  };
}

async function uploadAll(
  roots: readonly Hex[],
  bytesOf: (root: Hex) => Uint8Array | undefined,
  upload: (root: Hex, bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  let next = 0;
  const work = async () => {
    for (let at = next++; at < roots.length; at = next++) {
      const root = roots[at] as Hex;
      const bytes = bytesOf(root);
      if (bytes !== undefined) await upload(root, bytes);
    }
  };
  await Promise.all(Array.from({ length: Math.min(UPLOADS_AT_ONCE, roots.length) }, work));
}

function secondsFor(bytes: number): number {
  return BASE_SECONDS + bytes / SLOWEST_BYTES_PER_SECOND;
}

function lies(url: string, expected: string, actual: string): MizuError {
  return new MizuError({
    code: 'da/member-lies',
    message: `The DA member ${url} gave a wrong answer.`,
    expected,
    actual,
  });
}

function lacks(url: string, missing: readonly Hex[]): MizuError {
  return new MizuError({
    code: 'da/missing',
    message: `The DA member ${url} does not hold all objects.`,
    expected: 'every object of the list',
    actual: `${missing.length} are not there, the first: ${missing[0]}`,
  });
}

function otherEpoch(url: string, expected: bigint, actual: number | undefined): MizuError {
  return new MizuError({
    code: 'da/other-epoch',
    message: `The DA member ${url} signs for another epoch.`,
    expected: String(expected),
    actual: String(actual),
    retryable: true,
  });
}
