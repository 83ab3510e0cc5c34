// SPDX-License-Identifier: MIT
// docs/court.md#votes
pragma solidity 0.8.37;

import {InferenceCourt} from "../../src/InferenceCourt.sol";
import {Ballots, Outcome, Tally, Verdict} from "../../src/court/Ballots.sol";
import {Role} from "../../src/lib/Types.sol";
import {CourtNetwork} from "../support/CourtNetwork.sol";
import {bound, vm} from "../support/Vm.sol";

contract CourtVotesTest is CourtNetwork {
    address private constant NEWCOMER = address(0xbe);

    // Commitments

    function test_ACopiedCommitmentCannotBeRevealed() public {
        _addVoters(4, STAKE);
        uint256 id = _openCase(EXACT);
        _commit(id, 1, voters[0], Verdict.WRONG);
        bytes32 copied = court.ballotOf(id, 1, voters[0]).commitment;
        vm.prank(voters[1]);
        court.commit(id, 1, copied);
        vm.warp(court.deadlinesOf(id).commit);
        _reveal(id, 1, voters[0], Verdict.WRONG);
        // By now the copier knows verdict and salt, and they do not help it.
        bytes32 salt = _salt(voters[0]);
        bytes32 its = court.hashCommitment(id, 1, voters[1], Verdict.WRONG, 0, salt);
        vm.expectRevert(abi.encodeWithSelector(Ballots.CommitmentMismatch.selector, copied, its));
        court.reveal(id, 1, voters[1], Verdict.WRONG, 0, salt);
        vm.warp(court.deadlinesOf(id).reveal);
        uint256 before = stakes.activeOf(voters[1], Role.VALIDATOR);
        court.punish(id, 1, voters[1]);
        vm.assertEq(before - stakes.activeOf(voters[1], Role.VALIDATOR), STAKE * 50 / 10_000);
    }

    /// A salt that leaks early tells the others a verdict, and nothing more: it counts once the time has come, as it is.
    function test_WhoeverKnowsASaltRevealsWhatWasCommittedAndNothingElse() public {
        _addVoters(4, STAKE);
        uint256 id = _openCase(EXACT);
        _commit(id, 1, voters[0], Verdict.WRONG);
        bytes32 salt = _salt(voters[0]);
        vm.expectPartialRevert(InferenceCourt.TooEarly.selector);
        vm.prank(voters[1]);
        court.reveal(id, 1, voters[0], Verdict.WRONG, 0, salt);
        vm.warp(court.deadlinesOf(id).commit);
        vm.expectPartialRevert(Ballots.CommitmentMismatch.selector);
        vm.prank(voters[1]);
        court.reveal(id, 1, voters[0], Verdict.UPHELD, 0, salt);
        vm.prank(voters[1]);
        court.reveal(id, 1, voters[0], Verdict.WRONG, 0, salt);
        vm.assertEq(court.tallyOf(id, 1).wrong, STAKE);
        vm.expectRevert(abi.encodeWithSelector(Ballots.AlreadyRevealed.selector, voters[0]));
        court.reveal(id, 1, voters[0], Verdict.WRONG, 0, salt);
    }

    /// Each of what a commitment binds, changed: case, round, voter, verdict, evidence, salt; chain and court.
    function testFuzz_ACommitmentBindsAllOfIt(uint256 which, bytes32 other) public view {
        vm.assume(other != 0);
        bytes32 salt = keccak256("salt");
        bytes32 right = court.hashCommitment(7, 1, USER, Verdict.WRONG, 0, salt);
        bytes32[8] memory changed = [
            court.hashCommitment(8, 1, USER, Verdict.WRONG, 0, salt),
            court.hashCommitment(7, 2, USER, Verdict.WRONG, 0, salt),
            court.hashCommitment(7, 1, CHALLENGER, Verdict.WRONG, 0, salt),
            court.hashCommitment(7, 1, USER, Verdict.UPHELD, 0, salt),
            court.hashCommitment(7, 1, USER, Verdict.WRONG, other, salt),
            court.hashCommitment(7, 1, USER, Verdict.WRONG, 0, keccak256(abi.encode(other))),
            keccak256(abi.encode(block.chainid + 1, COURT, 7, 1, USER, Verdict.WRONG, bytes32(0), salt)),
            keccak256(abi.encode(block.chainid, USER, 7, 1, USER, Verdict.WRONG, bytes32(0), salt))
        ];
        vm.assertTrue(changed[which & 7] != right);
        vm.assertEq(right, keccak256(abi.encode(block.chainid, COURT, 7, 1, USER, Verdict.WRONG, bytes32(0), salt)));
    }

    function test_ALaterCommitmentOfTheRoundCounts() public {
        _addVoters(4, STAKE);
        uint256 id = _openCase(EXACT);
        _commit(id, 1, voters[0], Verdict.WRONG);
        _commit(id, 1, voters[0], Verdict.UPHELD);
        vm.warp(court.deadlinesOf(id).commit);
        vm.expectPartialRevert(Ballots.CommitmentMismatch.selector);
        court.reveal(id, 1, voters[0], Verdict.WRONG, 0, keccak256(abi.encode("salt", voters[0])));
        _reveal(id, 1, voters[0], Verdict.UPHELD);
        vm.assertEq(court.tallyOf(id, 1).upheld, STAKE);
    }

    function test_RevertWhen_ACommitmentIsNone() public {
        _addVoters(1, STAKE);
        uint256 id = _openCase(EXACT);
        vm.expectRevert(abi.encodeWithSelector(Ballots.CommitmentIsZero.selector));
        vm.prank(voters[0]);
        court.commit(id, 1, 0);
        _commit(id, 1, voters[0], Verdict.NONE);
        vm.warp(court.deadlinesOf(id).commit);
        vm.expectRevert(abi.encodeWithSelector(Ballots.VerdictMissing.selector));
        court.reveal(id, 1, voters[0], Verdict.NONE, 0, keccak256(abi.encode("salt", voters[0])));
    }

    // Weights

    /// Stake that came after the item cannot vote about it, and stake that has left meanwhile can still be slashed.
    function test_WeightsAreThoseBeforeTheItem() public {
        _addVoters(4, STAKE);
        _post(EXACT);
        stakes.stake(NEWCOMER, Role.VALIDATOR, 10 * STAKE);
        vm.prank(voters[0]);
        stakes.unbond(Role.VALIDATOR, STAKE);
        vm.warp(block.timestamp + 1 hours);
        uint256 id = _open(0, CHALLENGER);
        vm.assertEq(court.electorateOf(id).total, 4 * STAKE);
        vm.assertEq(court.weightIn(id, 1, NEWCOMER), 0);
        vm.assertEq(court.weightIn(id, 1, voters[0]), STAKE);
        vm.expectRevert(abi.encodeWithSelector(Ballots.NotDrawn.selector, NEWCOMER));
        vm.prank(NEWCOMER);
        court.commit(id, 1, keccak256("c"));
        vm.warp(court.deadlinesOf(id).reveal);
        court.punish(id, 1, voters[0]);
        vm.assertEq(stakes.unbondingsOf(voters[0], Role.VALIDATOR)[0].amount, STAKE - STAKE / 1000);
    }

    function test_RevertWhen_NobodyWasStaked() public {
        _post(EXACT);
        vm.expectPartialRevert(Ballots.NobodyCanVote.selector);
        this.openFor(CHALLENGER);
    }

    function openFor(address challenger) external {
        _open(0, challenger);
    }

    function test_UpToTwentyOneEqualVotersAllVoteAtOnce() public {
        _addVoters(21, STAKE);
        _post(EXACT);
        uint256 id = _open(0, CHALLENGER);
        vm.roll(block.number - 2);
        for (uint256 i = 0; i < 21; ++i) {
            vm.assertEq(court.weightIn(id, 1, voters[i]), STAKE);
            _commit(id, 1, voters[i], Verdict.UPHELD);
        }
        vm.assertEq(court.electorateOf(id).seed, 0);
    }

    function test_SmallVotersWaitForTheDraw() public {
        _addVoters(60, MINIMUM);
        _post(EXACT);
        uint256 id = _open(0, CHALLENGER);
        vm.roll(block.number - 2);
        for (uint256 i = 0; i < 60; ++i) {
            vm.assertEq(court.weightIn(id, 1, voters[i]), 0);
            vm.assertEq(court.weightIn(id, 2, voters[i]), MINIMUM);
        }
        uint256 drawnIn = court.electorateOf(id).seedBlock;
        vm.expectRevert(abi.encodeWithSelector(Ballots.SeedNotKnown.selector, drawnIn + 1, drawnIn + 256, drawnIn - 1));
        court.draw(id);
        vm.roll(drawnIn + 1);
        court.draw(id);
        bytes32 seed = court.electorateOf(id).seed;
        vm.assertEq(seed, blockhash(drawnIn));
        // Nobody draws again.
        vm.roll(drawnIn + 100);
        court.draw(id);
        vm.assertEq(court.electorateOf(id).seed, seed);
        uint256 drawn = 0;
        for (uint256 i = 0; i < 60; ++i) {
            uint256 weight = court.weightIn(id, 1, voters[i]);
            if (weight > 0) {
                ++drawn;
                vm.assertEq(weight, (60 * MINIMUM + 20) / 21);
            }
        }
        vm.assertTrue(drawn > 8 && drawn < 36);
    }

    /// Where nobody has drawn in time, the small ones do not vote in the first round, and all vote in the second.
    function test_ADrawThatIsMissedHandsTheCaseToAll() public {
        _addVoters(60, MINIMUM);
        uint256 id = _openCase(EXACT);
        vm.roll(block.number + 300);
        vm.expectRevert(abi.encodeWithSelector(Ballots.NotDrawn.selector, voters[0]));
        vm.prank(voters[0]);
        court.commit(id, 1, keccak256("c"));
        vm.warp(court.deadlinesOf(id).reveal);
        vm.expectRevert(abi.encodeWithSelector(InferenceCourt.NothingToPunish.selector, voters[0]));
        court.punish(id, 1, voters[0]);
        _vote(id, 2, 0, 60);
        court.tally(id);
        vm.assertEq(uint256(court.caseOf(id).outcome), uint256(Outcome.UPHELD));
    }

    /// Over many draws what a stake counts is the stake, in one account or split in many: within a tenth after 200 draws.
    function test_SplittingAStakeGainsNothing() public {
        _addVoters(1, 40 * MINIMUM);
        _addVoters(40, MINIMUM);
        _addVoters(1, 2 * MINIMUM);
        _addVoters(1, 818 * MINIMUM);
        uint256 id = _openCase(EXACT);
        uint256 whole = 0;
        uint256 split = 0;
        uint256 pair = 0;
        for (uint256 i = 0; i < 200; ++i) {
            vm.roll(1000 + 2 * i);
            _forgetSeed(id);
            court.draw(id);
            whole += court.weightIn(id, 1, voters[0]);
            for (uint256 j = 1; j <= 40; ++j) {
                split += court.weightIn(id, 1, voters[j]);
            }
            pair += court.weightIn(id, 1, voters[41]);
        }
        vm.assertTrue(whole > 200 * 36 * MINIMUM && whole < 200 * 44 * MINIMUM);
        vm.assertTrue(split > 200 * 36 * MINIMUM && split < 200 * 44 * MINIMUM);
        vm.assertTrue(pair > 200 * MINIMUM && pair < 200 * 3 * MINIMUM);
    }

    /// @dev As if the case had been opened in the block before the last.
    function _forgetSeed(uint256 id) private {
        // The mapping of electorates is the court's first variable; below seedBlock lie total and snapshot, 176 bits.
        uint256 slot = uint256(keccak256(abi.encode(id, uint256(0))));
        uint256 packed = uint256(vm.load(COURT, bytes32(slot)));
        vm.store(COURT, bytes32(slot), bytes32((packed & type(uint176).max) | ((block.number - 1) << 176)));
        vm.store(COURT, bytes32(slot + 1), 0);
    }

    // Outcomes

    /// The rule of docs/court.md#outcome, computed another way.
    /// forge-config: default.fuzz.runs = 64
    function testFuzz_OutcomesFollowTheRule(uint8[12] memory said, bool exact) public {
        _addVoters(12, STAKE);
        uint256 id = _openCase(exact ? EXACT : TOLERANT);
        uint256[6] memory counts;
        for (uint256 i = 0; i < 12; ++i) {
            uint256 what = bound(said[i], 0, 5);
            ++counts[what];
            if (what < 5) _commit(id, 1, voters[i], Verdict(what == 0 ? 1 : what));
        }
        vm.warp(court.deadlinesOf(id).commit);
        for (uint256 i = 0; i < 12; ++i) {
            uint256 what = bound(said[i], 0, 5);
            if (what > 0 && what < 5) _reveal(id, 1, voters[i], Verdict(what));
        }
        vm.warp(court.deadlinesOf(id).reveal);
        court.tally(id);
        uint256 faulty = counts[2] + counts[3];
        uint256 revealed = counts[1] + faulty + counts[4];
        Outcome expected = Outcome.UPHELD;
        if (revealed < 8 || counts[4] > revealed / 2) expected = Outcome.NONE;
        else if (3 * faulty >= 2 * revealed && faulty > 6) expected = Outcome.FAULTY;
        vm.assertEq(uint256(court.caseOf(id).outcome), uint256(expected));
        vm.assertEq(court.caseOf(id).round, expected == Outcome.NONE ? 2 : 1);
    }

    // Penalties

    function test_SilenceCostsMoreThanAbsenceAndBothPayWhoShowsThem() public {
        _addVoters(6, STAKE);
        uint256 id = _openCase(EXACT);
        for (uint256 i = 0; i < 5; ++i) {
            _commit(id, 1, voters[i], Verdict.UPHELD);
        }
        vm.warp(court.deadlinesOf(id).commit);
        for (uint256 i = 0; i < 4; ++i) {
            _reveal(id, 1, voters[i], Verdict.UPHELD);
        }
        uint256 end = court.deadlinesOf(id).reveal;
        vm.expectRevert(abi.encodeWithSelector(InferenceCourt.TooEarly.selector, end, block.timestamp));
        court.punish(id, 1, voters[4]);
        vm.warp(end);
        vm.startPrank(WATCHER);
        vm.assertEq(court.punish(id, 1, voters[4]), STAKE * 50 / 10_000);
        vm.assertEq(court.punish(id, 1, voters[5]), STAKE * 10 / 10_000);
        vm.assertEq(stakes.rewardOf(WATCHER), STAKE * 60 / 10_000 / 2);
        vm.expectRevert(abi.encodeWithSelector(InferenceCourt.NothingToPunish.selector, voters[4]));
        court.punish(id, 1, voters[4]);
        vm.expectRevert(abi.encodeWithSelector(InferenceCourt.NothingToPunish.selector, voters[0]));
        court.punish(id, 1, voters[0]);
        vm.expectRevert(abi.encodeWithSelector(InferenceCourt.NothingToPunish.selector, USER));
        court.punish(id, 1, USER);
        vm.expectRevert(abi.encodeWithSelector(InferenceCourt.RoundMismatch.selector, 1, 2));
        court.punish(id, 2, voters[4]);
        vm.stopPrank();
    }

    function testFuzz_APenaltyIsRoundedUpAndCapped(uint256 stake) public {
        stake = bound(stake, MINIMUM, 10 * STAKE);
        _addVoters(3, stake);
        uint256 id = _openCase(EXACT);
        vm.warp(court.deadlinesOf(id).reveal);
        uint256 counted = stake < 2 * STAKE ? stake : 2 * STAKE;
        vm.assertEq(court.punish(id, 1, voters[0]), (counted * 10 + 9999) / 10_000);
    }

    /// Nine of ten agree about a model of class A, and nobody was in doubt: the tenth has not looked.
    function test_AVoterAloneIsPunishedForAnExactModel() public {
        uint256 id = _minority(EXACT, Verdict.UPHELD, Verdict.UPHELD);
        vm.assertEq(court.punish(id, 1, voters[9]), STAKE / 100);
    }

    function test_AMinorityIsNotPunishedForATolerantModel() public {
        _expectUnpunished(_minority(TOLERANT, Verdict.UPHELD, Verdict.UPHELD));
    }

    function test_AMinorityIsNotPunishedWhereSomebodyWasInDoubt() public {
        uint256 id = _minority(EXACT, Verdict.INCONCLUSIVE, Verdict.UPHELD);
        _expectUnpunished(id);
        vm.expectRevert(abi.encodeWithSelector(InferenceCourt.NothingToPunish.selector, voters[0]));
        court.punish(id, 1, voters[0]);
    }

    function test_AMinorityOfTwoInTenIsNotPunished() public {
        _expectUnpunished(_minority(EXACT, Verdict.UPHELD, Verdict.WRONG));
    }

    /// Before a case is decided nobody is in the minority, and never if it is dismissed or vetoed.
    function test_NoMinorityBeforeTheOutcome() public {
        _addVoters(10, STAKE);
        uint256 id = _openCase(EXACT);
        _vote(id, 1, 9, 1);
        _expectUnpunished(id);
        vm.prank(GUARDIAN);
        court.veto(id);
        _expectUnpunished(id);
    }

    /// Who was outvoted in the first round, and was right in the end, is not punished for it; nor are they who were wrong then.
    function test_TheLastRoundDecidesWhoWasTheMinority() public {
        _addVoters(10, STAKE);
        uint256 id = _openCase(EXACT);
        _vote(id, 1, 9, 1);
        _appeal(id, APPELLANT);
        _vote(id, 2, 0, 10);
        _execute(id);
        _assertStatus(id, InferenceCourt.Status.UPHELD);
        _expectUnpunished(id);
        vm.expectRevert(abi.encodeWithSelector(InferenceCourt.NothingToPunish.selector, voters[0]));
        court.punish(id, 1, voters[0]);
    }

    /// @dev The tenth says WRONG, the first two what is given, all others UPHELD.
    function _minority(bytes32 model, Verdict first, Verdict second) private returns (uint256 id) {
        _addVoters(10, STAKE);
        id = _openCase(model);
        Verdict[10] memory said;
        for (uint256 i = 0; i < 10; ++i) {
            said[i] = i == 0 ? first : i == 1 ? second : i == 9 ? Verdict.WRONG : Verdict.UPHELD;
            _commit(id, 1, voters[i], said[i]);
        }
        vm.warp(court.deadlinesOf(id).commit);
        for (uint256 i = 0; i < 10; ++i) {
            _reveal(id, 1, voters[i], said[i]);
        }
        vm.warp(court.deadlinesOf(id).reveal);
        _execute(id);
    }

    function _expectUnpunished(uint256 id) private {
        vm.expectRevert(abi.encodeWithSelector(InferenceCourt.NothingToPunish.selector, voters[9]));
        court.punish(id, 1, voters[9]);
    }
}
