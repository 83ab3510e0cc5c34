// docs/errors.md: members of the DA committee, and their clients.
import type { TextsOf } from './text.ts';

export const DA_ERRORS = {
  'da/bad-expiry': {
    means: 'The end of the promise that is asked for is too near or too far.',
    toDo: 'Ask for an expiry within the bounds that the error names, in unix seconds.',
    http: 400,
  },
  'da/bad-proof': {
    means: 'The sequencer has not proven to the member what an account has.',
    cause: 'The sequencer is behind, of another network, or not honest.',
    toDo: "Name another sequencer in `sequencerUrl` of the member's configuration.",
  },
  'da/bad-request': {
    means: 'The request for a certificate cannot be read.',
    toDo: 'Write it as [da.md](da.md#requests) says.',
    http: 400,
  },
  'da/bad-signature': {
    means: 'The request is not signed by its account.',
    cause: 'Another chain id or contract was signed for, or another key.',
    toDo: 'Sign it with the EIP-712 domain of the network’s DACommittee ([requests](da.md#requests)).',
    http: 401,
  },
  'da/bad-until': {
    means: 'The request for a certificate is too old, or dated too far ahead.',
    toDo: 'Check the clock of the machine that signs, and sign again.',
    http: 400,
  },
  'da/batch-forgotten': {
    means: 'A batch is confirmed on L1, and no member gives the bytes that it takes to execute it.',
    cause: 'The members are down, or their promise is over and they have deleted the bytes.',
    toDo:
      'Bring the members up, or copy `objects/` of the data folder of an executor or a validator ' +
      '([forgotten batches](prover.md#forgotten)).',
  },
  'da/member-lies': {
    means: 'A member gave a wrong answer: another object than asked for, or a signature that is not its own.',
    toDo: 'Nothing: the answer is dropped and other members are asked. Tell its operator if it goes on.',
  },
  'da/missing': {
    means: 'A member does not hold all objects that a certificate is asked for.',
    toDo: 'Upload those that the answer names, and ask again. The client does so itself.',
    http: 409,
  },
  'da/no-account': {
    means: 'Storing needs an account that signs.',
    toDo: 'Give a key.',
  },
  'da/no-quorum': {
    means: 'Too few members have signed. The reason of each stands in the error.',
    cause: 'Members are down, full, or refuse this account.',
    toDo: 'Check that the members are up and have room.',
  },
  'da/no-room': {
    means: "The member's disk or capacity is used up, or the part of it that the account's class shares.",
    toDo: 'Its operator gives it more; an account without tokens deposits some ([quotas](da.md#quotas)).',
    http: 507,
  },
  'da/no-standing': {
    means: 'Neither L1 nor the sequencer has told the member in time what the account has.',
    toDo: 'Try again later.',
    http: 503,
  },
  'da/object-missing': {
    means: 'An object that a node needs cannot be read from any member.',
    cause: 'The members are down, or do not keep what they have signed.',
    toDo: 'Check that the members are up. The node tries again, and a validator demands the bytes on L1.',
  },
  'da/other-epoch': {
    means: 'A member signs for another epoch of the committee than the client.',
    cause: 'The committee has just been replaced.',
    toDo: 'Nothing: the client reads the committee again and asks once more.',
  },
  'da/over-quota': {
    means: 'The account would have more kept than its quota.',
    toDo: 'Deposit tokens to the account, stake, or wait until promises end ([quotas](da.md#quotas)).',
    http: 403,
  },
  'da/too-large': {
    means: 'The object is larger than a member takes.',
    toDo: 'Split it into partitions.',
    http: 413,
  },
  'da/too-many': {
    means: 'Too many requests or uploads of this account, this address or all are under way.',
    toDo: 'Try again a little later.',
    http: 429,
  },
  'da/unavailable': {
    means: 'No member, and not the sequencer either, has given the object. The reason of each stands in the error.',
    toDo: 'Check that they are up. If the promise for the object is over, nobody needs to have it any more.',
  },
  'da/unknown-member': {
    means: 'The committee on L1 has a member of which the configuration does not say where it is.',
    toDo: 'Add it to `da.members` in the configuration and start again.',
  },
  'da/unsigned': {
    means: 'Bytes were sent that nobody has asked the member to keep.',
    cause: 'The upload has no `mizu-upload` header, or its id is no longer good.',
    toDo: 'Post the signed request first ([requests](da.md#requests)).',
    http: 401,
  },
  'da/wrong-length': {
    means: 'The upload has another length than the request names.',
    toDo: 'Send the object whole, with its `content-length`.',
    http: 400,
  },
  'da/wrong-root': {
    means: 'The bytes have another root than the path says.',
    toDo: 'Compute the root as [vm.md](vm.md#tree) says.',
    http: 400,
  },
} as const satisfies TextsOf<'da'>;
