// SPDX-License-Identifier: MIT
// docs/disputes.md#game: liars play whatever they like, against one honest asserter and for one false assertion.
pragma solidity 0.8.37;

import {Assertions} from "../../src/Assertions.sol";
import {DemandId, Demands} from "../../src/Demands.sol";
import {Dispute, GameId, GameKey} from "../../src/Dispute.sol";
import {Segment} from "../../src/dispute/SegmentList.sol";
import {AssertionId, Role} from "../../src/lib/Types.sol";
import {FuzzTargets} from "../support/Fuzz.sol";
import {GameNetwork} from "../support/GameNetwork.sol";
import {Trees} from "../support/Trees.sol";
import {bound, vm} from "../support/Vm.sol";

contract GamesHandler is GameNetwork {
    uint256 private constant TRUTH = type(uint256).max;
    uint256 private constant MAX_GAMES = 8;

    AssertionId public honest;
    AssertionId public wrong;
    bytes internal honestSteps;
    bytes internal wrongSteps;
    GameId[] public games;
    DemandId[] public asked;
    mapping(GameId => Dispute.Status) private decided;
    uint256 public decisions;

    constructor() {
        setUp();
        AssertionId parent = _prepare();
        honest = _assertOn(parent, honestSteps, EXECUTOR);
        wrong = _assertOn(parent, wrongSteps, RIVAL);
        _remember(_open(wrong, DELAYED_STEP, CHALLENGER, false, TRUTH));
    }

    modifier answered() {
        _;
        _answer();
    }

    /// @dev A fake challenge of any step of either assertion; the kernel does what the assertion says.
    function open(bool ofHonest, uint256 step, uint256 from) external answered {
        if (games.length == MAX_GAMES) return;
        // The first step of both begins with the same leaf and message, hence with the same machine.
        step = 1 + step % 2;
        AssertionId id = ofHonest ? honest : wrong;
        stepList = ofHonest ? honestSteps : wrongSteps;
        if (!_isJudged(id) || block.timestamp >= rollup.assertionOf(id).deadline) return;
        address challenger = address(uint160(0xfa000 + games.length));
        _fund(challenger);
        _remember(_open(id, step, challenger, true, bound(from, 1, 1 << 40)));
    }

    /// @dev Whoever lies and is to move disputes any segment with any list.
    function lie(uint256 which, uint256 index, uint256 salt) external answered {
        GameId id = games[which % games.length];
        if (boards[id].lists == LISTS) return;
        Segment memory segment = _segment(id, index % 32);
        bytes32[32] memory list;
        for (uint256 i = 0; i < 32; ++i) {
            list[i] = keccak256(abi.encode(salt, i));
        }
        vm.prank(_liarOf(id));
        try dispute.move(_key(id), _posted(id), segment, list) {
            vm.assertTrue(decided[id] == Dispute.Status.NONE);
            _note(id, segment, list);
        } catch {}
    }

    /// @dev A true step of a machine that the liar has made up, or of the trace. A machine of the trace has one step only.
    function proveFalsely(uint256 which, uint256 index, bool madeUp) external answered {
        GameId id = games[which % games.length];
        Segment memory segment = _segment(id, index % 32);
        bool isTrue = segment.start == verifier.machineAt(boards[id].start, boards[id].position + index % 32);
        bytes memory proof = madeUp && !isTrue ? abi.encode(segment.start) : _proofAt(id, index % 32);
        vm.prank(_liarOf(id));
        try dispute.prove(_key(id), _posted(id), segment, proof) {} catch {}
    }

    function wait(uint256 time) external answered {
        vm.warp(block.timestamp + bound(time, 0, 11 hours));
    }

    function timeout(uint256 which) external answered {
        try dispute.timeout(_key(games[which % games.length])) {} catch {}
    }

    function refund(uint256 which) external answered {
        try dispute.refund(_key(games[which % games.length])) {} catch {}
    }

    function withdraw(uint256 which) external answered {
        vm.prank(_key(games[which % games.length]).challenger);
        try dispute.withdraw() {} catch {}
    }

    function demand(bool ofHonest, uint64 leaf) external answered {
        vm.prank(OTHER);
        try demands.demandStep(ofHonest ? honest : wrong, leaf % 5) returns (DemandId id) {
            asked.push(id);
        } catch {}
    }

    function demandNodes(bool ofHonest) external answered {
        vm.prank(OTHER);
        try demands.demandNodes(ofHonest ? honest : wrong, 0, 0) returns (DemandId id) {
            asked.push(id);
        } catch {}
    }

    function expire(uint256 which) external answered {
        if (asked.length == 0) return;
        DemandId id = asked[which % asked.length];
        try demands.expire(id) {} catch {}
        try demands.settle(id) {} catch {}
    }

    function confirm(bool ofHonest) external answered {
        try rollup.confirm(ofHonest ? honest : wrong) {
            vm.assertTrue(ofHonest);
        } catch {}
    }

    function checkMoney() external view {
        uint256 owed = dispute.balanceOf(EXECUTOR) + dispute.balanceOf(RIVAL) + dispute.balanceOf(OTHER);
        uint256 owedBytes = demands.balanceOf(EXECUTOR) + demands.balanceOf(RIVAL) + demands.balanceOf(OTHER);
        for (uint256 i = 0; i < games.length; ++i) {
            Dispute.Game memory game = dispute.gameOf(games[i]);
            if (game.status == Dispute.Status.OPEN) owed += GAME_BOND;
            owed += dispute.balanceOf(_key(games[i]).challenger);
        }
        for (uint256 i = 0; i < asked.length; ++i) {
            Demands.Demand memory one = demands.demandOf(asked[i]);
            bool held = one.status == Demands.DemandStatus.OPEN || one.status == Demands.DemandStatus.PUBLISHED;
            if (held) owedBytes += one.left;
        }
        vm.assertEq(token.balanceOf(DISPUTE), owed);
        vm.assertEq(token.balanceOf(DEMANDS), owedBytes);
    }

    /// @dev What an asserter is counted for are the open demands about what it has pending.
    function checkCounts() external view {
        uint256 ofHonest = 0;
        uint256 ofWrong = 0;
        for (uint256 i = 0; i < asked.length; ++i) {
            Demands.Demand memory one = demands.demandOf(asked[i]);
            if (one.status != Demands.DemandStatus.OPEN) continue;
            if (one.assertion == honest) ++ofHonest;
            else ++ofWrong;
        }
        _checkCount(honest, EXECUTOR, ofHonest);
        _checkCount(wrong, RIVAL, ofWrong);
    }

    /// @dev Whatever the liars do, and however it ends.
    function checkHonesty() external view {
        vm.assertEq(stakes.activeOf(EXECUTOR, Role.EXECUTOR), STAKE);
        uint256 asserters = token.balanceOf(EXECUTOR) + dispute.balanceOf(EXECUTOR) + demands.balanceOf(EXECUTOR);
        vm.assertGe(asserters, FUNDS);
        uint256 challengers = token.balanceOf(CHALLENGER) + dispute.balanceOf(CHALLENGER);
        if (dispute.gameOf(games[0]).status == Dispute.Status.OPEN) challengers += GAME_BOND;
        vm.assertGe(challengers, FUNDS);
    }

    function checkTruth() external view {
        vm.assertTrue(rollup.statusOf(honest) != Assertions.Status.REJECTED);
        vm.assertTrue(rollup.statusOf(wrong) != Assertions.Status.CONFIRMED);
        vm.assertTrue(dispute.gameOf(games[0]).status != Dispute.Status.ASSERTER_WON);
    }

    function checkDecisions() external view {
        for (uint256 i = 0; i < games.length; ++i) {
            if (decided[games[i]] == Dispute.Status.NONE) continue;
            vm.assertEq(uint256(dispute.gameOf(games[i]).status), uint256(decided[games[i]]));
        }
    }

    /// @dev Sets both step lists.
    /// @return parent what both are to be asserted on
    function _prepare() internal virtual returns (AssertionId parent) {
        (honestSteps, wrongSteps) = (_steps("honest"), _steps("wrong"));
        parent = rollup.genesis();
    }

    function _isJudged(AssertionId id) private view returns (bool) {
        return rollup.statusOf(id) == Assertions.Status.PENDING && !rollup.isMoot(id);
    }

    function _checkCount(AssertionId id, address asserter, uint256 expected) private view {
        uint256 counted = demands.openOf(asserter);
        vm.assertEq(demands.standingOf(id).open, counted);
        vm.assertTrue(counted == expected || (!_isJudged(id) && (counted == 0 || counted > expected)));
    }

    /// @dev The honest asserter, and the honest challenger of the first game, move whenever it is their turn. None of
    /// these calls may revert.
    function _answer() private {
        for (uint256 i = 0; i < games.length; ++i) {
            GameId id = games[i];
            Dispute.Game memory game = dispute.gameOf(id);
            if (game.status != Dispute.Status.OPEN) {
                if (decided[id] == Dispute.Status.NONE) (decided[id], decisions) = (game.status, decisions + 1);
                continue;
            }
            bool asserters = game.lists % 2 == 1;
            if (!_isJudged(_key(id).assertion)) continue;
            if (asserters && _key(id).assertion == honest) {
                _move(id, _disagreement(id, TRUTH, EXECUTOR), EXECUTOR, TRUTH);
            } else if (!asserters && i == 0) {
                uint256 index = _disagreement(id, TRUTH, CHALLENGER);
                if (game.lists < LISTS) _move(id, index, CHALLENGER, TRUTH);
                else _prove(id, index, CHALLENGER);
            }
        }
        for (uint256 i = 0; i < asked.length; ++i) {
            Demands.Demand memory one = demands.demandOf(asked[i]);
            bool ours = one.assertion == honest && one.status == Demands.DemandStatus.OPEN;
            if (!ours || !_isJudged(honest)) continue;
            if (one.depth == 0) {
                demands.publishNodes(asked[i], _leafHashes(honestSteps), new bytes32[](0));
            } else {
                bytes memory leaf = Trees.slice(honestSteps, one.index * 128, 128);
                demands.publish(asked[i], leaf, Trees.pathOf(honestSteps, one.index, 0));
            }
        }
    }

    function _leafHashes(bytes memory steps) private pure returns (bytes32[] memory nodes) {
        nodes = new bytes32[](4);
        for (uint256 i = 0; i < 4; ++i) {
            nodes[i] = Trees.nodeAt(steps, i, 0);
        }
    }

    /// @dev Whoever is to move, unless he is honest: then anyone else.
    function _liarOf(GameId id) private view returns (address) {
        GameKey memory key = _key(id);
        if (boards[id].lists % 2 == 1) return key.assertion == wrong ? RIVAL : OTHER;
        return key.challenger == CHALLENGER ? OTHER : key.challenger;
    }

    function _remember(GameId id) private {
        games.push(id);
    }
}

