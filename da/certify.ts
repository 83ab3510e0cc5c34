// docs/da.md#node, docs/messages.md#certificate: when a member may promise, and what it signs.
import { hashTypedData, type PrivateKeyAccount } from 'viem';
import { hashObjects, totalLength } from '../protocol/certificate.ts';
import { MizuError } from '../protocol/errors.ts';
import { type Address, type Hex, hexToBytes } from '../protocol/hex.ts';
import { recoverSigner } from '../protocol/signature.ts';
import type { ObjectRef } from '../protocol/tree.ts';
import { type Domain, TYPES } from '../protocol/typed-data.ts';

export type CertifiedObjects = {
  readonly epoch: bigint;
  readonly objects: readonly ObjectRef[];
  readonly expiry: bigint;
};

export function signCertificate(account: PrivateKeyAccount, domain: Domain, promised: CertifiedObjects): Promise<Hex> {
  return account.signTypedData(typedData(domain, promised));
}

/** The address whose key has made the signature. It is undefined if the bytes are no valid signature. */
export function signerOfCertificate(domain: Domain, promised: CertifiedObjects, signature: Hex): Address | undefined {
  if (!/^0x[0-9a-f]{130}$/.test(signature)) return undefined;
  return recoverSigner(hexToBytes(hashTypedData(typedData(domain, promised))), hexToBytes(signature));
}

/** @throws MizuError `da/bad-expiry` */
export function assertExpiry(expiry: bigint, nowSeconds: number, minSeconds: number, maxSeconds: number): void {
  const ahead = expiry - BigInt(nowSeconds);
  if (ahead >= BigInt(minSeconds) && ahead <= BigInt(maxSeconds)) return;
  throw new MizuError({
    code: 'da/bad-expiry',
    message: 'The expiry is too near or too far.',
    expected: `${minSeconds} to ${maxSeconds} seconds from now (${nowSeconds})`,
    actual: `${expiry}, ${ahead} seconds from now`,
  });
}

function typedData(domain: Domain, { epoch, objects, expiry }: CertifiedObjects) {
  const message = { epoch, objectsHash: hashObjects(objects), totalLength: totalLength(objects), expiry };
  return { domain, types: { Certificate: TYPES.Certificate }, primaryType: 'Certificate' as const, message };
}
