// docs/edge.md#admission: the gateway's operator signs who may be a worker, under which name, and until when.
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { hashTypedData } from 'viem';
import { z } from 'zod';
import { MizuError } from '../protocol/errors.ts';
import { type Address, type Hex, hexToBytes } from '../protocol/hex.ts';
import { recoverSigner } from '../protocol/signature.ts';
import type { Domain } from '../protocol/typed-data.ts';
import { type ResultSigner, verifySignature } from './signing.ts';

export type Invitation = {
  /** The name by which the invitation is revoked. */
  readonly name: string;
  readonly worker: Address;
  /** Unix seconds. */
  readonly expiry: number;
};

export const MAX_INVITATION_CHARS = 1_000;
export const INVITATION_NAME = /^[a-zA-Z0-9._-]{1,64}$/;
const MAX_REVOKED_BYTES = 1024 * 1024;
const TYPES = {
  WorkerInvitation: [
    { name: 'name', type: 'string' },
    { name: 'worker', type: 'address' },
    { name: 'expiry', type: 'uint64' },
  ],
} as const;

const shape = z.strictObject({
  name: z.string().regex(INVITATION_NAME),
  worker: z.string().regex(/^0x[0-9a-f]{40}$/),
  expiry: z.number().int().nonnegative(),
  signature: z.string().regex(/^0x[0-9a-f]{130}$/),
});

function hashInvitation(domain: Domain, { name, worker, expiry }: Invitation): Hex {
  const message = { name, worker, expiry: BigInt(expiry) };
  return hashTypedData({ domain, types: TYPES, primaryType: 'WorkerInvitation', message });
}

/** Makes the one word that is handed to the worker. */
export function createInvitation(domain: Domain, signer: ResultSigner, invitation: Invitation): string {
  const signature = signer.sign(hashInvitation(domain, invitation));
  const { name, worker, expiry } = invitation;
  return Buffer.from(JSON.stringify({ name, worker, expiry, signature })).toString('base64url');
}

/**
 * Undefined if the text is no invitation, or one of another gateway than that of this key. Neither expiry nor
 * revocation is checked.
 */
export function readInvitation(domain: Domain, gatewayKey: Hex, text: string): Invitation | undefined {
  const { invitation, signature } = parseInvitation(text) ?? {};
  if (invitation === undefined || signature === undefined) return undefined;
  return verifySignature(hashInvitation(domain, invitation), signature, gatewayKey) ? invitation : undefined;
}

function parseInvitation(text: string): { invitation: Invitation; signature: Hex } | undefined {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(text, 'base64url').toString());
  } catch {
    return undefined;
  }
  const parsed = shape.safeParse(value);
  if (!parsed.success) return undefined;
  const { signature, ...invitation } = parsed.data as Invitation & { signature: Hex };
  return { invitation, signature };
}

/** The address that has signed the invitation; undefined if the text is none. A worker signs for that gateway alone. */
export function gatewayOf(domain: Domain, text: string): Address | undefined {
  const read = parseInvitation(text);
  return read && recoverSigner(hexToBytes(hashInvitation(domain, read.invitation)), hexToBytes(read.signature));
}

const revokedFile = (dataDir: string) => join(dataDir, 'revoked-invitations.txt');

/** Names whose invitations are revoked; the gateway reads them at each admission and every 20 s. */
export function readRevoked(dataDir: string): ReadonlySet<string> {
  const file = revokedFile(dataDir);
  return new Set(existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : []);
}

/**
 * The name is on the disk when the function returns.
 * @throws MizuError `edge/too-many-revoked` if the file is full
 */
export function revokeInvitation(dataDir: string, name: string): void {
  const file = revokedFile(dataDir);
  const known = readRevoked(dataDir);
  if (known.has(name)) return;
  const bytes = [...known, name].reduce((sum, one) => sum + one.length + 1, 0);
  if (bytes > MAX_REVOKED_BYTES) throw tooManyRevoked(file, bytes);
  const handle = openSync(file, 'a', 0o600);
  try {
    writeSync(handle, `${name}\n`);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function tooManyRevoked(file: string, bytes: number): MizuError {
  return new MizuError({
    code: 'edge/too-many-revoked',
    message: 'Too many invitations are revoked.',
    expected: `at most ${MAX_REVOKED_BYTES} bytes in ${file}`,
    actual: `${bytes}`,
    hint: 'Remove the names whose invitations have expired.',
  });
}
