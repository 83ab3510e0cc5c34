// SPDX-License-Identifier: MIT
// docs/disputes.md#many: what many demands at once cost, whom, and how long they take.
pragma solidity 0.8.37;

import {Assertions} from "../src/Assertions.sol";
import {DemandId, Demands} from "../src/Demands.sol";
import {Ledger} from "../src/dispute/Ledger.sol";
import {AssertionId, Role} from "../src/lib/Types.sol";
import {DemandNetwork} from "./support/DemandNetwork.sol";
import {LongList} from "./support/LongList.sol";
import {bound, vm} from "./support/Vm.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

contract DemandFloodsTest is DemandNetwork {
    uint256 private constant ANSWERS = 12;
    uint256 private constant STRETCH = 4;
    uint256 private constant LEAVES = 600;

    LongList private list;
    DemandId[] private queue;

    function setUp() public override {
        super.setUp();
        list = _assertLong(LEAVES);
        token.mint(CHALLENGER, 1_000_000 ether);
    }

    function test_EachOpenDemandMakesTheNextDearerAndLater() public {
        for (uint64 open = 0; open < 60; ++open) {
            uint256 time = DEMAND + DEMAND * open / ANSWERS;
            if (time > STRETCH * DEMAND) time = STRETCH * DEMAND;
            vm.assertEq(demands.openOf(EXECUTOR), open);
            vm.assertEq(demands.bondFor(assertion), DEMAND_BOND * (open + 1));
            vm.assertEq(demands.secondsFor(assertion), time);
            uint256 before = token.balanceOf(CHALLENGER);
            DemandId id = _demandLeaf(open);
            vm.assertEq(before - token.balanceOf(CHALLENGER), DEMAND_BOND * (open + 1));
            vm.assertEq(demands.demandOf(id).left, DEMAND_BOND * (open + 1));
            vm.assertEq(demands.demandOf(id).deadline, block.timestamp + time);
        }
        // A third of the time more for four of them, and four times as much for 36 and more.
        vm.assertEq(demands.demandOf(_idOf(4)).deadline, START + 80 minutes);
        vm.assertEq(demands.demandOf(_idOf(35)).deadline, START + 235 minutes);
        vm.assertEq(demands.demandOf(_idOf(59)).deadline, START + 4 hours);
        _answer(0);
        vm.assertEq(demands.bondFor(assertion), DEMAND_BOND * 60);
        vm.assertEq(demands.standingOf(assertion).open, 59);
    }

    /// @dev Over all that the asserter has pending, and nobody else's.
    function test_TheCountIsTheAsserters() public {
        _demandLeaf(1);
        vm.prank(OTHER);
        demands.demandStep(parent, 1);
        vm.assertEq(demands.bondFor(assertion), 3 * DEMAND_BOND);
        vm.assertEq(demands.bondFor(parent), 3 * DEMAND_BOND);
        vm.warp(START + LEADER_SECONDS);
        AssertionId other = _assertSteps(_steps("rival"), RIVAL);
        vm.assertEq(demands.bondFor(other), DEMAND_BOND);
        vm.prank(OTHER);
        demands.demandStep(other, 1);
        vm.assertEq(demands.openOf(RIVAL), 1);
        vm.assertEq(demands.openOf(EXECUTOR), 2);
    }

    function test_AnAnswerBurnsTheSurchargeAtOnce() public {
        _demandLeaf(0);
        _demandLeaf(1);
        DemandId third = _demandLeaf(2);
        (uint256 supply, uint256 before) = (token.totalSupply(), demands.balanceOf(EXECUTOR));
        _answer(2);
        uint256 award = demands.balanceOf(EXECUTOR) - before;
        vm.assertEq(supply - token.totalSupply(), 2 * DEMAND_BOND);
        vm.assertTrue(award > 0 && award <= DEMAND_BOND / 2);
        vm.assertEq(demands.demandOf(third).left, DEMAND_BOND - award);
        // The award pays for the burning, too.
        vm.assertGe(award, demands.costOf(100_000));
        // Nor does the fall of the assertion bring it back.
        vm.prank(DISPUTE);
        rollup.reject(assertion, OTHER, 0);
        demands.settle(third);
        vm.assertEq(demands.balanceOf(CHALLENGER), DEMAND_BOND - award);
    }

    /// @dev However dear gas is, and however much was paid: half of the base bond.
    function test_TheAwardIsOutOfTheBaseBond() public {
        Ledger.Settings memory settings = _settings(DEMAND_BOND);
        settings.gasPrice = 1e15;
        vm.etch(DEMANDS, address(_newDemands(settings, DEMAND)).code);
        for (uint64 i = 0; i < 4; ++i) {
            _demandLeaf(i);
        }
        for (uint64 i = 0; i < 4; ++i) {
            _answer(i);
            vm.assertEq(demands.balanceOf(EXECUTOR), (i + 1) * DEMAND_BOND / 2);
            vm.assertEq(demands.demandOf(_idOf(i)).left, DEMAND_BOND / 2);
        }
    }

    function test_WhatIsOpenIsGivenBackWhenTheAssertionIsRejected() public {
        DemandId[] memory ids = new DemandId[](5);
        for (uint64 i = 0; i < 5; ++i) {
            ids[i] = _demandLeaf(i);
        }
        vm.prank(DISPUTE);
        rollup.reject(assertion, OTHER, 0);
        uint256 supply = token.totalSupply();
        for (uint256 i = 0; i < 5; ++i) {
            demands.settle(ids[i]);
        }
        vm.assertEq(demands.balanceOf(CHALLENGER), 15 * DEMAND_BOND);
        vm.assertEq(token.totalSupply(), supply);
    }

    /// @dev Else a liar could keep demands dear at no risk, by those about an assertion that has fallen.
    function test_ARejectionFreesTheAsserterOfAllThatAreOpen() public {
        DemandId[] memory ids = new DemandId[](5);
        for (uint64 i = 0; i < 5; ++i) {
            ids[i] = _demandLeaf(i);
        }
        vm.prank(CHALLENGER);
        demands.demandStep(parent, 1);
        vm.prank(DISPUTE);
        rollup.reject(assertion, OTHER, 0);
        vm.assertEq(demands.openOf(EXECUTOR), 6);
        demands.settle(ids[3]);
        vm.assertEq(demands.openOf(EXECUTOR), 1);
        vm.assertEq(demands.standingOf(assertion).open, 0);
        demands.settle(ids[0]);
        vm.assertEq(demands.openOf(EXECUTOR), 1);
        vm.warp(START + 5 hours);
        demands.expire(demands.demandIdOf(parent, _rootOf(parent), 2, 1));
        vm.assertEq(demands.openOf(EXECUTOR), 0);
        vm.assertEq(demands.balanceOf(CHALLENGER), DEMAND_BOND * (1 + 4 + 6));
    }

    /// @dev A bond that was allowed for another price is not taken.
    function test_RevertWhen_TheAllowanceIsForALowerPrice() public {
        vm.prank(OTHER);
        token.approve(DEMANDS, DEMAND_BOND);
        _demandLeaf(0);
        vm.prank(OTHER);
        vm.expectPartialRevert(IERC20Errors.ERC20InsufficientAllowance.selector);
        demands.demandStep(assertion, 1);
    }

    /// @dev All but the last are answered in time. The sender brings the asserter down, and has lost more than it.
    function testFuzz_AFloodThatMakesAnAsserterLateCostsMoreThanItsBond(uint64 count) public {
        count = uint64(bound(count, 2, 80));
        uint256 before = token.balanceOf(CHALLENGER);
        for (uint64 i = 0; i < count; ++i) {
            _demandLeaf(i);
        }
        uint256 supply = token.totalSupply();
        for (uint64 i = 0; i + 1 < count; ++i) {
            _answer(i);
        }
        uint256 n = count - 1;
        vm.assertEq(supply - token.totalSupply(), DEMAND_BOND * n * (n - 1) / 2);
        DemandId last = _idOf(count - 1);
        vm.warp(demands.demandOf(last).deadline);
        demands.expire(last);
        for (uint64 i = 0; i + 1 < count; ++i) {
            demands.settle(_idOf(i));
        }
        vm.startPrank(CHALLENGER);
        demands.withdraw();
        stakes.claimReward();
        vm.stopPrank();
        vm.assertEq(stakes.activeOf(EXECUTOR, Role.EXECUTOR), STAKE - BOND);
        // Lost for good: the surcharges, and what the answers were paid with; won: at most half of the asserter's bond.
        uint256 after_ = token.balanceOf(CHALLENGER);
        vm.assertLe(after_ + DEMAND_BOND * n * (n - 1) / 2, before + BOND / 2);
        // Whoever answers one publishAll in the time of four has made the sender pay for it.
        if (count > STRETCH * ANSWERS) vm.assertGe(before - after_, 50 * BOND);
    }

    /// @dev Whoever answers twelve demands a period, as they come, is late with none, in whatever rhythm they come, while fewer
    /// than 48 are open at once.
    function testFuzz_NobodyIsLateWhoAnswersTwelveAPeriod(uint256 seed) public {
        uint64 made = 0;
        uint256 answered = 0;
        for (uint256 tick = 0; tick < 80; ++tick) {
            seed = uint256(keccak256(abi.encode(seed)));
            // Often none, sometimes as many as there is room for.
            uint256 many = seed % 4 == 0 ? (seed >> 8) % (STRETCH * ANSWERS) : (seed >> 8) % 3;
            for (; many > 0 && queue.length - answered + 1 < STRETCH * ANSWERS; --many) {
                queue.push(_demandLeaf(made++));
            }
            vm.warp(block.timestamp + DEMAND / ANSWERS);
            if (answered == queue.length) continue;
            _answer(uint64(answered++));
        }
    }

    /// @dev Demands about one's own assertion, so that honest ones are dear: they cost the square of what the honest one pays,
    /// and all of it is lost at the latest after four periods, or the assertion is.
    function testFuzz_MakingHonestDemandsDearCostsTheSquare(uint64 own) public {
        own = uint64(bound(own, 1, 60));
        uint256 before = token.balanceOf(CHALLENGER);
        for (uint64 i = 0; i < own; ++i) {
            _demandLeaf(i);
        }
        uint256 locked = before - token.balanceOf(CHALLENGER);
        uint256 price = demands.bondFor(assertion);
        vm.assertEq(price, DEMAND_BOND * (own + 1));
        vm.assertEq(locked, DEMAND_BOND * own * (own + 1) / 2);
        vm.prank(OTHER);
        DemandId honest = demands.demandStep(assertion, 599);
        vm.assertLe(demands.demandOf(honest).deadline, START + STRETCH * DEMAND);
        if (own % 2 == 0) {
            // It answers what it has demanded itself, and not the honest one.
            uint256 supply = token.totalSupply();
            for (uint64 i = 0; i < own; ++i) {
                _answer(i);
            }
            vm.assertEq(supply - token.totalSupply(), locked - DEMAND_BOND * own);
        }
        vm.warp(START + STRETCH * DEMAND);
        demands.expire(honest);
        vm.assertEq(demands.balanceOf(OTHER), price);
        vm.assertTrue(stakes.rewardOf(OTHER) > 0);
    }

    /// @dev Nobody can close the door on the honest one: he pays, and is heard.
    function test_ThereIsNoLastDemand() public {
        for (uint64 i = 0; i < 200; ++i) {
            _demandLeaf(i);
        }
        token.mint(OTHER, 1_000_000 ether);
        vm.prank(OTHER);
        demands.demandStep(assertion, 599);
        vm.assertEq(demands.openOf(EXECUTOR), 201);
        vm.assertEq(rollup.assertionOf(assertion).openGames, 201);
        vm.assertEq(uint256(rollup.statusOf(assertion)), uint256(Assertions.Status.PENDING));
    }

    function _answer(uint64 leaf) private {
        demands.publish(_idOf(leaf), list.leaf(leaf), list.path(10, leaf));
    }

    function _idOf(uint64 leaf) private view returns (DemandId) {
        return demands.demandIdOf(assertion, list.root(), 10, leaf);
    }

    function _rootOf(AssertionId id) private view returns (bytes32 root) {
        (root,) = rollup.stepListOf(id);
    }
}
