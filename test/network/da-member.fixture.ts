// Requests to a DA member as anybody can make them, without a client's help.
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { type DaAccount, type SignedRequest, signRequest } from '../../da/storage-request.ts';
import type { Hex } from '../../protocol/hex.ts';
import { type ObjectRef, objectRef } from '../../protocol/tree.ts';
import type { Domain } from '../../protocol/typed-data.ts';
import { type HttpAnswer, requestBytes, requestJson } from '../../service/http/client.ts';

export function memberBytes(seed: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 7 + seed * 13 + (i >> 8)) % 251);
}

export function memberKey(i: number): Hex {
  return `0x${(i + 1).toString(16).padStart(64, '0')}`;
}

export function inAnHour(): bigint {
  return BigInt(Math.floor(Date.now() / 1000) + 3600);
}

export type Certified = { readonly signature: Hex; readonly missing?: Hex[]; readonly upload?: string };

/** Of a request as it is, or with fields changed after it was signed. */
export async function askFor(
  url: string,
  domain: Domain,
  account: DaAccount,
  objects: readonly ObjectRef[],
  changes: Partial<SignedRequest> = {},
  expiry = inAnHour(),
): Promise<Certified> {
  const request = { ...(await signRequest(account, domain, objects, expiry)), ...changes };
  const body = { ...request, expiry: String(request.expiry), until: String(request.until) };
  const headers = { 'content-type': 'application/json' };
  const answer = await requestBytes(`${url}/certificates`, {
    method: 'POST',
    headers,
    body: JSON.stringify(body),
    accept: [409],
  });
  return JSON.parse(new TextDecoder().decode(answer.bytes)) as Certified;
}

/** From another address of this machine. The id, or undefined if the member gives none. */
export async function askFrom(
  localAddress: string,
  url: string,
  domain: Domain,
  account: DaAccount,
  objects: readonly ObjectRef[],
): Promise<string | undefined> {
  const request = await signRequest(account, domain, objects, inAnHour());
  const sent = httpRequest(`${url}/certificates`, {
    method: 'POST',
    localAddress,
    agent: false,
    headers: { 'content-type': 'application/json' },
  });
  sent.end(JSON.stringify({ ...request, expiry: String(request.expiry), until: String(request.until) }));
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  let text = '';
  for await (const part of answer) text += part;
  return (JSON.parse(text) as Certified).upload;
}

export function upload(url: string, id: string, root: string, body: Uint8Array, attempts = 1): Promise<HttpAnswer> {
  const headers = { 'content-type': 'application/octet-stream', 'mizu-upload': id };
  return requestBytes(`${url}/objects/${root}`, { method: 'PUT', body, headers, attempts });
}

/** Asks, uploads, and gets it promised. */
export async function store(
  url: string,
  domain: Domain,
  account: DaAccount,
  bytes: Uint8Array,
  expiry = inAnHour(),
): Promise<Hex> {
  const object = objectRef(bytes);
  const { upload: id } = await askFor(url, domain, account, [object], {}, expiry);
  if (id !== undefined) await upload(url, id, object.root, bytes, 5);
  return (await askFor(url, domain, account, [object], {}, expiry)).signature;
}

export function healthOf(url: string): Promise<{ objects: number; bytes: number }> {
  return requestJson(`${url}/health`);
}
