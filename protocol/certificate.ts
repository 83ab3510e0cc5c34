// docs/messages.md#certificate: the DA committee's promise to keep a list of objects.
import { createWriter, malformed, type Reader, type Writer } from './bytes.ts';
import { MAX_COMMITTEE } from './constants.ts';
import type { Hex } from './hex.ts';
import { keccakHex, type ObjectRef } from './tree.ts';

export type Certificate = {
  readonly epoch: bigint;
  /** Unix seconds until which the objects are kept. */
  readonly expiry: bigint;
  /** Bitmap over the committee's members, bit 0 the first. */
  readonly signers: bigint;
  /** Signatures of 65 bytes, in ascending order of the bits. */
  readonly signatures: readonly Hex[];
};

/** The list `objectRoot ‖ length u64`, 40 bytes each. */
export function encodeObjects(objects: readonly ObjectRef[]): Uint8Array {
  const writer = createWriter();
  for (const object of objects) writer.hex(object.root, 32).u64(object.length);
  return writer.finish();
}

/** keccak-256 of the list. */
export function hashObjects(objects: readonly ObjectRef[]): Hex {
  return keccakHex(encodeObjects(objects));
}

export function totalLength(objects: readonly ObjectRef[]): bigint {
  return objects.reduce((sum, object) => sum + BigInt(object.length), 0n);
}

export function writeCertificate(writer: Writer, certificate: Certificate): void {
  writer.u64(certificate.epoch).u64(certificate.expiry).u64(certificate.signers);
  for (const signature of certificate.signatures) writer.hex(signature, 65);
}

/** Reads as many signatures as `signers` has bits. */
export function readCertificate(reader: Reader): Certificate {
  const epoch = reader.u64('certificate epoch');
  const expiry = reader.u64('certificate expiry');
  const signers = reader.u64('certificate signers');
  if (signers >> BigInt(MAX_COMMITTEE) !== 0n)
    throw malformed('certificate', `signers below bit ${MAX_COMMITTEE}`, signers.toString(2));
  const signatures: Hex[] = [];
  for (let bit = 0; bit < MAX_COMMITTEE; bit++) {
    if ((signers >> BigInt(bit)) & 1n) signatures.push(reader.hex(65, `certificate signature ${signatures.length}`));
  }
  return { epoch, expiry, signers, signatures };
}
