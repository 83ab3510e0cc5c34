// SPDX-License-Identifier: MIT
// docs/audits.md
pragma solidity 0.8.37;

import {Audits} from "../src/Audits.sol";
import {AuditSettings} from "../src/audits/AuditSettings.sol";
import {Pot} from "../src/audits/Pot.sol";
import {ShownItem} from "../src/court/SignedItems.sol";
import {SettingTooLarge} from "../src/lib/Settings.sol";
import {AuditNetwork} from "./support/AuditNetwork.sol";
import {bound, vm} from "./support/Vm.sol";

contract AuditsTest is AuditNetwork {
    bytes32[] private _none;

    // Planting

    function test_PlantIsGoodOnce() public {
        bytes32 commitment = _commitmentOf(1, 0);
        audits.plant(commitment);
        vm.assertEq(audits.plantedAt(commitment), block.timestamp);
        vm.expectRevert(abi.encodeWithSelector(Audits.PlantExists.selector, commitment));
        audits.plant(commitment);
        vm.expectRevert(abi.encodeWithSelector(Audits.CommitmentIsZero.selector));
        audits.plant(0);
    }

    function test_AnItemMayBeACanaryWhileAPlantIsGood() public {
        vm.assertFalse(audits.mayBeCanary(block.timestamp));
        uint256 planted = block.timestamp;
        _plant(1, 1);
        vm.assertFalse(audits.mayBeCanary(planted));
        vm.assertTrue(audits.mayBeCanary(planted + 1));
        vm.assertTrue(audits.mayBeCanary(planted + GOOD));
        vm.assertFalse(audits.mayBeCanary(planted + GOOD + 1));
    }

    // Opening

    function test_OpenedInTimeItIsACanaryOfItsPeriod() public {
        uint256 period = _plantAndPost(1, 2);
        vm.warp(audits.phasesOf(period).commit);
        _openCanary(1, 1);
        vm.assertTrue(audits.isCanary(_placeOf(1)));
        vm.assertFalse(audits.isCanary(_placeOf(0)));
        vm.assertEq(audits.canariesOf(_run(1)), 1);
        Audits.Canary[] memory canaries = audits.canariesIn(period);
        vm.assertEq(canaries.length, 1);
        vm.assertEq(canaries[0].place, _placeOf(1));
        vm.assertEq(canaries[0].gateway, gateway);
        ShownItem memory shown = _shown(1);
        Audits.Planted memory planted = _planted(1, 1);
        vm.expectRevert(abi.encodeWithSelector(Audits.CanaryExists.selector, _placeOf(1)));
        audits.open(shown, planted);
    }

    function test_OpenedEarlyItProtectsItsGatewayAndExaminesNobody() public {
        uint256 period = _plantAndPost(1, 1);
        _openCanary(1, 0);
        vm.assertTrue(audits.isCanary(_placeOf(0)));
        vm.assertEq(audits.canariesIn(period).length, 0);
    }

    function test_RevertWhen_ItIsOpenedLate() public {
        uint256 period = _plantAndPost(1, 1);
        ShownItem memory shown = _shown(0);
        Audits.Planted memory planted = _planted(1, 0);
        uint256 end = audits.phasesOf(period).open;
        vm.warp(end);
        vm.expectRevert(abi.encodeWithSelector(Audits.TooLate.selector, end, end));
        audits.open(shown, planted);
    }

    function test_RevertWhen_ALieIsPlantedAfterwards() public {
        _postOwn(1, 1);
        uint256 posted = block.timestamp;
        // Planted in the block that has the batch, and later.
        for (uint256 i = 0; i < 2; ++i) {
            ShownItem memory shown = _shown(0);
            Audits.Planted memory planted = _planted(1, 0);
            bytes32 commitment = _commitmentOf(1, 0);
            if (audits.plantedAt(commitment) == 0) audits.plant(commitment);
            vm.expectRevert(abi.encodeWithSelector(Audits.NotPlanted.selector, commitment, posted, posted));
            audits.open(shown, planted);
            vm.warp(posted + 1);
        }
    }

    function test_RevertWhen_ThePlantIsTooOld() public {
        _plant(1, 1);
        uint256 planted = block.timestamp;
        vm.warp(planted + GOOD + 1);
        _postOwn(1, 1);
        ShownItem memory shown = _shown(0);
        Audits.Planted memory shownPlant = _planted(1, 0);
        vm.expectRevert(
            abi.encodeWithSelector(Audits.NotPlanted.selector, _commitmentOf(1, 0), block.timestamp, planted)
        );
        audits.open(shown, shownPlant);
    }

    function test_RevertWhen_TheRunIsSomebodyElses() public {
        // The gateway knows a run of another account, plants what it will lie about, and says that the run is its own.
        _plantAndPost(1, 1);
        ShownItem memory shown = _shown(0);
        Audits.Planted memory planted = _planted(1, 0);
        planted.owner = address(0xbad);
        vm.expectPartialRevert(Audits.RunMismatch.selector);
        audits.open(shown, planted);
        // Or it signs for the owner.
        planted = _planted(1, 0);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(GATEWAY_KEY, audits.digestOf(_commitmentOf(1, 0)));
        planted.signature = bytes.concat(r, s, bytes1(v));
        vm.expectRevert(abi.encodeWithSelector(Audits.OwnerMismatch.selector, vm.addr(OWNER_KEY), gateway));
        audits.open(shown, planted);
    }

    function test_RevertWhen_TruthOrSaltIsAnother() public {
        _plantAndPost(1, 1);
        ShownItem memory shown = _shown(0);
        Audits.Planted memory planted = _planted(1, 0);
        planted.truth = keccak256("another");
        vm.expectPartialRevert(Audits.NotPlanted.selector);
        audits.open(shown, planted);
        planted = _planted(1, 0);
        planted.salt = 0;
        vm.expectPartialRevert(Audits.NotPlanted.selector);
        audits.open(shown, planted);
    }

    function test_RevertWhen_TheModelHasNoExactAnswer() public {
        _plant(1, 1);
        vm.warp(block.timestamp + 1);
        bytes memory items = _ownItems(1, 1, TOLERANT);
        _postResult(_message(GATEWAY_KEY, 1, items), items);
        ShownItem memory shown = _shown(0);
        Audits.Planted memory planted = _planted(1, 0);
        vm.expectRevert(abi.encodeWithSelector(Audits.ModelNotExact.selector));
        audits.open(shown, planted);
    }

    function test_AFifthOfAGatewayExaminesNobodyAndProtectsAllTheSame() public {
        uint256 period = _plantAndPost(1, 5);
        vm.warp(audits.phasesOf(period).commit);
        for (uint256 i = 0; i < 5; ++i) {
            _openCanary(1, i);
        }
        vm.assertEq(audits.canariesIn(period).length, 4);
        vm.assertTrue(audits.isCanary(_placeOf(4)));
    }

    // Draws

    function test_AClosedPeriodHasTheSeedOfTheNextBlock() public {
        uint256 period = audits.periodOf(block.timestamp);
        uint256 end = audits.phasesOf(period).from;
        vm.expectRevert(abi.encodeWithSelector(Audits.TooEarly.selector, end, block.timestamp));
        audits.close(period);
        vm.expectPartialRevert(Audits.SeedNotKnown.selector);
        audits.draw(period);
        vm.warp(end);
        audits.close(period);
        vm.expectRevert(abi.encodeWithSelector(Audits.PeriodIsClosed.selector, period));
        audits.close(period);
        uint256 seedBlock = block.number + 1;
        vm.expectRevert(
            abi.encodeWithSelector(Audits.SeedNotKnown.selector, seedBlock + 1, seedBlock + 256, block.number)
        );
        audits.draw(period);
        vm.roll(seedBlock + 1);
        audits.draw(period);
        vm.assertEq(audits.periodAt(period).seed, blockhash(seedBlock));
        uint256 late = audits.phasesOf(period + 1).commit;
        vm.warp(late);
        vm.expectRevert(abi.encodeWithSelector(Audits.TooLate.selector, late, late));
        audits.close(period + 1);
    }

    // Findings

    function test_RevertWhen_AFindingIsCommittedWithoutStakeOrSeedOrTime() public {
        _addVoters(1, STAKE);
        uint256 period = audits.periodOf(block.timestamp);
        Audits.Phases memory phases = audits.phasesOf(period);
        bytes32 commitment = keccak256("commitment");
        vm.expectRevert(abi.encodeWithSelector(Audits.TooEarly.selector, phases.from, block.timestamp));
        audits.commit(period, commitment);
        vm.warp(phases.from);
        vm.expectPartialRevert(Audits.SeedNotKnown.selector);
        audits.commit(period, commitment);
        audits.close(period);
        vm.roll(block.number + 2);
        vm.expectRevert(abi.encodeWithSelector(Audits.CommitmentIsZero.selector));
        audits.commit(period, 0);
        // Staked when the period had begun.
        vm.expectRevert(abi.encodeWithSelector(Audits.NotValidator.selector, voters[0]));
        vm.prank(voters[0]);
        audits.commit(period, commitment);
        vm.warp(phases.commit);
        vm.expectRevert(abi.encodeWithSelector(Audits.TooLate.selector, phases.commit, phases.commit));
        audits.commit(period, commitment);
    }

    function test_RevertWhen_ARevealIsNotWhatWasCommitted() public {
        _addVoters(2, STAKE);
        vm.warp(block.timestamp + PERIOD);
        uint256 period = _plantAndPost(1, 1);
        bytes32[] memory findings = _findings(1);
        _close(period);
        _commitFindings(period, voters[0], findings);
        // A copy.
        bytes32 copied = audits.lookOf(period, voters[0]).commitment;
        vm.prank(voters[1]);
        audits.commit(period, copied);
        Audits.Phases memory phases = audits.phasesOf(period);
        bytes32 salt = _salt(voters[0]);
        vm.expectRevert(abi.encodeWithSelector(Audits.TooEarly.selector, phases.open, block.timestamp));
        audits.reveal(period, voters[0], findings, salt);
        vm.warp(phases.open);
        vm.expectPartialRevert(Audits.CommitmentMismatch.selector);
        audits.reveal(period, voters[1], findings, salt);
        vm.expectPartialRevert(Audits.CommitmentMismatch.selector);
        audits.reveal(period, voters[0], _none, salt);
        bytes32[] memory many = new bytes32[](33);
        vm.expectRevert(abi.encodeWithSelector(Audits.TooManyFindings.selector, 32, 33));
        audits.reveal(period, voters[0], many, salt);
        audits.reveal(period, voters[0], findings, salt);
        vm.expectRevert(abi.encodeWithSelector(Audits.AlreadyRevealed.selector, voters[0]));
        audits.reveal(period, voters[0], findings, salt);
        vm.warp(phases.reveal);
        vm.expectRevert(abi.encodeWithSelector(Audits.TooLate.selector, phases.reveal, phases.reveal));
        audits.reveal(period, voters[0], findings, salt);
    }

    // Shares

    function test_WhoNeverLooksLosesItsShare() public {
        uint256 period = _looked(3, 2);
        uint256 decided = audits.phasesOf(period).reveal;
        vm.assertFalse(audits.losesShare(voters[2], decided - 1));
        vm.assertTrue(audits.losesShare(voters[2], decided));
        vm.assertFalse(audits.losesShare(voters[0], decided));
        // For as many periods as are looked back.
        vm.assertTrue(audits.losesShare(voters[2], decided + 4 * PERIOD - 1));
        vm.assertFalse(audits.losesShare(voters[2], decided + 4 * PERIOD));
    }

    function test_WhoDoesNotCommitAtAllLosesItsShare() public {
        _addVoters(3, STAKE);
        address absent = voters[2];
        voters.pop();
        vm.warp(block.timestamp + PERIOD);
        uint256 period = _plantAndPost(1, 1);
        _play(period, 1, 1, 2);
        vm.assertTrue(audits.losesShare(absent, block.timestamp));
        // Who had no stake then was not examined.
        vm.assertFalse(audits.losesShare(address(0xbad), block.timestamp));
    }

    function test_ACanaryThatMostDoNotFindCountsNothing() public {
        // The gateway says that another answer than the model's is the truth, and tells a friend.
        uint256 period = _looked(3, 1);
        vm.assertFalse(audits.losesShare(voters[1], block.timestamp));
        vm.assertFalse(audits.losesShare(voters[2], block.timestamp));
        vm.expectRevert(abi.encodeWithSelector(Audits.CanaryDoesNotCount.selector, period, 0));
        audits.reward(period, 0);
    }

    function test_HalfOfTheWeightIsNotEnough() public {
        _looked(4, 2);
        vm.assertFalse(audits.losesShare(voters[3], block.timestamp));
    }

    function test_WhoMissesOneOfTwoKeepsItsShare() public {
        _addVoters(3, STAKE);
        vm.warp(block.timestamp + PERIOD);
        uint256 period = _plantAndPost(1, 2);
        _close(period);
        bytes32[] memory all = _findings(2);
        bytes32[] memory one = _findings(1);
        for (uint256 i = 0; i < 3; ++i) {
            _commitFindings(period, voters[i], i < 2 ? all : one);
        }
        vm.warp(audits.phasesOf(period).commit);
        _openCanary(1, 0);
        _openCanary(1, 1);
        vm.warp(audits.phasesOf(period).open);
        for (uint256 i = 0; i < 3; ++i) {
            _revealFindings(period, voters[i], i < 2 ? all : one);
        }
        vm.warp(audits.phasesOf(period).reveal);
        (uint256 examined, uint256 found) = audits.standingAt(voters[2], block.timestamp);
        vm.assertEq(examined, 2);
        vm.assertEq(found, 1);
        vm.assertFalse(audits.losesShare(voters[2], block.timestamp));
    }

    function testFuzz_WeightsDecideWhetherACanaryCounts(uint96[4] memory stakes_, uint8 honest) public {
        uint256 all;
        uint256 finders;
        for (uint256 i = 0; i < 4; ++i) {
            uint256 stake = bound(stakes_[i], MINIMUM, 10 * STAKE);
            _addVoters(1, stake);
            all += stake;
            if (i < honest % 5) finders += stake;
        }
        vm.warp(block.timestamp + PERIOD);
        uint256 period = _plantAndPost(1, 1);
        _play(period, 1, 1, honest % 5);
        bool counts = 2 * finders > all;
        for (uint256 i = 0; i < 4; ++i) {
            bool loses = audits.losesShare(voters[i], block.timestamp);
            vm.assertTrue(loses == (counts && i >= honest % 5));
        }
    }

    // The pot

    function test_HalfOfWhatIsWithheldIsBurnedAndTheRestPaysCanaries() public {
        uint256 period = _looked(3, 2);
        vm.expectRevert(abi.encodeWithSelector(Pot.NothingToPay.selector));
        audits.reward(period, 0);
        _withhold(1.5 ether + 1);
        vm.assertEq(audits.pot(), 0.75 ether);
        vm.assertEq(audits.reward(period, 0), 0.75 ether);
        vm.assertEq(audits.pot(), 0);
        vm.expectRevert(abi.encodeWithSelector(Audits.AlreadyRewarded.selector, period, 0));
        audits.reward(period, 0);
        vm.prank(gateway);
        vm.assertEq(audits.withdraw(), 0.75 ether);
        vm.assertEq(token.balanceOf(gateway), 0.75 ether);
        vm.expectRevert(abi.encodeWithSelector(Pot.NothingToWithdraw.selector, gateway));
        vm.prank(gateway);
        audits.withdraw();
    }

    function test_ACanaryIsPaidItsRewardAtMost() public {
        uint256 period = _looked(3, 2);
        token.approve(AUDITS, 10 ether);
        audits.fund(10 ether);
        vm.assertEq(audits.reward(period, 0), REWARD);
        vm.assertEq(audits.pot(), 9 ether);
    }

    function test_RevertWhen_ARewardComesBeforeTheDecision() public {
        _addVoters(1, STAKE);
        vm.warp(block.timestamp + PERIOD);
        uint256 period = _plantAndPost(1, 1);
        vm.warp(audits.phasesOf(period).commit);
        _openCanary(1, 0);
        uint256 end = audits.phasesOf(period).reveal;
        vm.expectRevert(abi.encodeWithSelector(Audits.TooEarly.selector, end, block.timestamp));
        audits.reward(period, 0);
    }

    function test_RevertWhen_SomebodyElseWithholds() public {
        vm.expectRevert(abi.encodeWithSelector(Pot.NotAttestations.selector, address(this)));
        audits.withhold(1);
    }

    // Settings

    function test_RevertWhen_NoTimeIsLeftForADispute() public {
        AuditSettings.Settings memory settings = _auditSettings();
        settings.periodSeconds = uint32(CONTEST / 2 - FIND - SHOW);
        _make(settings);
        settings.periodSeconds += 1;
        vm.expectRevert(abi.encodeWithSelector(AuditSettings.AuditsTooLong.selector, CONTEST, CONTEST + 2));
        _make(settings);
    }

    function test_RevertWhen_ASettingCannotWork() public {
        for (uint256 i = 0; i < 5; ++i) {
            AuditSettings.Settings memory none = _auditSettings();
            if (i == 0) none.periodSeconds = 0;
            if (i == 1) none.commitSeconds = 0;
            if (i == 2) none.openSeconds = 0;
            if (i == 3) none.revealSeconds = 0;
            if (i == 4) none.plantSeconds = 0;
            vm.expectRevert(abi.encodeWithSelector(AuditSettings.PhaseIsZero.selector));
            _make(none);
        }
        AuditSettings.Settings memory settings = _auditSettings();
        settings.rate = 10_001;
        vm.expectRevert(abi.encodeWithSelector(AuditSettings.RateOutOfRange.selector, 10_000, 10_001));
        _make(settings);
        settings = _auditSettings();
        settings.lookBack = 17;
        vm.expectRevert(abi.encodeWithSelector(AuditSettings.LookBackOutOfRange.selector, 16, 17));
        _make(settings);
        settings = _auditSettings();
        settings.reward = token.cap() + 1;
        vm.expectRevert(abi.encodeWithSelector(SettingTooLarge.selector, token.cap(), token.cap() + 1));
        _make(settings);
    }

    function _make(AuditSettings.Settings memory settings) private {
        new Audits(court, address(attestations), settings);
    }

    /// @dev One canary, looked for by so many validators of equal stake, of whom the first `honest` have found it.
    function _looked(uint256 count, uint256 honest) private returns (uint256 period) {
        _addVoters(count, STAKE);
        vm.warp(block.timestamp + PERIOD);
        period = _plantAndPost(1, 1);
        _play(period, 1, 1, honest);
    }

    function _withhold(uint256 amount) private {
        token.mint(address(attestations), amount);
        vm.prank(address(attestations));
        token.approve(AUDITS, amount);
        vm.prank(address(attestations));
        audits.withhold(amount);
    }
}
