// docs/errors.md: what the sequencer refuses, and encodings that are malformed.
import type { TextsOf } from './text.ts';

export const SEQUENCER_ERRORS = {
  'attestation/busy': {
    means: 'The sequencer looks up as many stakes as it does at one time.',
    toDo: 'Send the attestation again. A validator does so itself.',
    rpc: true,
  },
  'attestation/full': {
    means: 'There is no room for the attestation at this sequencer.',
    toDo: 'Record it on L1 ([record](attestations.md#record)), or name another relay.',
    rpc: true,
  },
  'attestation/not-pending': {
    means: 'An attestation is about an assertion that L1 has decided, or that the sequencer does not know yet.',
    toDo: 'Nothing, if it is decided. A new one is known with its block.',
    rpc: true,
  },
  'attestation/not-validator': {
    means: 'An attestation is not signed by an account that was staked as a validator when the assertion was made.',
    cause: 'The account has staked later, or another chain, contract or field was signed than was sent.',
    toDo: 'Check the signed fields ([signing](attestations.md#signing)). The stake counts for later assertions.',
    rpc: true,
  },
  'message/bad-certificate': {
    means: 'The DA certificate of a message does not hold.',
    cause: 'It is of another epoch of the committee, has too few signers, or covers other objects.',
    toDo: 'Store the objects again and use the new certificate. The client does so itself.',
    rpc: true,
  },
  'message/bad-signature': {
    means: "The signature of a message is not its sender's.",
    cause: 'Another chain id, contract or field was signed than was sent.',
    toDo: 'Check every signed field ([domains](messages.md#domains)).',
    rpc: true,
  },
  'message/balance-too-low': {
    means: 'The account cannot pay for this message and those that are queued before it.',
    toDo: 'Deposit on L1. The balance appears when the deposit is in a batch.',
    rpc: true,
  },
  'message/deadline-passed': {
    means: 'The deadline of a Run message has passed.',
    cause: 'The deadline was given in milliseconds or as a duration.',
    toDo: 'Give unix seconds.',
    rpc: true,
  },
  'message/gas-price-too-low': {
    means: 'A message offers less for gas than the network takes. It has cost nothing.',
    cause: 'L1 has raised the minimum since the message was signed, perhaps while it waited.',
    toDo: 'Sign it again with at least the minimum that the error names ([the price of gas](kernel.md#gas-price)).',
    rpc: true,
  },
  'message/gateway-inactive': {
    means: 'The gateway that signs a message is not registered.',
    toDo: 'Stake and join on L1. The sequencer takes the change in with the next batch.',
    rpc: true,
  },
  'message/kind-not-taken': {
    means: 'The sequencer makes messages of this kind itself, or they come from L1.',
    toDo: 'Send one of the kinds that the error names.',
    rpc: true,
  },
  'message/max-fee-too-low': {
    means: 'A deployment costs more than its sender allows.',
    toDo: 'Sign it again with a higher `maxFee`.',
    rpc: true,
  },
  'message/network-ended': {
    means: 'L1 has ended the network, so no message has an effect any more.',
    toDo: 'Leave with what is yours: `npx mizu escape --help`, [escape](sdk.md#escape).',
    rpc: true,
  },
  'message/no-item-fits': {
    means: "None of a gateway's results would be taken, and its account could not pay for that.",
    cause: 'The runs have ended, or the results cost more than they pay.',
    toDo: 'Nothing: the gateway drops the batch. Keep a balance on its account.',
    rpc: true,
  },
  'message/nonce-gap': {
    means: 'Messages of the account before this one are missing.',
    toDo: 'Send the messages of one account in the order of their nonces.',
    rpc: true,
  },
  'message/nonce-used': {
    means: 'Another message of the account has used the nonce.',
    toDo: 'Sign again with `nextNonce` of `mizu_getAccount`.',
    rpc: true,
  },
  'message/not-expirable': {
    means: 'A run cannot be expired: it is not running, or its deadline has not passed.',
    toDo: 'Wait for the deadline that the error names.',
    rpc: true,
  },
  'message/nothing-to-settle': {
    means: 'A worker would be paid nothing of its account with a gateway.',
    cause: "All that the gateway has signed is settled or waits to be, or the gateway's account has nothing.",
    toDo: 'Settle again when the gateway has signed a higher total, or when its account has been paid.',
    rpc: true,
  },
  'message/partition-too-large': {
    means: 'A partition of the input of a run is too large.',
    toDo: 'Cut the input into more partitions.',
    rpc: true,
  },
  'message/reordered': {
    means:
      'The message was admitted, then L1 changed the order of messages, or one before it was refused: its nonce does not fit.',
    toDo: 'Sign it again with the nonce that the error names.',
    rpc: true,
  },
  'message/too-large': {
    means: 'A message has more than 256 KiB.',
    toDo: 'Name fewer objects or partitions in one message.',
    rpc: true,
  },
  'message/void': {
    means:
      'The message was executed, then L1 made its batch [void](operations.md#sequencer-void). It has had no effect.',
    toDo: 'Send the same bytes again if you still want it and its nonce is still the next one.',
    rpc: true,
  },
  'message/workflow-expired': {
    means: 'The programs of the workflow are not promised for long enough.',
    toDo: 'Deploy the workflow again, which renews the promise.',
    rpc: true,
  },
  'message/workflow-unknown': {
    means: 'No such workflow is deployed, nor is its Deploy message queued.',
    toDo: 'Deploy it first: `npx mizu deploy WORKFLOW.ts`.',
    rpc: true,
  },
  'limit/answer': {
    means: 'The answers of a batch of calls are longer than 8 MiB together.',
    toDo: 'Send fewer calls in one batch, or ask for shorter lists.',
    rpc: true,
  },
  'limit/queue-full': {
    means: 'The sequencer has too many messages waiting.',
    toDo: 'Send it again later.',
    rpc: true,
  },
  'limit/streams': {
    means: 'Too many event streams are open, of this address or of all.',
    toDo: 'Close one that is not read, or share one between the pages of a browser.',
    http: 503,
  },
  'run/too-many-objects': {
    means: 'A run has more objects than one Renew message can name.',
    toDo: 'Start the run again before its promise ends; it cannot be renewed.',
    rpc: true,
  },
  'proof/state-unknown': {
    means: 'The state of which a proof is asked for is not known.',
    toDo: 'Name the state root of the head, of a step or of an assertion.',
    rpc: true,
  },
  'objects/bad-root': {
    means: 'The path names no object.',
    toDo: 'Write 0x and 64 hex digits in lower case.',
    http: 400,
  },
  'objects/not-found': {
    means: 'The object is not here.',
    toDo: 'Ask a member of the DA committee.',
    http: 404,
  },
  'objects/too-many': {
    means: 'Too many objects are being fetched from DA, for this address or for all.',
    toDo: 'Ask a member of the DA committee, or try again a little later.',
    http: 429,
  },
  'datasets/bad-path': {
    means: 'The path names no dataset.',
    toDo: 'Write `/datasets/RUN/NAME.jsonl`, RUN as 0x and 64 hex digits in lower case.',
    http: 400,
  },
  'datasets/not-found': {
    means: 'There is no such dataset: the run is unknown or not done, or has no such part.',
    toDo: 'Look at the run with `mizu_getRun` ([rpc.md](rpc.md)).',
    http: 404,
  },
  'events/bad-after': {
    means: '`after` of an event stream is not a step.',
    toDo: 'Give the number of the last step seen, or 0.',
    http: 400,
  },
  'sequencer/not-staked': {
    means: 'The account of the sequencer is not staked.',
    toDo: 'Stake for the role first, or use the key of the staked account.',
  },
  'sequencer/other-genesis': {
    means: "The genesis in the sequencer's configuration is not that of the network.",
    toDo: 'Take gas price, committee, models and gateways as they were when the contracts were deployed.',
  },
  'sequencer/other-kernel': {
    means: 'The sequencer has another kernel than the network.',
    toDo: 'Check out the version that the network runs, and build the kernel again.',
  },
  'protocol/malformed': {
    means: 'Bytes are not what their place says: a message, a record of the state, a header or a result.',
    cause: 'They were encoded by other code, or cut off.',
    toDo: 'Compare them with [messages.md](messages.md); the error names the field.',
    rpc: true,
  },
  'protocol/object-too-large': {
    means: 'An object has more bytes than any object may have.',
    toDo: 'Split it into partitions.',
  },
} as const satisfies TextsOf<
  'attestation' | 'message' | 'limit' | 'run' | 'proof' | 'objects' | 'datasets' | 'events' | 'sequencer' | 'protocol'
>;
