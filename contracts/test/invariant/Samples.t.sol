// SPDX-License-Identifier: MIT
// docs/attestations.md#sample-games: liars play whatever they like, against an honest attester and for one that has lied.
pragma solidity 0.8.37;

import {Dispute} from "../../src/Dispute.sol";
import {SampleGameId} from "../../src/Samples.sol";
import {Segment} from "../../src/dispute/SegmentList.sol";
import {Role} from "../../src/lib/Types.sol";
import {FuzzTargets} from "../support/Fuzz.sol";
import {SampleNetwork} from "../support/SampleNetwork.sol";
import {bound, vm} from "../support/Vm.sol";

contract SamplesHandler is SampleNetwork {
    uint256 private constant HONEST_KEY = 77;
    uint256 private constant LIAR_KEY = 78;
    uint256 private constant MAX_GAMES = 8;
    /// @dev Where the liar's machine goes wrong.
    uint256 private constant LIE = 777;

    address private immutable honest = vm.addr(HONEST_KEY);
    bytes32[2] private honestMachines;
    SampleGameId[] public games;
    mapping(SampleGameId => Dispute.Status) private decided;
    uint256 public decisions;

    constructor() {
        setUp();
        honestMachines = _trueMachines();
        _askAndOpen(honestMachines);
        _become(LIAR_KEY);
        bytes32[2] memory machines = _wrongMachines(0, LIE);
        _askAndOpen(machines);
        games.push(_challenge(machines, 0, CHALLENGER, TRUTH));
        _become(HONEST_KEY);
    }

    modifier answered() {
        _;
        _answer();
    }

    /// @dev A fake challenge of what is true.
    function challenge(uint256 sample, uint256 from) external answered {
        if (games.length == MAX_GAMES || block.timestamp >= START + WINDOW) return;
        address challenger = address(uint160(0xfa000 + games.length));
        _fund(challenger);
        vm.prank(challenger);
        token.approve(SAMPLES, type(uint256).max);
        games.push(_challenge(honestMachines, sample % 2, challenger, bound(from, 1, RANGE)));
    }

    /// @dev Whoever lies and is to move disputes any segment with any list.
    function lie(uint256 which, uint256 index, uint256 salt) external answered {
        SampleGameId id = games[which % games.length];
        SampleBoard storage board = sampleBoards[id];
        if (board.lists == SAMPLE_LISTS) return;
        Segment memory segment = _sampleSegment(id, index % 32);
        bytes32[32] memory list;
        for (uint256 i = 0; i < 32; ++i) {
            list[i] = keccak256(abi.encode(salt, i));
        }
        vm.prank(_liarOf(id));
        try samples.move(_sampleKey(id), _samplePosted(id), segment, list) {
            vm.assertTrue(decided[id] == Dispute.Status.NONE);
            board.position += segment.index << (5 * (SAMPLE_LISTS - board.lists));
            (board.list, board.rangeStart) = (list, segment.start);
            board.lists += 1;
        } catch {}
    }

    /// @dev A true step of a machine that the liar has made up, of the trace, or none. A machine of the trace has one step only.
    function proveFalsely(uint256 which, uint256 index, uint256 kind) external answered {
        SampleGameId id = games[which % games.length];
        Segment memory segment = _sampleSegment(id, index % 32);
        SampleBoard storage board = sampleBoards[id];
        bool isTrue = segment.start == _taken(board, board.position + index % 32, TRUTH, address(0));
        bytes memory proof = kind % 3 == 0 && !isTrue ? abi.encode(segment.start) : _sampleProof(id, index % 32);
        if (kind % 3 == 1) proof = "";
        vm.prank(_liarOf(id));
        try samples.prove(_sampleKey(id), _samplePosted(id), segment, proof) {} catch {}
    }

    function wait(uint256 time) external answered {
        vm.warp(block.timestamp + bound(time, 0, 11 hours));
    }

    function timeout(uint256 which) external answered {
        try samples.timeout(_sampleKey(games[which % games.length])) {} catch {}
    }

    function refund(uint256 which) external answered {
        try samples.refund(_sampleKey(games[which % games.length])) {} catch {}
    }

    function withdraw(uint256 which) external answered {
        vm.prank(_sampleKey(games[which % games.length]).challenger);
        try samples.withdraw() {} catch {}
    }

    function checkMoney() external view {
        uint256 owed = samples.balanceOf(honest) + samples.balanceOf(vm.addr(LIAR_KEY));
        for (uint256 i = 0; i < games.length; ++i) {
            if (samples.gameOf(games[i]).status == Dispute.Status.OPEN) owed += GAME_BOND;
            owed += samples.balanceOf(_sampleKey(games[i]).challenger);
        }
        vm.assertEq(token.balanceOf(SAMPLES), owed);
    }

    /// @dev Whatever the liars do, and however it ends.
    function checkHonesty() external view {
        vm.assertEq(stakes.activeOf(honest, Role.VALIDATOR), STAKE);
        vm.assertTrue(samples.gameOf(games[0]).status != Dispute.Status.ASSERTER_WON);
        for (uint256 i = 1; i < games.length; ++i) {
            vm.assertTrue(samples.gameOf(games[i]).status != Dispute.Status.CHALLENGER_WON);
        }
        uint256 challengers = token.balanceOf(CHALLENGER) + samples.balanceOf(CHALLENGER);
        if (samples.gameOf(games[0]).status == Dispute.Status.OPEN) challengers += GAME_BOND;
        vm.assertEq(challengers, FUNDS);
    }

    function checkPenalty() external view {
        uint256 left = stakes.activeOf(vm.addr(LIAR_KEY), Role.VALIDATOR);
        bool refuted = samples.gameOf(games[0]).status == Dispute.Status.CHALLENGER_WON;
        vm.assertEq(left, refuted ? STAKE - SAMPLE : STAKE);
    }

    function checkDecisions() external view {
        for (uint256 i = 0; i < games.length; ++i) {
            if (decided[games[i]] == Dispute.Status.NONE) continue;
            vm.assertEq(uint256(samples.gameOf(games[i]).status), uint256(decided[games[i]]));
        }
    }

    function _liarOf(SampleGameId id) private view returns (address) {
        address played = _sampleKey(id).question.attester;
        return played == honest ? _sampleKey(id).challenger : played;
    }

    /// @dev The honest attester, and the honest challenger of the first game, move whenever it is their turn. None of
    /// these calls may revert.
    function _answer() private {
        for (uint256 i = 0; i < games.length; ++i) {
            SampleGameId id = games[i];
            Dispute.Game memory game = samples.gameOf(id);
            if (game.status != Dispute.Status.OPEN) {
                if (decided[id] == Dispute.Status.NONE) (decided[id], decisions) = (game.status, decisions + 1);
                continue;
            }
            bool attesters = game.lists % 2 == 1;
            if (attesters == (i == 0)) continue;
            address player = attesters ? honest : CHALLENGER;
            uint256 index = _disputed(id, TRUTH, player);
            if (game.lists < SAMPLE_LISTS) _sampleMove(id, index, player, TRUTH);
            else _sampleProve(id, index, player);
        }
    }
}

contract SamplesInvariants is FuzzTargets {
    SamplesHandler private handler;

    function setUp() public {
        handler = new SamplesHandler();
        bytes4[] memory selectors = new bytes4[](7);
        selectors[0] = SamplesHandler.challenge.selector;
        selectors[1] = SamplesHandler.lie.selector;
        selectors[2] = SamplesHandler.proveFalsely.selector;
        selectors[3] = SamplesHandler.wait.selector;
        selectors[4] = SamplesHandler.timeout.selector;
        selectors[5] = SamplesHandler.refund.selector;
        selectors[6] = SamplesHandler.withdraw.selector;
        _target(address(handler), selectors);
    }

    /// @dev The contract holds what it owes, whoever is honest loses nothing, a lie costs one penalty, and what is decided stays.
    function invariant_EveryTokenIsWhoseItShouldBe() public view {
        handler.checkMoney();
        handler.checkHonesty();
        handler.checkPenalty();
        handler.checkDecisions();
    }
}
