import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Address, Hex } from '../../protocol/hex.ts';
import { createDomain } from '../../protocol/typed-data.ts';
import { createInvitation, readInvitation } from '../invitation.ts';
import { readRevoked, revokeInvitation } from '../revoked.ts';
import { createSigner } from '../signing.ts';
import { type AdmissionOptions, createAdmissions } from './admission.ts';

const key = (n: number): Hex => `0x${n.toString(16).padStart(64, '0')}`;
const domain = createDomain(7, `0x${'11'.repeat(20)}`);
const gateway = createSigner(key(1));
const ANN = createSigner(key(2)).address;
const BOB = createSigner(key(3)).address;
const INVITED = { name: 'ann', worker: ANN, expiry: 2_000 };

let dataDir: string;
let clock: number;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'mizu-admission-'));
  clock = 1_000_000;
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const open = (options: Partial<AdmissionOptions> = {}) =>
  createAdmissions({
    domain,
    gatewayKey: gateway.publicKey,
    dataDir,
    named: undefined,
    isStaked: undefined,
    now: () => clock,
    ...options,
  });
const refusal = (expected: string | RegExp) =>
  expect.objectContaining({ code: 'edge/worker-refused', expected: expect.stringMatching(expected) });

describe('an invitation', () => {
  const text = createInvitation(domain, gateway, INVITED);

  test('is read by its gateway alone, on its chain alone', () => {
    expect(readInvitation(domain, gateway.publicKey, text)).toEqual(INVITED);
    expect(readInvitation(domain, createSigner(key(9)).publicKey, text)).toBeUndefined();
    expect(readInvitation(createDomain(8, domain.verifyingContract), gateway.publicKey, text)).toBeUndefined();
  });

  test.each(['', 'e30', 'bm8', '{}', '💥', 'x'.repeat(1_000)])('is not %j', (other) => {
    expect(readInvitation(domain, gateway.publicKey, other)).toBeUndefined();
  });

  test.each([{ name: 'bob' }, { worker: BOB }, { expiry: 9_999 }])('counts no longer with %j', (change) => {
    const parts = JSON.parse(Buffer.from(text, 'base64url').toString());
    const changed = Buffer.from(JSON.stringify({ ...parts, ...change })).toString('base64url');
    expect(readInvitation(domain, gateway.publicKey, changed)).toBeUndefined();
  });

  test('admits its worker until it expires or is revoked', async () => {
    const { admit, endOf, revoked } = open();
    const admission = await admit(ANN, text);
    expect(admission).toEqual({ kind: 'invited', name: 'ann', expiry: 2_000 });
    await expect(admit(BOB, text)).rejects.toEqual(refusal(`invitation of ${BOB}`));
    expect(endOf(admission, revoked())).toBeUndefined();
    revokeInvitation(dataDir, 'ann');
    revokeInvitation(dataDir, 'ann');
    revokeInvitation(dataDir, 'bob');
    expect([...readRevoked(dataDir)]).toEqual(['ann', 'bob']);
    expect(endOf(admission, revoked())).toBe('the invitation is revoked');
    await expect(admit(ANN, text)).rejects.toEqual(refusal('invitation that counts'));
    clock = 2_000_000;
    expect(endOf(admission, new Set())).toBe('the invitation has expired');
  });
});

describe('without an invitation', () => {
  test('only a stake admits, and is looked up again after an hour', async () => {
    await expect(open().admit(ANN, undefined)).rejects.toEqual(refusal('an invitation'));
    const { admit, endOf } = open({ isStaked: async (worker) => worker === ANN });
    await expect(admit(BOB, undefined)).rejects.toEqual(refusal('stake of a gateway'));
    const admission = await admit(ANN, undefined);
    expect(endOf(admission, new Set())).toBeUndefined();
    clock += 3_600_000;
    expect(endOf(admission, new Set())).toBe('the stake is looked up again');
  });

  test('strangers start eight look-ups at once and no more', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { admit } = open({ isStaked: () => held.then(() => true) });
    const first = Array.from({ length: 8 }, () => admit(ANN, undefined));
    await expect(admit(BOB, undefined)).rejects.toEqual(refusal('at most 8'));
    release();
    expect((await Promise.all(first)).length).toBe(8);
    expect(await admit(BOB, undefined)).toMatchObject({ kind: 'staked' });
  });

  test('a list of addresses admits those on it, and nobody else, whatever they have', async () => {
    const { admit } = open({ named: new Set<Address>([BOB]), isStaked: async () => true });
    expect(await admit(BOB, undefined)).toEqual({ kind: 'named' });
    await expect(admit(ANN, createInvitation(domain, gateway, INVITED))).rejects.toEqual(refusal('worker of the list'));
  });
});
