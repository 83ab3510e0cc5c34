// SPDX-License-Identifier: MIT
// docs/audits.md#share: whatever is called in whatever order, the contract holds exactly what it owes, and whoever finds all
// that is drawn for it keeps its share.
pragma solidity 0.8.37;

import {Audits} from "../../src/Audits.sol";
import {ShownItem} from "../../src/court/SignedItems.sol";
import {AuditNetwork} from "../support/AuditNetwork.sol";
import {FuzzTargets} from "../support/Fuzz.sol";
import {bound, vm} from "../support/Vm.sol";

contract AuditsHandler is AuditNetwork {
    uint256 private constant VOTERS = 5;
    uint256 private constant COUNT = 2;

    uint256 public period;
    uint64 private _nonce;
    uint256 public funded;
    uint256 public withheld;
    uint256 public withdrawn;
    uint256 public rewards;

    constructor() {
        setUp();
        _addVoters(VOTERS, STAKE);
        vm.warp(block.timestamp + PERIOD);
        post();
    }

    /// @dev A new run of canaries, in a period of its own.
    function post() public {
        vm.warp((block.timestamp / PERIOD + 1) * PERIOD);
        period = _plantAndPost(++_nonce, COUNT);
    }

    /// @dev Time goes on, to the next phase or by a little.
    function pass(uint256 seconds_) external {
        vm.warp(block.timestamp + bound(seconds_, 1, PERIOD));
        vm.roll(block.number + 1);
    }

    function close() external {
        try audits.close(period) {
            vm.roll(block.number + 2);
        } catch {}
    }

    function commit(uint256 voter, uint256 found) external {
        address account = voters[voter % VOTERS];
        bytes32 commitment = audits.hashFindings(period, account, _findings(_foundBy(voter, found)), _salt(account));
        vm.prank(account);
        try audits.commit(period, commitment) {} catch {}
    }

    function open(uint256 index) external {
        ShownItem memory shown = _shown(index % COUNT);
        Audits.Planted memory planted = _planted(_nonce, index % COUNT);
        try audits.open(shown, planted) {} catch {}
    }

    function reveal(uint256 voter, uint256 found) external {
        address account = voters[voter % VOTERS];
        try audits.reveal(period, account, _findings(_foundBy(voter, found)), _salt(account)) {} catch {}
    }

    /// @dev A whole period, as all play it: else the phases would rarely be met.
    function play(uint256 honest) external {
        post();
        _play(period, _nonce, COUNT, honest % (VOTERS + 1));
    }

    function reward(uint256 number) external {
        uint256 count = audits.canariesIn(period).length;
        if (count == 0) return;
        try audits.reward(period, number % count) returns (uint256 amount) {
            rewards += amount;
        } catch {}
    }

    function withdraw() external {
        vm.prank(gateway);
        try audits.withdraw() returns (uint256 amount) {
            withdrawn += amount;
        } catch {}
    }

    function fund(uint256 amount) external {
        amount = bound(amount, 0, 3 ether);
        token.approve(AUDITS, amount);
        audits.fund(amount);
        funded += amount;
    }

    function withhold(uint256 amount) external {
        amount = bound(amount, 1, 3 ether);
        token.mint(address(attestations), amount);
        vm.startPrank(address(attestations));
        token.approve(AUDITS, amount);
        audits.withhold(amount);
        vm.stopPrank();
        withheld += amount / 2;
    }

    function heldAndOwed() external view returns (uint256 held, uint256 owed) {
        return (token.balanceOf(AUDITS), audits.pot() + audits.balanceOf(gateway));
    }

    function expected() external view returns (uint256) {
        return funded + withheld - withdrawn;
    }

    function paid() external view returns (uint256 credited, uint256 rewarded) {
        return (audits.balanceOf(gateway) + withdrawn, rewards);
    }

    /// @dev Of the newest period: one reward at most for each of its canaries that counts.
    function checkRewards() external view {
        Audits.Canary[] memory canaries = audits.canariesIn(period);
        for (uint256 i = 0; i < canaries.length; ++i) {
            if (canaries[i].rewarded) vm.assertTrue(2 * uint256(canaries[i].found) > canaries[i].revealed);
            vm.assertLe(canaries[i].found, canaries[i].revealed);
        }
    }

    /// @dev The first voter always finds all, if it commits and reveals.
    function honestLoses() external view returns (bool) {
        (uint256 examined, uint256 found) = audits.scoreOf(period, voters[0]);
        return audits.lookOf(period, voters[0]).revealed && found < examined;
    }

    function _foundBy(uint256 voter, uint256 found) private pure returns (uint256) {
        return voter % VOTERS == 0 ? COUNT : found % (COUNT + 1);
    }
}

contract AuditsInvariantTest is FuzzTargets {
    AuditsHandler private handler;

    function setUp() public {
        handler = new AuditsHandler();
        bytes4[] memory calls = new bytes4[](11);
        calls[0] = AuditsHandler.post.selector;
        calls[1] = AuditsHandler.pass.selector;
        calls[2] = AuditsHandler.close.selector;
        calls[3] = AuditsHandler.commit.selector;
        calls[4] = AuditsHandler.open.selector;
        calls[5] = AuditsHandler.reveal.selector;
        calls[6] = AuditsHandler.play.selector;
        calls[7] = AuditsHandler.reward.selector;
        calls[8] = AuditsHandler.withdraw.selector;
        calls[9] = AuditsHandler.fund.selector;
        calls[10] = AuditsHandler.withhold.selector;
        _target(address(handler), calls);
    }

    /// @dev One function, because each has runs of its own, and a run builds many trees.
    function invariant_ItHoldsWhatItOwesPaysOnceAndHarmsNobodyWhoLooks() public view {
        (uint256 held, uint256 owed) = handler.heldAndOwed();
        vm.assertEq(held, owed);
        vm.assertEq(held, handler.expected());
        (uint256 credited, uint256 rewarded) = handler.paid();
        vm.assertEq(credited, rewarded);
        handler.checkRewards();
        vm.assertFalse(handler.honestLoses());
    }
}
