// docs/edge.md#admission: the gateway's operator signs who may be a worker, under which name, and until when.
import { hashTypedData } from 'viem';
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
const TYPES = {
  WorkerInvitation: [
    { name: 'name', type: 'string' },
    { name: 'worker', type: 'address' },
    { name: 'expiry', type: 'uint64' },
  ],
} as const;

function hashInvitation(domain: Domain, { name, worker, expiry }: Invitation): Hex {
  const message = { name, worker, expiry: BigInt(expiry) };
  return hashTypedData({ domain, types: TYPES, primaryType: 'WorkerInvitation', message });
}

/** Makes the one word that is handed to the worker. */
export function createInvitation(domain: Domain, signer: ResultSigner, invitation: Invitation): string {
  const signature = signer.sign(hashInvitation(domain, invitation));
  const { name, worker, expiry } = invitation;
  return toBase64Url(JSON.stringify({ name, worker, expiry, signature }));
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
  const { name, worker, expiry, signature, ...others } = readFields(text);
  const isGood =
    matches(INVITATION_NAME, name) &&
    matches(/^0x[0-9a-f]{40}$/, worker) &&
    matches(/^0x[0-9a-f]{130}$/, signature) &&
    Number.isSafeInteger(expiry) &&
    (expiry as number) >= 0 &&
    Object.keys(others).length === 0;
  if (!isGood) return undefined;
  const invitation = { name, worker: worker as Address, expiry: expiry as number };
  return { invitation, signature: signature as Hex };
}

/** Empty if the text is no JSON object in base64url. */
function readFields(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(fromBase64Url(text));
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

function matches(pattern: RegExp, value: unknown): value is string {
  return typeof value === 'string' && pattern.test(value);
}

// An invitation is ASCII. No page has Node's Buffer.
function toBase64Url(text: string): string {
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

function fromBase64Url(text: string): string {
  return atob(text.replaceAll('-', '+').replaceAll('_', '/'));
}

/** The address that has signed the invitation; undefined if the text is none. A worker signs for that gateway alone. */
export function gatewayOf(domain: Domain, text: string): Address | undefined {
  const read = parseInvitation(text);
  return read && recoverSigner(hexToBytes(hashInvitation(domain, read.invitation)), hexToBytes(read.signature));
}
