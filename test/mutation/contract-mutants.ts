// Lines of the contracts that hold offices, stakes and bonds, broken one at a time; the forge tests of the contract must notice it.
import type { Mutant } from './mutant.ts';

function inContract(name: string, tests: readonly string[], changes: readonly (readonly [string, string])[]): Mutant[] {
  return changes.map(([text, replacement]) => ({
    file: `contracts/src/${name}.sol`,
    text,
    replacement,
    checks: tests.map((test) => `forge:${test}` as const),
  }));
}

export const CONTRACT_MUTANTS: readonly Mutant[] = [
  ...inContract(
    'Questions',
    ['Questions'],
    [
      ['require(settings.openSeconds >= least,', 'require(settings.openSeconds > 0,'],
      ['+ timing.window + clocks + timing.grace;', '+ timing.window + clocks;'],
      ['require(block.timestamp < deadline, TooLateToAsk', 'require(block.timestamp <= deadline, TooLateToAsk'],
      ['require(attestations.hasAttested(assertion, attester),', 'require(attester != address(0),'],
      ['require(isDrawn(assertion, attester),', 'require(isDrawn(assertion, attester) || true,'],
      ['require(signer == attester,', 'require(signer != address(0),'],
      ['        _requireStatus(id, QuestionStatus.NONE);', ''],
      ['        _requireStands(question.assertion);', ''],
      ['blockhash(recordedBlock + 1);', 'blockhash(recordedBlock);'],
      ['return asked.status == Assertions.Status.CONFIRMED ||', 'return'],
    ],
  ),
  ...inContract(
    'Samples',
    ['Samples', 'Questions'],
    [
      ['require(block.timestamp < deadline, ChallengeTooLate', 'require(block.timestamp > 0, ChallengeTooLate'],
      ['        _requireStands(opening.question.assertion);', ''],
      ['require(commitment == question.commitment,', 'require(commitment != 0,'],
      ['require(root == stepRoot,', 'require(root != 0,'],
      ['if (place < position)', 'if (place <= position)'],
      ['else require(proof.length == 0, NothingToProve', 'else require(proof.length < 65, NothingToProve'],
      ['require(end != segment.end,', 'require(end != 0,'],
      ['        _requireStatus(questionIdOf(key.question), QuestionStatus.OPENED);', ''],
      ['require(refuted || !stands(key.question.assertion),', 'require(true,'],
      ['            _set(question, QuestionStatus.REFUTED);', ''],
    ],
  ),
  ...inContract(
    'Exposure',
    ['StakeManager', 'GatewayRegistry'],
    [
      ['require(powerOf[msg.sender][role] >= power,', 'require(powerOf[msg.sender][role] >= Power.LOCK,'],
      ['lockedBy[msg.sender][account][role] = own - amount;', 'lockedBy[msg.sender][account][role] = own;'],
      ['require(gasleft() >= GAS_BEFORE_HOOK,', 'require(gasleft() >= 100_000,'],
    ],
  ),
  ...inContract(
    'StakeManager',
    ['StakeManager', 'GatewayRegistry'],
    [['if (_own[account][role] < minimumOf(role)) _tell', 'if (_own[account][role] == 0) _tell']],
  ),
  ...inContract(
    'StakeManager',
    ['DelegationPool'],
    [
      ['Math.min(pool.active(), own * DELEGATION_CAP)', 'pool.active()'],
      ['slashed += pool.slash(amount - slashed);', 'pool.slash(amount - slashed);'],
      ['            from += _timing.unbonding;', ''],
      ['Math.saturatingSub(_own[msg.sender][role], lockedOf[msg.sender][role]);', '_own[msg.sender][role];'],
      ['kept = BASIS_POINTS - commissionOf[account][role].current;', 'kept = BASIS_POINTS;'],
    ],
  ),
  ...inContract(
    'DelegationPool',
    ['DelegationPool'],
    [
      ['if (entry.releaseTime > block.timestamp) queue', 'if (entry.releaseTime >= block.timestamp) queue'],
      ['else if (entry.era == _era) shares', 'else shares'],
      ['fromUnbonding = Math.mulDiv(slashed, unbonding, all);', 'fromUnbonding = 0;'],
      ['return active + stakes.pendingYieldOf(operator, role);', 'return active;'],
      ['        if (totalSupply() > assets * MAX_DILUTION) return 0;', ''],
    ],
  ),
  ...inContract('Yield', ['invariant/Stakes'], [['        unsettledOf[role] -= amount;', '']]),
  ...inContract(
    'DACommittee',
    ['DACommittee'],
    [
      ['epoch == 0 ? block.timestamp : block.timestamp + delaySeconds', 'block.timestamp'],
      ['threshold_ > count / 2 &&', 'threshold_ > 0 &&'],
      ['certificate.epoch + 1 == epoch && block.timestamp < previousUntil;', 'certificate.epoch + 1 == epoch;'],
      ['toUint64(previousUntil + Constants.MAX_RETENTION_SECONDS)', 'toUint64(previousUntil)'],
      ['require(certificate.expiry <= latest,', 'require(certificate.expiry <= latest + 1,'],
      ['_serves(member) ? type(uint64).max : promisedUntil[member]', 'promisedUntil[member]'],
    ],
  ),
  ...inContract(
    'GatewayRegistry',
    ['GatewayRegistry'],
    [
      ['toUint64(block.timestamp + contestSeconds)', 'toUint64(block.timestamp)'],
      ['isGateway[gateway] ? type(uint64).max : lockedUntil[gateway]', 'lockedUntil[gateway]'],
      ['if (role == Role.GATEWAY && isGateway[account])', 'if (role == Role.VALIDATOR && isGateway[account])'],
    ],
  ),
  ...inContract(
    'DAChallenges',
    ['DAChallenges'],
    [
      ['require(piece < pieces, PieceOutOfRange(pieces, piece));', ''],
      ['require(certificate.epoch > 0 && certificate.epoch <= last,', 'require(certificate.epoch > 0,'],
      ['require(certificate.expiry >= deadline,', 'require(certificate.expiry >= block.timestamp,'],
      ['if (open > 0) token.burn(bond * open);', ''],
      ['require(block.timestamp >= asked.deadline,', 'require(block.timestamp > 0,'],
      ['if (isSlashedFor[member][root]) return true;', ''],
      ['if (slashed == 0) return false;', ''],
      ['if (left & signers & bit != 0 &&', 'if (signers & bit != 0 &&'],
      ['            if (!isAnswerable(answer.id)) continue;', ''],
    ],
  ),
  ...inContract('DAChallenges', ['invariant/DAChallenges'], [['        _credit(asked.challenger, bond - award);', '']]),
  ...inContract(
    'GatewayPromises',
    ['GatewayPromises'],
    [
      ['require(firstRoot != secondRoot, ItemsAreEqual(firstRoot));', ''],
      ['_requireSigned(gateway, nonce, secondRoot, secondSignature);', ''],
      ['require(!isSettled[gateway][nonce], NonceSettled(gateway, nonce));', ''],
      ['require(slashed > 0, NothingAtStake(gateway));', 'slashed;'],
    ],
  ),
  ...inContract(
    'SequencerTurns',
    ['SequencerTurns'],
    [
      ['if (_keptSlot == slot + 1) return (slot + 1) * slotSeconds;', ''],
      ['return slot * slotSeconds + (slotSeconds + 1) / 2;', 'return slot * slotSeconds;'],
      ['_anyoneCanPost(round) ? round + DELAY_ROUNDS : round;', '_anyoneCanPost(round) ? round + 1 : round;'],
      ['.untilRound) + contestSeconds;', '.untilRound);'],
    ],
  ),
  ...inContract(
    'Inbox',
    ['Inbox', 'SequencerTurns'],
    [
      ['        _requireOpen();', ''],
      ['upTo - from >= Constants.MAX_DELAYED_DUE', 'upTo - from > Constants.MAX_DELAYED_DUE'],
      ['require(objectLength > 0, MessagesWithoutObject', 'require(objectRoot != 0, MessagesWithoutObject'],
    ],
  ),
  ...inContract(
    'SequencerPromises',
    ['SequencerPromises'],
    [
      ['require(poster == signer,', 'require(poster != address(0),'],
      ['require(batch.objectLength > 0,', 'require(batch.objectRoot != 0,'],
      ['require(message.root != promised.messageHash,', 'require(message.root != 0,'],
      ['require(!isSettled[signer][digest],', 'require(digest != 0,'],
      ['first.messageHash != second.messageHash', 'first.messageHash != 0'],
    ],
  ),
  ...inContract(
    'Demands',
    ['DemandFloods', 'Demands', 'DemandNodes'],
    [
      ['return bond * (open + 1);', 'return bond + 0 * open;'],
      ['demandSeconds + demandSeconds * open / ANSWERS,', 'demandSeconds + 0 * open,'],
      ['open / ANSWERS, STRETCH * demandSeconds)', 'open / ANSWERS, 2 * STRETCH * demandSeconds)'],
      ['openOf[asserter] -= 1;', ''],
      ['        _release(demand.assertion);', ''],
      ['if (refunded) _release(assertion);', 'if (refunded) demand.status = status;'],
      ['openOf[rollup.asserterOf(assertion)] -= open;', 'openOf[rollup.asserterOf(assertion)] -= 1;'],
      ['            token.burn(surcharge);', ''],
      ['_award(bond, asserter,', '_award(demand.left, asserter,'],
      ['demand.left = uint96(bond - award);', 'demand.left -= uint96(award);'],
      ['rollup.windowEndOf(assertion);', 'rollup.deadlineOf(assertion);'],
      ['MAX_CHAIN * (STRETCH + 1)', 'MAX_CHAIN * STRETCH'],
      ['mstore(0x40, free)', 'pop(free)'],
      ['CallLength.ofWords(words)) + LOCKING_GAS', 'CallLength.ofWords(words))'],
      ['require(demandSeconds_ > 0,', 'require(demandSeconds_ >= 0,'],
    ],
  ),
  ...inContract(
    'dispute/Ledger',
    ['lib/Settings'],
    [
      ['        requireAtMost(cap, settings.bond);', ''],
      ['        requireAtMost(cap, settings.gasPrice);', ''],
      ['        requireAtMost(Constants.MAX_MARGIN, settings.margin);', ''],
    ],
  ),
  ...inContract(
    'Exposure',
    ['lib/Settings'],
    [['            requireAtMost(cap, minimums[i]);', '            requireAtMost(cap, minimums[0]);']],
  ),
  ...inContract('Rollup', ['lib/Settings'], [['        requireAtMost(stakes_.token().cap(), settings.bond);', '']]),
  ...inContract(
    'GasPrices',
    ['GasPrices'],
    [
      ['require(block.timestamp >= from, ChangedTooSoon', 'require(true, ChangedTooSoon'],
      ['require(price_ >= least && price_ <= most,', 'require(price_ <= most,'],
      ['require(price_ >= least && price_ <= most,', 'require(price_ >= least,'],
      ['        if (most > highest) most = highest;', ''],
      ['        changedAt = block.timestamp;\n        emit', '        emit'],
      ['        queue.pushGasPrice(price_);', ''],
    ],
  ),
  ...inContract(
    'GatewayRegistry',
    ['GasPrices'],
    [['require(msg.sender == gasPrices,', 'require(msg.sender != address(0),']],
  ),
  ...inContract('MizuToken', ['MizuToken'], [['requireAtMost(Constants.MAX_SUPPLY, cap);', '']]),
  ...inContract(
    'dispute/Ledger',
    ['dispute/Awards'],
    [
      ['gasleft() + CALLDATA_GAS * callBytes;', 'gasleft() + CALLDATA_GAS * msg.data.length;'],
      ['CALLDATA_FLOOR_GAS * callBytes)', 'CALLDATA_FLOOR_GAS * msg.data.length)'],
    ],
  ),
  ...inContract(
    'dispute/CallLength',
    ['dispute/CallLength'],
    [
      ['ofWords(4 + LIST_WORDS)', 'ofWords(3 + LIST_WORDS)'],
      ['(data.length + WORD - 1) / WORD * WORD;', 'data.length;'],
    ],
  ),
  ...inContract(
    'dispute/Message',
    ['dispute/KernelStart'],
    [
      ['        _requireLast(proof, last);', ''],
      ['            _requireLast(proof, Part.NONE);', ''],
      ['proof.tail.leaf.length + proof.tail.path.length > 0', 'proof.tail.leaf.length > 0'],
      [' || length * count > Constants.MAX_SEQUENCED_BYTES', ''],
      ['length * count > Constants', 'length * count >= Constants'],
      [
        'sequenced(batch, cursor.message - delayed, batch.messageCount - delayed, proof)',
        'sequenced(batch, cursor.message - delayed, batch.messageCount, proof)',
      ],
    ],
  ),
  ...inContract(
    'ConfirmationPause',
    ['ConfirmationPause'],
    [
      ['uint256(pausedUntil) + contestSeconds;', 'uint256(pausedUntil);'],
      ['uint256(pausedSince) + maxPause;', 'block.timestamp + maxPause;'],
      ['deadline > pausedSince && pausedUntil > deadline', 'pausedUntil > deadline'],
      ['until < block.timestamp ? block.timestamp : until', 'until'],
    ],
  ),
  ...inContract(
    'PromisedBatches',
    ['PromisedBatches'],
    [
      ['require(expiry >= least,', 'require(expiry >= least - 1,'],
      ['require(end - first <= MAX_BATCHES,', 'require(end - first <= MAX_BATCHES + 1,'],
    ],
  ),
  ...inContract(
    'LiveChildren',
    ['LiveChildren'],
    [
      ['if (later == NONE) _links[parent].lastChild = earlier;', 'if (later == NONE) _links[parent].lastChild = NONE;'],
      ['else _links[later].earlierSibling = earlier;', 'else _links[later].earlierSibling = id;'],
    ],
  ),
  ...inContract(
    'ExecutorRotation',
    ['ExecutorRotation'],
    [
      ['uint256 fromRound = round + DELAY_ROUNDS;', 'uint256 fromRound = round;'],
      ['return place.untilRound + KEPT_ROUNDS <= round;', 'return place.untilRound <= round;'],
    ],
  ),
  ...inContract(
    'RoundPlaces',
    ['SequencerTurns', 'ExecutorRotation'],
    [
      ['toUint48(_roundOf(block.timestamp) + DELAY_ROUNDS);', 'toUint48(_roundOf(block.timestamp) + 1);'],
      ['place.fromRound > round || round >= place.untilRound', 'round >= place.untilRound'],
      ['place.fromRound > round || round >= place.untilRound', 'place.fromRound > round'],
      ['return place.fromRound <= round && round < place.untilRound;', 'return place.fromRound <= round;'],
      ['&& !_isFree(_places[place], round)) ++place;', ') ++place;'],
    ],
  ),
  ...inContract(
    'NetworkEnd',
    ['NetworkEnd'],
    [
      ['waitingSince > confirmedAt ? waitingSince : confirmedAt', 'waitingSince'],
      ['require(block.timestamp >= from,', 'require(block.timestamp + 1 >= from,'],
      ['if (waitingSince == type(uint256).max) return waitingSince;', ''],
      ['        _requireNotEnded();', ''],
      ['require(escapeSeconds_ >= minimum,', 'require(escapeSeconds_ + 1 >= minimum,'],
    ],
  ),
  ...inContract(
    'Escape',
    ['Escape'],
    [
      ['accountLeft[account] = true;', ''],
      ['runLeft[run] = true;', ''],
      ['_depositsLeft.set(index);', ''],
      ['require(index >= first,', 'require(index + 1 >= first,'],
      ['record.escrow - record.spent', 'record.escrow'],
      ['require(rollup.endedAt() != 0,', 'require(rollup.endableFrom() <= block.timestamp,'],
      ['batch == 0 ? 0 : inbox.batch(batch - 1).delayedUpTo', 'batch * 0'],
      ['require(root == queued,', 'require(root != 0,'],
    ],
  ),
  ...inContract(
    'Demands',
    ['dispute/Moot'],
    [
      ['== Assertions.Status.PENDING && !moot;', '== Assertions.Status.PENDING;'],
      ['moot || standing == ', 'standing == '],
      ['if (moot && open) rollup.closeGame(assertion);', ''],
      ['if (moot && open) rollup', 'if (moot) rollup'],
    ],
  ),
  ...inContract(
    'dispute/AboutAssertions',
    ['dispute/Moot'],
    [['        require(!moot,', '        require(true || !moot,']],
  ),
  ...inContract(
    'Dispute',
    ['dispute/Moot'],
    [
      ['address asserter = _requireJudged(key.assertion);', 'address asserter = rollup.asserterOf(key.assertion);'],
      ['rollup.closeGame(key.assertion);\n        else', '{}\n        else'],
      ['        else _requireStatus(key.assertion, Assertions.Status.REJECTED, status);', ''],
    ],
  ),
  ...inContract(
    'Dispute',
    ['dispute/Gas'],
    [['_gasSince(gasAtStart, callBytes) + LOCKING_GAS', '_gasSince(gasAtStart, callBytes)']],
  ),
  ...inContract(
    'Rollup',
    ['dispute/Moot'],
    [['        require(assertion.voidings == voidings, AssertionIsMoot(id));', '']],
  ),
  ...inContract(
    'Assertions',
    ['dispute/Moot'],
    [
      ['return (status == Status.PENDING || status == Status.ORPHANED)', 'return (voidings > 0)'],
      ['(status == Status.PENDING || status == Status.ORPHANED)', '(status == Status.PENDING)'],
      ['(status == Status.PENDING || status', '(status == Status.REJECTED || status'],
      ['voidingsBefore != voidings;', 'voidingsBefore > voidings;'],
    ],
  ),
  ...inContract(
    'Rollup',
    ['NetworkEnd'],
    [
      ['returns (AssertionId id) {\n        _requireNotEnded();', 'returns (AssertionId id) {'],
      ['        _noteConfirmation();', ''],
      ['3 * stakes_.timing().longest() + inbox_.maxBehindSeconds()', '2 * stakes_.timing().longest()'],
    ],
  ),
  ...inContract('Bridge', ['Escape'], [['        require(msg.sender == escape, NotEscape(msg.sender));', '']]),
  ...inContract(
    'lib/StateTrie',
    ['Escape'],
    [
      ['items[2] = RLP.encode(status);', 'items[2] = RLP.encode(RUNNING);'],
      ['items[18 + i] = RLP.encode(uint256(record.voided[i]));', 'items[18 + i] = RLP.encode(uint256(0));'],
    ],
  ),
  ...inContract(
    'Escape',
    ['Escape'],
    [
      ['StateTrie.requireRun(stateRoot(), run, StateTrie.RUNNING, record, proof);', ''],
      ['StateTrie.requireRun(stateRoot(), run, status, record, proof);', ''],
    ],
  ),
];