contract GamesInvariants is FuzzTargets {
    GamesHandler internal handler;

    function setUp() public virtual {
        handler = new GamesHandler();
        _target(address(handler), _calls(0));
    }

    /// @param more places behind the last one
    function _calls(uint256 more) internal pure returns (bytes4[] memory selectors) {
        selectors = new bytes4[](11 + more);
        selectors[0] = GamesHandler.open.selector;
        selectors[1] = GamesHandler.lie.selector;
        selectors[2] = GamesHandler.proveFalsely.selector;
        selectors[3] = GamesHandler.wait.selector;
        selectors[4] = GamesHandler.timeout.selector;
        selectors[5] = GamesHandler.refund.selector;
        selectors[6] = GamesHandler.withdraw.selector;
        selectors[7] = GamesHandler.demand.selector;
        selectors[8] = GamesHandler.expire.selector;
        selectors[9] = GamesHandler.confirm.selector;
        selectors[10] = GamesHandler.demandNodes.selector;
    }

    function invariant_EveryTokenIsOwed() public view {
        handler.checkMoney();
    }

    function invariant_DemandsAreCountedForWhomTheyPress() public view {
        handler.checkCounts();
    }

    function invariant_NobodyHonestIsPoorer() public view {
        handler.checkHonesty();
    }

    function invariant_TheTruthIsNotRejectedAndTheLieNotConfirmed() public view {
        handler.checkTruth();
    }

    function invariant_NothingMovesAfterADecision() public view {
        handler.checkDecisions();
    }
}
