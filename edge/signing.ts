// docs/edge.md#signing: gateways sign batches, workers sign leases: EIP-712 in the domain of the GatewayRegistry.
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { hashTypedData } from 'viem';
import { publicKeyToAddress } from 'viem/accounts';
import { type Address, bytesToHex, concatBytes, type Hex, hexToBytes } from '../protocol/hex.ts';
import { hashInferenceItems, type InferenceItem } from '../protocol/inference.ts';
import { isSignedByKey } from '../protocol/signature.ts';
import { objectRoot } from '../protocol/tree.ts';
import { type Domain, TYPES } from '../protocol/typed-data.ts';

const WORKER_TYPES = {
  WorkerHello: [
    { name: 'gateway', type: 'address' },
    { name: 'challenge', type: 'bytes32' },
  ],
  LeaseResult: [
    { name: 'gateway', type: 'address' },
    { name: 'lease', type: 'uint64' },
    { name: 'task', type: 'string' },
    { name: 'resultsRoot', type: 'bytes32' },
  ],
} as const;

export type ResultSigner = { readonly address: Address; readonly publicKey: Hex; sign(hash: Hex): Hex };

export function createSigner(privateKey: Hex): ResultSigner {
  const key = hexToBytes(privateKey);
  const publicKey = bytesToHex(secp256k1.getPublicKey(key, false));
  return {
    address: addressOf(publicKey),
    publicKey,
    sign: (hash) => {
      const signature = secp256k1.sign(hexToBytes(hash), key, { prehash: false, format: 'recovered' });
      // noble puts the recovery bit first; docs/messages.md puts v last.
      return bytesToHex(concatBytes([signature.subarray(1), Uint8Array.of(27 + (signature[0] as number))]));
    },
  };
}

/** The address of the key, in lower case. */
export function addressOf(publicKey: Hex): Address {
  return publicKeyToAddress(publicKey).toLowerCase() as Address;
}

export function verifySignature(hash: Hex, signature: Hex, publicKey: Hex): boolean {
  try {
    return isSignedByKey(hexToBytes(hash), hexToBytes(signature), hexToBytes(publicKey));
  } catch {
    return false;
  }
}

/** What a signature is bound to: what a worker signs for one gateway is of no use to another. */
export type SignedFor = { readonly domain: Domain; readonly gateway: Address };

export function hashWorkerHello({ domain, gateway }: SignedFor, challenge: Hex): Hex {
  return hashTypedData({ domain, types: WORKER_TYPES, primaryType: 'WorkerHello', message: { gateway, challenge } });
}

/** `lines` are the lease's rows as canonical result lines, in the lease's order. */
export function hashLeaseResult(
  { domain, gateway }: SignedFor,
  lease: number,
  task: string,
  lines: readonly string[],
): Hex {
  const resultsRoot = objectRoot(new TextEncoder().encode(lines.join('\n')));
  const message = { gateway, lease: BigInt(lease), task, resultsRoot };
  return hashTypedData({ domain, types: WORKER_TYPES, primaryType: 'LeaseResult', message });
}

/** What a gateway signs for a worker of it: wei since ever (docs/messages.md#settle-message). */
export function hashWorkerAccount(
  domain: Domain,
  message: { readonly gateway: Address; readonly worker: Address; readonly total: bigint },
): Hex {
  return hashTypedData({ domain, types: TYPES, primaryType: 'WorkerAccount', message });
}

export function hashInferenceBatch(
  domain: Domain,
  batch: { gateway: Address; nonce: bigint; items: readonly InferenceItem[] },
): Hex {
  const message = { gateway: batch.gateway, nonce: batch.nonce, itemsRoot: hashInferenceItems(batch.items) };
  return hashTypedData({ domain, types: TYPES, primaryType: 'InferenceBatch', message });
}
