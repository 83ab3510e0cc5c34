// docs/messages.md#domains: every EIP-712 type that is signed in MIZU, in viem's form.

import { DOMAIN_NAME, DOMAIN_VERSION } from './constants.ts';
import type { Address } from './hex.ts';

export type Domain = {
  readonly name: string;
  readonly version: string;
  readonly chainId: number;
  readonly verifyingContract: Address;
};

/**
 * `verifyingContract` is the Inbox for user messages and sequencers' promises, the DACommittee for certificates and
 * storage requests, the GatewayRegistry for inference batches, Attestations for attestations, and Audits for canaries.
 */
export function createDomain(chainId: number, verifyingContract: Address): Domain {
  return { name: DOMAIN_NAME, version: DOMAIN_VERSION, chainId, verifyingContract };
}

export const TYPES = {
  Deploy: [
    { name: 'sender', type: 'address' },
    { name: 'nonce', type: 'uint64' },
    { name: 'gasPrice', type: 'uint256' },
    { name: 'maxFee', type: 'uint256' },
    { name: 'definition', type: 'bytes' },
  ],
  Run: [
    { name: 'sender', type: 'address' },
    { name: 'nonce', type: 'uint64' },
    { name: 'gasPrice', type: 'uint256' },
    { name: 'workflow', type: 'bytes32' },
    { name: 'maxCost', type: 'uint256' },
    { name: 'maxItemCost', type: 'uint256' },
    { name: 'maxInferenceCost', type: 'uint256' },
    { name: 'taskGasLimit', type: 'uint64' },
    { name: 'deadline', type: 'uint64' },
    { name: 'gateways', type: 'bytes' },
    { name: 'inputs', type: 'bytes' },
  ],
  Cancel: [
    { name: 'sender', type: 'address' },
    { name: 'nonce', type: 'uint64' },
    { name: 'gasPrice', type: 'uint256' },
    { name: 'run', type: 'bytes32' },
  ],
  Withdraw: [
    { name: 'sender', type: 'address' },
    { name: 'nonce', type: 'uint64' },
    { name: 'gasPrice', type: 'uint256' },
    { name: 'recipient', type: 'address' },
    { name: 'amount', type: 'uint256' },
  ],
  Renew: [
    { name: 'sender', type: 'address' },
    { name: 'nonce', type: 'uint64' },
    { name: 'gasPrice', type: 'uint256' },
    { name: 'run', type: 'bytes32' },
    { name: 'objects', type: 'bytes' },
  ],
  Settle: [
    { name: 'sender', type: 'address' },
    { name: 'nonce', type: 'uint64' },
    { name: 'gasPrice', type: 'uint256' },
    { name: 'gateway', type: 'address' },
    { name: 'worker', type: 'address' },
    { name: 'total', type: 'uint256' },
    { name: 'accountSignature', type: 'bytes' },
  ],
  Certificate: [
    { name: 'epoch', type: 'uint64' },
    { name: 'objectsHash', type: 'bytes32' },
    { name: 'totalLength', type: 'uint64' },
    { name: 'expiry', type: 'uint64' },
  ],
  StorageRequest: [
    { name: 'account', type: 'address' },
    { name: 'objectsHash', type: 'bytes32' },
    { name: 'totalLength', type: 'uint64' },
    { name: 'expiry', type: 'uint64' },
    { name: 'until', type: 'uint64' },
  ],
  InferenceBatch: [
    { name: 'gateway', type: 'address' },
    { name: 'nonce', type: 'uint64' },
    { name: 'itemsRoot', type: 'bytes32' },
  ],
  WorkerAccount: [
    { name: 'gateway', type: 'address' },
    { name: 'worker', type: 'address' },
    { name: 'total', type: 'uint256' },
  ],
  Promise: [
    { name: 'batch', type: 'uint64' },
    { name: 'message', type: 'uint32' },
    { name: 'messageHash', type: 'bytes32' },
  ],
  Attestation: [
    { name: 'assertion', type: 'bytes32' },
    { name: 'commitment', type: 'bytes32' },
  ],
} as const;

/** Of the contract Audits. Apart from the others, whose texts stand in the kernel: it never sees this one. */
export const CANARY_TYPES = { Canary: [{ name: 'commitment', type: 'bytes32' }] } as const;
