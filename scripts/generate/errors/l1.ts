// docs/errors.md: L1 nodes, transactions and the deployment of the contracts.
import type { TextsOf } from './text.ts';

export const L1_ERRORS = {
  'l1/answer-too-large': {
    means: 'The L1 node answers with more bytes than are taken.',
    toDo: 'If this goes on, name another node in `l1Url`.',
  },
  'l1/bad-key': {
    means: 'A private key of the configuration cannot be used.',
    toDo: 'Give 0x and 64 hex digits, between 1 and the order of secp256k1. The key is not shown.',
  },
  'l1/behind': {
    means: 'The L1 node is behind what was read before.',
    cause: 'The node restarts or syncs, or a balancer asks nodes of different heights.',
    toDo: 'Wait. If this goes on, name another node in `l1Url`.',
  },
  'l1/contradiction': {
    means: 'What the L1 node says does not fit together, so it is read again.',
    cause: 'The node leaves events out, or is on another fork.',
    toDo: 'If this goes on, name another node in `l1Url`.',
  },
  'l1/estimate-failed': {
    means: 'The L1 node cannot tell the gas of a transaction.',
    toDo: 'Check that the node is up and the account can pay. The transaction is tried again.',
  },
  'l1/fee-too-high': {
    means: 'The L1 node names a fee above the cap, so nothing is signed.',
    toDo: 'Compare it with another node. If it is the true price, raise `maxFeeGwei` (`--max-fee-gwei`), or wait.',
  },
  'l1/halted': {
    means: 'In a [trial](disputes.md#trial) a transaction uses up all its gas.',
    cause: 'Its gas limit is below what it needs.',
    toDo: 'Compare the gas limit that the error names with the gas of the same call on L1.',
  },
  'l1/nodes-disagree': {
    means: 'The L1 nodes of the configuration name different blocks of one number, so nothing is done.',
    cause: 'One of them is stuck or on another fork.',
    toDo: 'Find out which, and name another one in `l1Url`.',
  },
  'l1/not-mined': {
    means: 'A transaction was not mined, though its fee was raised several times.',
    toDo: 'Check that the L1 makes blocks and that the account can pay.',
  },
  'l1/other-chain': {
    means: 'The L1 nodes of the configuration are of different chains, or not of the one that is meant.',
    toDo: 'Name nodes of one chain.',
  },
  'l1/reorganised': {
    means: 'L1 has taken blocks back while they were read.',
    toDo: 'Nothing: what was derived from them is taken back, and the node goes on.',
  },
  'l1/reverted': {
    means: 'A contract refuses the call. The error names the reason, one of the [contract errors](#contracts-errors).',
    toDo: 'Look the reason up below. A reverted transaction has cost its gas; one that was only estimated, nothing.',
  },
  'l1/send-failed': {
    means: 'The L1 node does not take a transaction.',
    cause: 'The account has no ether for gas.',
    toDo: 'Give the account ether.',
  },
  'l1/too-deep': {
    means: 'The L1 node has another chain than the one that was read, further back than can be undone.',
    cause: 'The address is that of another network, such as a devnet that was started anew.',
    toDo: 'If the node is right, move the data folder away and start again: it is rebuilt from L1 and DA.',
  },
  'l1/transaction-refused': {
    means:
      'In a [trial](disputes.md#trial) a transaction breaks a rule that every block of L1 keeps, so nobody pays for it.',
    cause: 'Its gas limit is above 16,777,216 or above the block’s, or below what its calldata costs.',
    toDo: 'The error names the rule. Send less in one transaction.',
  },
  'l1/unreachable': {
    means: 'The L1 does not answer.',
    toDo: 'Check the URL and that the node is up.',
  },
  'contracts/deployment-failed': {
    means: 'The transaction that deploys a contract was reverted.',
    cause: 'The times of the configuration contradict each other ([timing](contracts.md#timing)).',
    toDo: 'Correct them as the hint says.',
  },
  'contracts/no-eigenlayer': {
    means: 'EigenLayer does not answer at the addresses of the configuration of the deployment.',
    toDo: 'Correct the addresses of `eigenLayer`; they are those of one L1.',
  },
  'contracts/powers-shared': {
    means: 'One account would hold several powers of the network.',
    toDo: 'Give each power a key of its own, or set `sharedPowers` in the configuration of the deployment.',
  },
  'contracts/setting-out-of-range': {
    means: 'No network works with a setting of the deployment.',
    toDo: 'Choose a value within the bounds that the error names.',
  },
  'contracts/setup-failed': {
    means: 'A transaction that sets the network up was reverted.',
    toDo: 'Run the command with the accounts that the deployment has given each power to.',
  },
} as const satisfies TextsOf<'l1' | 'contracts'>;
