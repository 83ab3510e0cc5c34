// SPDX-License-Identifier: MIT
// docs/disputes.md#money
pragma solidity 0.8.37;

import {Dispute, GameId} from "../../src/Dispute.sol";
import {Ledger} from "../../src/dispute/Ledger.sol";
import {AssertionId} from "../../src/lib/Types.sol";
import {GameNetwork} from "../support/GameNetwork.sol";
import {vm} from "../support/Vm.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

contract MoneyTest is GameNetwork {
    AssertionId private assertion;

    function setUp() public override {
        super.setUp();
        assertion = _assertSteps(_steps("claim"), EXECUTOR);
    }

    function test_TheWinnersCostsAreWhatHisTransactionsTook() public {
        GameId id = _open(assertion, STEP, CHALLENGER, true, 1);
        vm.assertEq(_player(id, 1).gas, 0);
        // The calldata's floor of a move: a list of 32 hashes alone costs 41,000 gas.
        _move(id, 3, EXECUTOR, type(uint256).max);
        uint256 gas = _player(id, 1).gas;
        vm.assertTrue(gas > 62_000 && gas < 110_000);
        vm.warp(dispute.deadlineOf(id));
        uint256 supply = token.totalSupply();
        dispute.timeout(_key(id));
        uint256 award = dispute.balanceOf(EXECUTOR);
        vm.assertGe(award, dispute.costOf(gas + 21_000));
        vm.assertLe(award, dispute.costOf(gas + 200_000));
        vm.assertEq(supply - token.totalSupply(), GAME_BOND - award);
        vm.assertEq(token.balanceOf(DISPUTE), award);
    }

    function test_CostsAreTheMarginsMultiple() public view {
        vm.assertEq(dispute.costOf(1_000_000), 1_000_000 * 1 gwei * 3 / 2);
    }

    function test_PayoutsArePulledOnce() public {
        GameId id = _open(assertion, STEP, CHALLENGER, true, 1);
        vm.warp(dispute.deadlineOf(id));
        dispute.timeout(_key(id));
        vm.prank(CHALLENGER);
        vm.assertEq(dispute.withdraw(), GAME_BOND);
        vm.assertEq(token.balanceOf(CHALLENGER), 1000 ether);
        vm.prank(CHALLENGER);
        vm.expectRevert(abi.encodeWithSelector(Ledger.NothingToWithdraw.selector, CHALLENGER));
        dispute.withdraw();
        uint256 reward = stakes.rewardOf(CHALLENGER);
        vm.prank(CHALLENGER);
        stakes.claimReward();
        vm.assertEq(token.balanceOf(CHALLENGER), 1000 ether + reward);
    }

    function test_ABondIsTheSendersAndNotTheOrigins() public {
        Dispute.Opening memory opening = _opening(assertion, STEP);
        address poor = address(0xbad);
        vm.prank(poor, CHALLENGER);
        vm.expectPartialRevert(IERC20Errors.ERC20InsufficientAllowance.selector);
        dispute.open(opening);
        vm.assertEq(token.balanceOf(CHALLENGER), 1000 ether);
    }

    function test_LosingToOneselfCostsHalf() public {
        GameId id = _open(assertion, STEP, EXECUTOR, true, 1);
        vm.warp(dispute.deadlineOf(id));
        uint256 supply = token.totalSupply();
        dispute.timeout(_key(id));
        vm.assertGe(supply - token.totalSupply(), BOND / 2);
    }
}
