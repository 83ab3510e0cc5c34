// docs/da.md#requests: a request that is known as signed is still held against the clock, and one byte more makes it another.
import { expect, test } from 'vitest';
import { bytesToHex, type Hex, hexToBytes } from '../protocol/hex.ts';
import { createDomain } from '../protocol/typed-data.ts';
import {
  accountOf,
  createSignatureCheck,
  REQUEST_SECONDS,
  type SignedRequest,
  signRequest,
} from './storage-request.ts';

const DOMAIN = createDomain(1, `0x${'aa'.repeat(20)}`);
const ACCOUNT = accountOf(`0x${'11'.repeat(32)}`);
const OBJECTS = [{ root: `0x${'22'.repeat(32)}` as Hex, length: 7 }];

const signed = (objects = OBJECTS): Promise<SignedRequest> => signRequest(ACCOUNT, DOMAIN, objects, 99n);
const codeOf = (call: () => void): unknown => {
  try {
    call();
    return 'taken';
  } catch (error) {
    return (error as { code: unknown }).code;
  }
};

test('a request is taken as often as it comes, until its time is over', async () => {
  const check = createSignatureCheck(DOMAIN);
  const request = await signed();
  const until = Number(request.until);
  for (const at of [until - REQUEST_SECONDS, until]) expect(codeOf(() => check(request, at))).toBe('taken');
  expect(codeOf(() => check(request, until + 1))).toBe('da/bad-until');
});

test('what differs from a known request in anything is refused', async () => {
  const check = createSignatureCheck(DOMAIN);
  const request = await signed();
  const at = Number(request.until);
  check(request, at);
  const signature = hexToBytes(request.signature);
  signature[40] = (signature[40] as number) ^ 1;
  const others: SignedRequest[] = [
    { ...request, account: `0x${'33'.repeat(20)}` },
    { ...request, objects: [{ root: `0x${'22'.repeat(32)}`, length: 8 }] },
    { ...request, objects: [...OBJECTS, ...OBJECTS] },
    { ...request, expiry: 100n },
    { ...request, until: request.until + 1n },
    { ...request, signature: bytesToHex(signature) },
  ];
  for (const other of others) expect(codeOf(() => check(other, at))).toBe('da/bad-signature');
  expect(codeOf(() => check(request, at))).toBe('taken');
});
