// docs/contracts.md#calls: protocol values in the form that the contracts take.
import { concatHex, encodeAbiParameters, keccak256 } from 'viem';
import type { Certificate } from '../protocol/certificate.ts';
import type { Hex } from '../protocol/hex.ts';
import type { StateLeaf } from '../protocol/state.ts';
import { depthOf, hashLeaf, LEAF_BYTES, type ObjectRef, objectRoot, treeProof } from '../protocol/tree.ts';

export type ContractCertificate = {
  readonly epoch: bigint;
  readonly expiry: bigint;
  readonly signers: bigint;
  readonly signatures: Hex;
};

export function toContractCertificate(certificate: Certificate): ContractCertificate {
  const { epoch, expiry, signers, signatures } = certificate;
  return { epoch, expiry, signers, signatures: concatHex(['0x', ...signatures]) };
}

/** For a batch without sequenced messages, which needs no certificate. */
export const NO_CERTIFICATE: ContractCertificate = { epoch: 0n, expiry: 0n, signers: 0n, signatures: '0x' };

export type ClaimInput = {
  readonly parent: Hex;
  /** 0, or one more than the attempt with the same content that was rejected, orphaned or challenged. */
  readonly attempt?: number;
  /** The step list: a 128-byte state leaf before the first step and after every step. */
  readonly steps: Uint8Array;
  /** The last leaf of `steps`, decoded. */
  readonly post: StateLeaf;
  /** What the certificate covers after the step list: the body's index (or the receipts themselves) first, then datasets. 1 to 256. */
  readonly objects: readonly ObjectRef[];
  /** Over the step list and `objects`, in this order. */
  readonly certificate: Certificate;
};

/** The argument of `Rollup.createAssertion`. */
export function createClaim(input: ClaimInput) {
  const last = input.steps.length / LEAF_BYTES - 1;
  return {
    parent: input.parent,
    attempt: input.attempt ?? 0,
    post: input.post,
    firstPath: treeProof(input.steps, 0),
    lastPath: treeProof(input.steps, last),
    objects: input.objects.map(({ root, length }) => ({ root, length: BigInt(length) })),
    certificate: toContractCertificate(input.certificate),
  };
}

/** Id of the assertion that a claim makes: `Rollup.idOf`. */
export function hashAssertion(parent: Hex, steps: Uint8Array, attempt = 0): Hex {
  if (steps.length % LEAF_BYTES !== 0 || depthOf(steps.length) === 0)
    throw new Error(`a step list has whole leaves and at least two, not ${steps.length} bytes`);
  const leafHash = hashLeaf(steps.subarray(steps.length - LEAF_BYTES));
  return hashContent({ parent, stepRoot: objectRoot(steps), leafHash }, attempt);
}

/** The same of a claim whose step list is known by its root only. */
export function hashContent(claimed: { parent: Hex; stepRoot: Hex; leafHash: Hex }, attempt: number): Hex {
  const types = [{ type: 'bytes32' }, { type: 'bytes32' }, { type: 'bytes32' }, { type: 'uint32' }] as const;
  return keccak256(encodeAbiParameters(types, [claimed.parent, claimed.stepRoot, claimed.leafHash, attempt]));
}
