// docs/attestations.md#signing: a validator's signature that it has executed an assertion, and who has given it.
import { hashTypedData } from 'viem';
import { type Address, type Hex, hexToBytes } from '../../protocol/hex.ts';
import { recoverSigner } from '../../protocol/signature.ts';
import { type Domain, TYPES } from '../../protocol/typed-data.ts';

export type Attestation = {
  readonly assertion: Hex;
  /** What binds the signer to its own execution: docs/attestations.md#samples. */
  readonly commitment: Hex;
  readonly signature: Hex;
};

/** The digest that an attester signs. `domain`: that of the contract Attestations. */
export function hashAttestation(domain: Domain, { assertion, commitment }: Omit<Attestation, 'signature'>): Hex {
  return hashTypedData({ domain, types: TYPES, primaryType: 'Attestation', message: { assertion, commitment } });
}

/** Who has signed it, in lower case. It is undefined if nobody can have. */
export function attesterOf(domain: Domain, attestation: Attestation): Address | undefined {
  return recoverSigner(hexToBytes(hashAttestation(domain, attestation)), hexToBytes(attestation.signature));
}
