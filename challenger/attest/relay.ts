// docs/attestations.md#gathering: where validators leave their attestations for each other: the RPC of any sequencer.
import type { Attestation } from '../../node/attestations/attestation.ts';
import type { Hex } from '../../protocol/hex.ts';
import { createRpcClient } from '../../service/http/client.ts';

export type Relay = {
  readonly url: string;
  post(attestation: Attestation): Promise<void>;
  list(assertion: Hex): Promise<readonly Attestation[]>;
};

const OPTIONS = { timeoutSeconds: 10, attempts: 1, limitBytes: 1024 * 1024 } as const;
const [HASH, SIGNATURE] = [/^0x[0-9a-f]{64}$/, /^0x[0-9a-f]{130}$/];

export function createRelay(url: string): Relay {
  const rpc = createRpcClient(url);
  return {
    url,
    async post({ assertion, commitment, signature }) {
      await rpc('mizu_sendAttestation', [{ assertion, commitment, signature }], OPTIONS);
    },
    // Nobody is believed: what is no attestation is left out here, and whose one is, is told by its signature.
    async list(assertion) {
      const listed = await rpc('mizu_getAttestations', [assertion], OPTIONS);
      return Array.isArray(listed) ? listed.filter((one) => isAttestation(one) && one.assertion === assertion) : [];
    },
  };
}

function isAttestation(value: unknown): value is Attestation {
  const { assertion, commitment, signature } = (value ?? {}) as Record<string, unknown>;
  const isText = (text: unknown, pattern: RegExp) => typeof text === 'string' && pattern.test(text);
  return isText(assertion, HASH) && isText(commitment, HASH) && isText(signature, SIGNATURE);
}
