// docs/messages.md#certificate: checks that the DA committee has stored these objects.

import { daDomain, retention } from './config';
import { timestamp } from './context';
import {
  MAX_COMMITTEE,
  MAX_RETENTION_SECONDS,
  TABLE_COMMITTEE,
  TABLE_FORMER_COMMITTEE,
  TYPE_CERTIFICATE,
} from './generated/constants';
import { tableKey } from './keys';
import { be64, equal, isZero } from './memory';
import { keccak } from './keccak';
import { refuseBound, refuseNumber } from './refusal';
import { position, readBytes, readList, readNested, readU64 } from './rlp';
import { addU64, addWord, beginStruct, digest, recover, SIGNATURE_BYTES } from './signature';
import { get } from './trie';

const FIXED_BYTES: u32 = 24;
/** Bytes of an object in the list: objectRoot 32 ‖ length u64. */
export const OBJECT_BYTES: u32 = 40;

const objectsHash = memory.data(32, 8);

/** Expiry of the certificate that was checked last, unix seconds. */
export let certifiedUntil: u64 = 0;

/** `objects` are `count` times objectRoot 32 ‖ length u64. If the certificate is not good, the refusal says why. */
export function isCertified(objects: usize, count: u32, certificate: usize, size: u32): bool {
  if (size < FIXED_BYTES) return refuseBound('certificate', 'bytes of at least ', FIXED_BYTES, size);
  const epoch = be64(certificate);
  const expiry = be64(certificate + 8);
  const signers = be64(certificate + 16);
  const expectedSize = FIXED_BYTES + <u32>popcnt<u64>(signers) * SIGNATURE_BYTES;
  if (size != expectedSize) return refuseBound('certificate', 'bytes of ', expectedSize, size);
  // Bytes that are promised for less time would be forgotten before anybody could judge a step that needs them.
  if (expiry < timestamp + retention()) {
    return refuseBound('certificate expiry', 'at least ', timestamp + retention(), expiry);
  }
  if (expiry > timestamp + MAX_RETENTION_SECONDS) {
    return refuseBound('certificate expiry', 'at most ', timestamp + MAX_RETENTION_SECONDS, expiry);
  }
  certifiedUntil = expiry;
  if (!openCommittee(epoch)) return false;
  const threshold = readU64();
  if (popcnt<u64>(signers) < threshold) {
    return refuseBound('certificate signers', 'at least ', threshold, popcnt<u64>(signers));
  }
  keccak(objects, count * OBJECT_BYTES, objectsHash);
  beginStruct(TYPE_CERTIFICATE);
  addU64(epoch);
  addWord(objectsHash);
  addU64(totalLength(objects, count));
  addU64(expiry);
  return areSigned(digest(daDomain()), signers, certificate + FIXED_BYTES);
}

/**
 * Opens the committee of the epoch, or the one before it while its certificates are good; the reader then stands at its
 * threshold.
 */
function openCommittee(epoch: u64): bool {
  readList(get(tableKey(TABLE_COMMITTEE)));
  const current = readU64();
  if (epoch == current) return true;
  const former = get(tableKey(TABLE_FORMER_COMMITTEE));
  if (former != 0) {
    readList(former);
    const until = readU64();
    if (readU64() == epoch && timestamp <= until) return true;
  }
  return refuseBound('certificate epoch', '', current, epoch);
}

/** The reader's cursor stands before the committee's members. */
function areSigned(hash: usize, signers: u64, signature: usize): bool {
  const end = readNested();
  let members: u64 = 0;
  for (let rest = signers; rest != 0; members++) {
    const member = members < MAX_COMMITTEE ? nextMember(end) : 0;
    if (member == 0) return refuseBound('certificate signers', 'bits below ', members, members + ctz<u64>(rest));
    if (rest & 1) {
      const signer = recover(hash, signature);
      if (!equal(signer, member, 20) || isZero(member, 20)) {
        return refuseNumber('certificate signature', 'to be of the member it is for', members);
      }
      signature += SIGNATURE_BYTES;
    }
    rest >>= 1;
  }
  return true;
}

/** The result is 0 after the last member. */
function nextMember(end: usize): usize {
  return position() < end ? readBytes() : 0;
}

/** The sum wraps at 2^64; no committee signs such a total. */
export function totalLength(objects: usize, count: u32): u64 {
  let total: u64 = 0;
  for (let i: u32 = 0; i < count; i++) total += be64(objects + i * OBJECT_BYTES + 32);
  return total;
}
