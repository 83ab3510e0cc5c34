// docs/rpc.md#mizu_sendAttestation: attestations that validators have left here for each other, until L1 has decided.
import { type Attestation, attesterOf } from '../../node/attestations/attestation.ts';
import type { AttestationWeights } from '../../node/attestations/weights.ts';
import type { Mirror } from '../../node/l1/mirror.ts';
import { MizuError } from '../../protocol/errors.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import type { Domain } from '../../protocol/typed-data.ts';

export type AttestationBoard = {
  /**
   * Takes an attestation of a pending assertion by an account that was a validator when it was made.
   * @throws MizuError `attestation/not-pending`, `attestation/not-validator`, `attestation/full`, `attestation/busy`
   * (retryable)
   */
  post(attestation: Attestation): Promise<void>;
  /** What was left here about the assertion, one for each attester. */
  list(assertion: Hex): Promise<readonly Attestation[]>;
};

export type AttestationBoardParts = {
  readonly mirror: Pick<Mirror, 'assertion' | 'pending'>;
  readonly weights: AttestationWeights;
  readonly domain: Domain;
};

/** How many validators' attestations of one assertion are kept. */
const MAX_ATTESTERS = 1_024;
/** How many assertions are kept: others than those that are pending are dropped when there are so many. */
const MAX_ASSERTIONS = 256;
/** Look-ups of stakes on L1 that run at one time. */
const MAX_LOOKUPS = 8;

export function createAttestationBoard({ mirror, weights, domain }: AttestationBoardParts): AttestationBoard {
  const kept = new Map<Hex, Map<Address, Attestation>>();
  let lookups = 0;

  async function isPending(id: Hex): Promise<boolean> {
    return (await mirror.assertion(id))?.status === 'pending';
  }

  async function makeRoom(): Promise<void> {
    if (kept.size < MAX_ASSERTIONS) return;
    const pending = new Set((await mirror.pending()).map(({ id }) => id));
    for (const id of kept.keys()) if (!pending.has(id)) kept.delete(id);
    if (kept.size >= MAX_ASSERTIONS) throw full(`${MAX_ASSERTIONS} assertions`);
  }

  async function requireWeight(assertion: Hex, signer: Address): Promise<void> {
    if (lookups >= MAX_LOOKUPS) throw busy();
    lookups++;
    try {
      if ((await weights.weightOf(assertion, signer)) === 0n) throw notValidator(signer);
    } finally {
      lookups--;
    }
  }

  return {
    async post(attestation) {
      const { assertion } = attestation;
      if (!(await isPending(assertion))) throw notPending(assertion);
      const signer = attesterOf(domain, attestation);
      if (signer === undefined) throw notValidator('nobody: the signature is none');
      if (kept.get(assertion)?.has(signer)) return;
      await requireWeight(assertion, signer);
      if (!kept.has(assertion)) await makeRoom();
      const own = kept.get(assertion) ?? new Map<Address, Attestation>();
      if (own.size >= MAX_ATTESTERS) throw full(`${MAX_ATTESTERS} attesters of an assertion`);
      own.set(signer, attestation);
      kept.set(assertion, own);
    },
    async list(assertion) {
      return [...(kept.get(assertion)?.values() ?? [])];
    },
  };
}

function notPending(assertion: Hex): MizuError {
  return new MizuError({
    code: 'attestation/not-pending',
    message: 'Only a pending assertion is attested.',
    expected: 'the id of an assertion that is neither confirmed nor rejected nor orphaned',
    actual: assertion,
    hint: 'mizu_getAssertions lists them; a block of L1 may not have arrived here yet.',
    retryable: true,
  });
}

function notValidator(signer: string): MizuError {
  return new MizuError({
    code: 'attestation/not-validator',
    message: 'The attestation is not by a validator.',
    expected: 'a signature of an account that was staked as a validator before the assertion was made',
    actual: signer,
    hint: 'Check chain id, contract and both signed fields: docs/attestations.md#signing.',
  });
}

function full(what: string): MizuError {
  return new MizuError({
    code: 'attestation/full',
    message: 'There is no room for this attestation.',
    expected: `at most ${what}`,
    actual: 'one more',
    hint: 'Record it on L1: Attestations.record takes it from anyone.',
  });
}

function busy(): MizuError {
  return new MizuError({
    code: 'attestation/busy',
    message: 'Too many stakes are being looked up.',
    expected: `at most ${MAX_LOOKUPS} at one time`,
    actual: 'one more',
    hint: 'Try again.',
    retryable: true,
  });
}
