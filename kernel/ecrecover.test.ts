// docs/vm.md#host (ecrecover): the kernel's answer is that of the EVM's precompile, but for a high s, which is
// nobody's.
import { createEVM, type EVM } from '@ethereumjs/evm';
import { createAddressFromString } from '@ethereumjs/util';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { beforeAll, describe, expect, it } from 'vitest';
import { createRandom, type Random } from '../test/differential/random.ts';
import { recoverAddress } from './host.ts';

type Case = { readonly hash: bigint; readonly r: bigint; readonly s: bigint; readonly v: number };

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const FIELD = 0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2fn;
const MAX = 2n ** 256n - 1n;
const NOBODY = '00'.repeat(20);
const PRECOMPILE = createAddressFromString('0x0000000000000000000000000000000000000001');
const SIGNATURES = 60;

const HASHES = [0n, 1n, ORDER, ORDER - 1n, MAX];
/** FIELD - ORDER: from there on r has no second x on the curve. */
const EDGES = [
  0n,
  1n,
  2n,
  ORDER - 1n,
  ORDER,
  ORDER + 1n,
  FIELD - ORDER,
  FIELD - ORDER - 1n,
  FIELD - 1n,
  FIELD,
  MAX,
  ORDER / 2n,
  ORDER / 2n + 1n,
];

let evm: EVM;

beforeAll(async () => {
  evm = await createEVM();
});

function word(value: bigint): Uint8Array {
  return Uint8Array.from(Buffer.from(value.toString(16).padStart(64, '0'), 'hex'));
}

function ofKernel({ hash, r, s, v }: Case): string {
  return Buffer.from(recoverAddress(Uint8Array.from([...word(hash), ...word(r), ...word(s), v]))).toString('hex');
}

async function ofPrecompile({ hash, r, s, v }: Case): Promise<string> {
  if (s > ORDER / 2n) return NOBODY;
  const data = Uint8Array.from([...word(hash), ...word(BigInt(v)), ...word(r), ...word(s)]);
  const { execResult } = await evm.runCall({ to: PRECOMPILE, data, gasLimit: 100_000n });
  const { returnValue } = execResult;
  return returnValue.length === 0 ? NOBODY : Buffer.from(returnValue.subarray(12)).toString('hex');
}

/** How many of them are somebody's signature. */
async function expectEqual(cases: readonly Case[]): Promise<number> {
  let recovered = 0;
  for (const given of cases) {
    const expected = await ofPrecompile(given);
    expect({ ...given, signer: ofKernel(given) }).toEqual({ ...given, signer: expected });
    if (expected !== NOBODY) recovered++;
  }
  return recovered;
}

function random256(random: Random): bigint {
  return Array.from({ length: 8 }, () => random.u32()).reduce((value, part) => (value << 32n) | BigInt(part), 0n);
}

function inverse(value: bigint): bigint {
  return secp256k1.Point.Fn.inv(value);
}

describe('ecrecover', () => {
  it('is the precompile at every edge of hash, r and s: 0, the order and the field, and their neighbours', async () => {
    const cases = HASHES.flatMap((hash) =>
      EDGES.flatMap((r) => EDGES.flatMap((s) => [27, 28].map((v) => ({ hash, r, s, v })))),
    );
    const recovered = await expectEqual(cases);
    expect(cases.length).toBe(1690);
    expect(recovered).toBeGreaterThan(100);
  });

  it('knows no v but 27 and 28', async () => {
    const cases = [0, 1, 26, 29, 30, 31, 255].map((v) => ({ hash: 5n, r: 1n, s: 1n, v }));
    expect(await expectEqual(cases)).toBe(0);
    expect(await expectEqual([27, 28].map((v) => ({ hash: 5n, r: 1n, s: 1n, v })))).toBe(2);
  });

  it('has no signer at infinity: s * R is hash * G', async () => {
    const random = createRandom(7);
    const cases: Case[] = [];
    for (let i = 0; i < SIGNATURES; i++) {
      const k = (random256(random) % (ORDER - 1n)) + 1n;
      const r = secp256k1.Point.BASE.multiply(k).toAffine().x % ORDER;
      const hash = random256(random) % ORDER;
      const s = (hash * inverse(k)) % ORDER;
      for (const either of [s, ORDER - s]) for (const v of [27, 28]) cases.push({ hash, r, s: either, v });
    }
    const nobody = cases.length - (await expectEqual(cases));
    // Of four signs one cancels and half of the s are high.
    expect(nobody).toBeGreaterThanOrEqual(cases.length / 2);
  });

  it('is the precompile for anything: half of the r are no x of the curve', async () => {
    const random = createRandom(8);
    const cases = Array.from({ length: 2 * SIGNATURES }, (_, i) => ({
      hash: random256(random),
      r: random256(random),
      s: random256(random) % (ORDER / 2n),
      v: 27 + (i % 2),
    }));
    const recovered = await expectEqual(cases);
    expect(recovered).toBeGreaterThan(SIGNATURES / 2);
    expect(recovered).toBeLessThan((3 * SIGNATURES) / 2 + SIGNATURES / 4);
  });

  it('takes a low s and refuses the high one of the same signature', () => {
    const given = { hash: 5n, r: 1n, v: 27 };
    expect(ofKernel({ ...given, s: ORDER / 2n })).not.toBe(NOBODY);
    expect(ofKernel({ ...given, s: ORDER / 2n + 1n })).toBe(NOBODY);
  });
});
