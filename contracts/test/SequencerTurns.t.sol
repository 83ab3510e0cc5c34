// SPDX-License-Identifier: MIT
// docs/contracts.md#turns
pragma solidity 0.8.37;

import {Exposure} from "../src/Exposure.sol";
import {Inbox} from "../src/Inbox.sol";
import {SequencerTurns} from "../src/SequencerTurns.sol";
import {Certificate, Role} from "../src/lib/Types.sol";
import {Network} from "./support/Network.sol";
import {vm} from "./support/Vm.sol";

contract SequencerTurnsTest is Network {
    uint256 private constant ROUND = 64 * SLOT;
    uint256 private constant CONTEST = LONGEST;
    address private constant ROGUE = address(0xbad);
    address private constant OTHER = address(0x5e9a);

    function test_TheFirstSequencerHasAllTurnsAtOnce() public view {
        vm.assertTrue(inbox.isListed(SEQUENCER));
        for (uint256 slot = START / SLOT; slot < START / SLOT + 130; ++slot) {
            vm.assertEq(inbox.holderOf(slot), SEQUENCER);
            vm.assertTrue(inbox.mayPost(SEQUENCER, slot * SLOT + SLOT - 1));
        }
        vm.assertEq(stakes.lockedOf(SEQUENCER, Role.SEQUENCER), MINIMUM);
    }

    function test_ANewcomersTurnsBeginWithTheRoundAfterTheNextOne() public {
        vm.warp(START + ROUND - 1);
        _join(OTHER);
        for (uint256 slot = START / SLOT; slot < START / SLOT + 128; ++slot) {
            vm.assertEq(inbox.holderOf(slot), SEQUENCER);
        }
        uint256 first = START / SLOT + 128;
        for (uint256 slot = first; slot < first + 64; ++slot) {
            vm.assertEq(inbox.holderOf(slot), slot % 2 == 0 ? SEQUENCER : OTHER);
        }
        vm.warp(START + 2 * ROUND - 1);
        vm.expectRevert(abi.encodeWithSelector(SequencerTurns.NotSequencer.selector, OTHER));
        this.post(OTHER);
    }

    function test_OnlyTheHolderPostsUntilHalfOfASilentSlot() public {
        uint256 slot = _twoTakeTurns();
        vm.warp(slot * SLOT);
        _expectNotTurn(SEQUENCER, slot * SLOT + SLOT / 2);
        this.post(OTHER);
        vm.warp(slot * SLOT + SLOT / 2 - 1);
        vm.assertFalse(inbox.mayPost(OTHER, block.timestamp));
        _expectNotTurn(SEQUENCER, slot * SLOT + SLOT / 2);
        this.post(OTHER);
        vm.warp(slot * SLOT + SLOT / 2);
        vm.assertTrue(inbox.mayPost(OTHER, block.timestamp));
        this.post(OTHER);
        // The holder may come late, and keeps what is left.
        this.post(SEQUENCER);
        vm.assertFalse(inbox.mayPost(OTHER, block.timestamp));
        _expectNotTurn(SEQUENCER, (slot + 1) * SLOT);
        this.post(OTHER);
        vm.warp((slot + 1) * SLOT);
        this.post(OTHER);
        vm.assertEq(inbox.posterOf(inbox.batchCount() - 1), OTHER);
    }

    function test_AHolderThatPostsKeepsItsSlotToTheEnd() public {
        uint256 slot = _twoTakeTurns();
        vm.warp(slot * SLOT + SLOT / 2 - 1);
        this.post(SEQUENCER);
        vm.warp((slot + 1) * SLOT - 1);
        _expectNotTurn(SEQUENCER, (slot + 1) * SLOT);
        this.post(OTHER);
        vm.expectRevert(abi.encodeWithSelector(SequencerTurns.NotTurn.selector, SEQUENCER, (slot + 1) * SLOT));
        inbox.forceInclude(1, 1);
        this.post(SEQUENCER);
    }

    function test_TheSlotOfASlashedHolderIsOpenFromItsBeginning() public {
        uint256 slot = _twoTakeTurns();
        vm.warp(slot * SLOT);
        vm.prank(COURT);
        stakes.slash(SEQUENCER, Role.SEQUENCER, STAKE, address(0), 0);
        vm.expectRevert(abi.encodeWithSelector(SequencerTurns.NotSequencer.selector, SEQUENCER));
        this.post(SEQUENCER);
        this.post(OTHER);
        // The schedule of this round and the next stays: nobody's turn moves.
        inbox.expel(SEQUENCER);
        vm.assertEq(inbox.holderOf(slot + 2), SEQUENCER);
        vm.assertEq(inbox.holderOf(slot + 128), OTHER);
    }

    function test_WhoComesWhenNobodyCanPostPostsAtOnce() public {
        vm.prank(COURT);
        stakes.slash(SEQUENCER, Role.SEQUENCER, STAKE, address(0), 0);
        _join(OTHER);
        this.post(OTHER);
        vm.assertEq(inbox.batchCount(), 1);
    }

    function test_AStakeIsLockedUntilItsLastTurnCanBeJudged() public {
        vm.startPrank(SEQUENCER);
        vm.expectRevert(abi.encodeWithSelector(Exposure.NotEnoughFreeStake.selector, STAKE - MINIMUM, STAKE));
        stakes.unbond(Role.SEQUENCER, STAKE);
        inbox.retire();
        vm.expectRevert(abi.encodeWithSelector(SequencerTurns.SequencerNotListed.selector, SEQUENCER));
        inbox.retire();
        vm.expectRevert(abi.encodeWithSelector(SequencerTurns.SequencerListed.selector, SEQUENCER));
        inbox.join();
        vm.stopPrank();
        uint256 until = START + 2 * ROUND + CONTEST;
        vm.assertEq(inbox.lockedUntil(SEQUENCER), until);
        vm.warp(START + 2 * ROUND - 1);
        this.post(SEQUENCER);
        vm.warp(until - 1);
        vm.expectRevert(abi.encodeWithSelector(SequencerTurns.StillContestable.selector, SEQUENCER, until));
        inbox.unlock(SEQUENCER);
        vm.warp(until);
        inbox.unlock(SEQUENCER);
        vm.assertEq(stakes.lockedOf(SEQUENCER, Role.SEQUENCER), 0);
        vm.prank(SEQUENCER);
        inbox.join();
        this.post(SEQUENCER);
    }

    /// @dev Its stake is locked for what it has posted within its turns.
    function test_WhoseTurnsAreOverPostsInNoOpenSlot() public {
        _twoTakeTurns();
        vm.prank(SEQUENCER);
        inbox.retire();
        uint256 end = START + 4 * ROUND;
        vm.warp(end - 1);
        vm.assertTrue(inbox.mayPost(SEQUENCER, end - 1));
        this.post(SEQUENCER);
        vm.warp(end + SLOT - 1);
        vm.assertFalse(inbox.mayPost(SEQUENCER, block.timestamp));
        vm.expectRevert(abi.encodeWithSelector(SequencerTurns.NotSequencer.selector, SEQUENCER));
        this.post(SEQUENCER);
        this.post(OTHER);
    }

    function test_WhoComesWhenAllTurnsAreOverPostsAtOnce() public {
        vm.prank(SEQUENCER);
        inbox.retire();
        vm.warp(START + 2 * ROUND);
        _join(OTHER);
        this.post(OTHER);
        vm.assertEq(inbox.posterOf(inbox.batchCount() - 1), OTHER);
    }

    function test_RevertWhen_AListedSequencerIsExpelledOrUnlocked() public {
        vm.expectRevert(abi.encodeWithSelector(SequencerTurns.SequencerStillStaked.selector, SEQUENCER));
        inbox.expel(SEQUENCER);
        vm.expectPartialRevert(SequencerTurns.StillContestable.selector);
        inbox.unlock(SEQUENCER);
        vm.expectRevert(abi.encodeWithSelector(SequencerTurns.SequencerNotListed.selector, ROGUE));
        inbox.unlock(ROGUE);
    }

    function test_RevertWhen_TheListIsFull() public {
        for (uint160 i = 1; i < 32; ++i) {
            _join(address(0x1000 + i));
        }
        _stake(ROGUE);
        vm.prank(ROGUE);
        vm.expectRevert(abi.encodeWithSelector(SequencerTurns.TooManySequencers.selector, 32));
        inbox.join();
        // Each of them has two turns in the round.
        for (uint160 i = 1; i < 32; ++i) {
            vm.assertEq(_turnsOf(address(0x1000 + i), START / SLOT + 128), 2);
        }
        vm.assertEq(_turnsOf(SEQUENCER, START / SLOT + 128), 2);
    }

    function test_RevertWhen_ASlotIsLongerThanHalfOfTheDelay() public {
        vm.expectRevert(abi.encodeWithSelector(SequencerTurns.SlotOutOfRange.selector, 50, 51));
        new Inbox(
            token,
            address(bridge),
            stakes,
            committee,
            address(registry),
            address(rollup),
            COURT,
            Inbox.Limits(100, 30, 1 hours, 51)
        );
    }

    /// The attack: a staked rogue is mined first, each time, with a message of its own. It was 50 of 50.
    function test_ARogueCannotPushTheHolderOut() public {
        _join(ROGUE);
        vm.warp(START + 2 * ROUND);
        uint256 posted = 0;
        for (uint256 i = 0; i < 50; ++i) {
            uint64 index = inbox.batchCount();
            inbox.forceMessage(hex"00");
            try this.post(ROGUE) {} catch {}
            if (inbox.holderOf(block.timestamp / SLOT) == SEQUENCER) {
                vm.assertEq(inbox.batchCount(), index);
                this.post(SEQUENCER);
                ++posted;
            }
            vm.warp(block.timestamp + 12);
        }
        vm.assertEq(posted, 25);
    }

    /// Whatever others do before and between (join, retire, be slashed, post, force messages, force inclusion): a sequencer
    /// that is on time posts at any moment of its slot what it has built at the slot's beginning, and has two turns a round.
    function testFuzz_AHolderPostsAtAnyMomentOfItsSlot(uint256 seed) public {
        for (uint160 i = 0; i < 6; ++i) {
            _stake(address(0x2000 + i));
        }
        for (uint256 step = 0; step < 40; ++step) {
            seed = uint256(keccak256(abi.encode(seed)));
            _disturb(seed);
            vm.warp(block.timestamp + (seed >> 200) % (3 * SLOT));
        }
        uint256 round = block.timestamp / ROUND + 1;
        vm.assertGe(_turnsOf(SEQUENCER, round * 64), 2);
        for (uint256 slot = round * 64; slot < round * 64 + 64; ++slot) {
            if (inbox.holderOf(slot) != SEQUENCER) continue;
            vm.warp(slot * SLOT);
            uint64 index = inbox.batchCount();
            uint64 delayed = inbox.delayedCount();
            bytes32 root = keccak256(abi.encode("batch", index));
            Certificate memory built = _certify(keccak256(abi.encodePacked(root, uint64(1000))), 1000, 0xd);
            uint64 time = uint64(block.timestamp);
            if (index > 0 && inbox.batch(index - 1).timestamp > time) time = inbox.batch(index - 1).timestamp;
            for (uint256 k = 0; k < 5; ++k) {
                seed = uint256(keccak256(abi.encode(seed)));
                _disturb(seed);
                vm.warp(block.timestamp + (seed >> 200) % (SLOT / 10));
            }
            vm.prank(SEQUENCER);
            inbox.postBatch(index, root, 1000, 3, time, delayed, built);
            // From now on to the slot's end.
            for (uint256 k = 0; k < 5; ++k) {
                seed = uint256(keccak256(abi.encode(seed)));
                _disturb(seed);
                vm.warp(block.timestamp + (seed >> 200) % (SLOT / 10));
            }
            vm.assertEq(inbox.batchCount(), index + 1);
            this.post(SEQUENCER);
            if (slot % 3 == 0) break;
        }
    }

    /// However the sequencers behave, an overdue message is taken in within two slots once somebody asks.
    function testFuzz_AnOverdueMessageIsInWithinTwoSlots(uint256 seed) public {
        _twoTakeTurns();
        inbox.forceMessage(hex"05");
        uint64 mine = inbox.delayedCount() - 1;
        uint256 overdue = block.timestamp + DELAY;
        vm.warp(overdue + seed % SLOT);
        uint256 end = block.timestamp + 2 * SLOT;
        while (inbox.delayedIncluded() <= mine) {
            seed = uint256(keccak256(abi.encode(seed)));
            // A holder that posts takes it in; one that leaves it out does not post.
            if (seed & 3 == 0) try this.post(seed & 4 == 0 ? SEQUENCER : OTHER) {} catch {}
            uint64 index = inbox.batchCount();
            uint64 from = inbox.delayedIncluded();
            if (from <= mine) try inbox.forceInclude(index, uint32(mine - from + 1)) {} catch {}
            vm.assertLe(block.timestamp, end);
            vm.warp(block.timestamp + 1 + (seed >> 200) % (SLOT / 6));
        }
    }

    /// @dev All messages that wait, and one of its own; at the earliest time that is taken.
    function post(address by) external {
        uint64 index = inbox.batchCount();
        uint64 delayed = inbox.delayedCount();
        uint64 time = uint64(block.timestamp);
        if (index > 0 && inbox.batch(index - 1).timestamp > time) time = inbox.batch(index - 1).timestamp;
        bytes32 root = keccak256(abi.encode("batch", index, by));
        Certificate memory certificate = _certify(keccak256(abi.encodePacked(root, uint64(1000))), 1000, 0xd);
        vm.prank(by);
        inbox.postBatch(index, root, 1000, 3, time, delayed, certificate);
    }

    function act(address rogue, uint256 what) external {
        uint64 index = inbox.batchCount();
        // One call only: a prank outlives a call that reverts.
        vm.prank(rogue);
        if (what == 0) inbox.join();
        else if (what == 1) inbox.retire();
        else if (what == 2) inbox.unlock(rogue);
        else if (what == 3) inbox.forceMessage(hex"00");
        else if (what == 4) stakes.unbond(Role.SEQUENCER, MINIMUM);
        else inbox.forceInclude(index, 1);
    }

    function _disturb(uint256 seed) private {
        address rogue = address(uint160(0x2000 + seed % 6));
        uint256 what = (seed >> 16) % 9;
        if (what < 6) {
            try this.act(rogue, what) {} catch {}
        } else if (what < 8) {
            try this.post(rogue) {} catch {}
        } else if ((seed >> 32) % 4 == 0) {
            vm.prank(COURT);
            stakes.slash(rogue, Role.SEQUENCER, MINIMUM, address(0), 0);
            try inbox.expel(rogue) {} catch {}
        }
    }

    function _turnsOf(address sequencer, uint256 firstSlot) private view returns (uint256 turns) {
        for (uint256 slot = firstSlot; slot < firstSlot + 64; ++slot) {
            if (inbox.holderOf(slot) == sequencer) ++turns;
        }
    }

    /// @return slot that is SEQUENCER's; the next one is OTHER's
    function _twoTakeTurns() private returns (uint256 slot) {
        _join(OTHER);
        vm.warp(START + 2 * ROUND);
        slot = block.timestamp / SLOT;
        vm.assertEq(inbox.holderOf(slot), SEQUENCER);
        vm.assertEq(inbox.holderOf(slot + 1), OTHER);
    }

    function _stake(address account) private {
        stakes.stake(account, Role.SEQUENCER, MINIMUM);
    }

    function _join(address account) private {
        _stake(account);
        vm.prank(account);
        inbox.join();
    }

    function _expectNotTurn(address holder, uint256 openFrom) private {
        vm.expectRevert(abi.encodeWithSelector(SequencerTurns.NotTurn.selector, holder, openFrom));
    }
}
