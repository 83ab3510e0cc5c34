// docs/da.md#requests: what an account asks a member to keep, in its own name.
import { hashTypedData } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { hashObjects, totalLength } from '../protocol/certificate.ts';
import { MizuError } from '../protocol/errors.ts';
import { type Address, concatBytes, type Hex, hexToBytes } from '../protocol/hex.ts';
import { recoverSigner } from '../protocol/signature.ts';
import { keccakHex, type ObjectRef } from '../protocol/tree.ts';
import { type Domain, TYPES } from '../protocol/typed-data.ts';

export type StorageRequest = {
  readonly account: Address;
  readonly objects: readonly ObjectRef[];
  readonly expiry: bigint;
  /** Unix seconds until which the request may be made. */
  readonly until: bigint;
};

export type SignedRequest = StorageRequest & { readonly signature: Hex };

/** Who pays for what a client stores: a viem account, or the SDK's signer. */
export type DaAccount = {
  readonly address: Address;
  signTypedData(data: ReturnType<typeof typedRequest>): Promise<Hex>;
};

/** A request may be made for so long after it was signed. */
export const REQUEST_SECONDS = 600;
/** And be dated so far ahead: clocks differ. */
const MAX_AHEAD_SECONDS = 3_600;

export function accountOf(key: Hex): DaAccount {
  const account = privateKeyToAccount(key);
  return { address: account.address, signTypedData: (data) => account.signTypedData(data) };
}

export async function signRequest(
  account: DaAccount,
  domain: Domain,
  objects: readonly ObjectRef[],
  expiry: bigint,
): Promise<SignedRequest> {
  const until = BigInt(Math.floor(Date.now() / 1000) + REQUEST_SECONDS);
  const request = { account: account.address.toLowerCase() as Address, objects, expiry, until };
  return { ...request, signature: await account.signTypedData(typedRequest(domain, request)) };
}

/** @throws MizuError `da/bad-signature`, `da/bad-until` */
export type SignatureCheck = (request: SignedRequest, nowSeconds: number) => void;

/** Of signatures that were found good the last so many are known: a request comes again when what was missing has been sent. */
const KNOWN_MAX = 1_024;

export function createSignatureCheck(domain: Domain): SignatureCheck {
  const known = new Set<Hex>();
  return (request, nowSeconds) => {
    const ahead = Number(request.until) - nowSeconds;
    if (ahead < 0 || ahead > MAX_AHEAD_SECONDS) throw badUntil(nowSeconds, request.until);
    const digest = hexToBytes(hashTypedData(typedRequest(domain, request)));
    const signature = hexToBytes(request.signature);
    // All that the verdict depends on.
    const name = keccakHex(concatBytes([digest, hexToBytes(request.account), signature]));
    if (known.has(name)) return;
    const signer = recoverSigner(digest, signature);
    if (signer !== request.account) throw badSignature(request.account, signer);
    known.add(name);
    const oldest = known.values().next().value;
    if (known.size > KNOWN_MAX && oldest !== undefined) known.delete(oldest);
  };
}

function typedRequest(domain: Domain, { account, objects, expiry, until }: StorageRequest) {
  const message = { account, objectsHash: hashObjects(objects), totalLength: totalLength(objects), expiry, until };
  const types = { StorageRequest: TYPES.StorageRequest };
  return { domain, types, primaryType: 'StorageRequest' as const, message };
}

function badSignature(expected: Address, actual: Address | undefined): MizuError {
  return new MizuError({
    code: 'da/bad-signature',
    message: 'The request is not signed by its account.',
    expected: `a StorageRequest signed by ${expected}: 65 bytes, v 27 or 28, low s`,
    actual: actual === undefined ? 'no signature' : `one of ${actual}`,
    hint: 'Sign it with the EIP-712 domain of this network’s DACommittee: docs/da.md#requests.',
  });
}

function badUntil(nowSeconds: number, until: bigint): MizuError {
  return new MizuError({
    code: 'da/bad-until',
    message: 'The request is too old, or dated too far ahead.',
    expected: `until: ${nowSeconds} to ${nowSeconds + MAX_AHEAD_SECONDS}`,
    actual: String(until),
    hint: 'Check the clock of the machine that signed, and sign again.',
  });
}
