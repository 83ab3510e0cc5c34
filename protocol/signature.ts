// docs/messages.md: the one form of a signature that kernel and contracts take: r ‖ s ‖ v in 65 bytes, v 27 or 28, s in
// the lower half.
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { type Address, bytesToHex } from './hex.ts';
import { keccak } from './tree.ts';

export const SIGNATURE_BYTES = 65;

/**
 * The address that signed the digest. It is undefined if the bytes do not have the one form, or if no key can have
 * signed so.
 */
export function recoverSigner(digest: Uint8Array, signature: Uint8Array): Address | undefined {
  const parsed = parseSignature(signature);
  if (parsed === undefined) return undefined;
  try {
    const point = parsed.recoverPublicKey(digest);
    return bytesToHex(keccak(point.toBytes(false).subarray(1)).subarray(12));
  } catch {
    return undefined;
  }
}

/** Whether the key signed the digest, in the same form. It takes half the time of recovering the signer. */
export function isSignedByKey(digest: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean {
  if (parseSignature(signature) === undefined) return false;
  try {
    return secp256k1.verify(signature.subarray(0, 64), digest, publicKey, { prehash: false, lowS: true });
  } catch {
    return false;
  }
}

function parseSignature(signature: Uint8Array) {
  const recovery = (signature[64] as number) - 27;
  if (signature.length !== SIGNATURE_BYTES || (recovery !== 0 && recovery !== 1)) return undefined;
  try {
    const parsed = secp256k1.Signature.fromBytes(signature.subarray(0, 64), 'compact').addRecoveryBit(recovery);
    return parsed.hasHighS() ? undefined : parsed;
  } catch {
    return undefined;
  }
}
