// SPDX-License-Identifier: MIT
// docs/court.md#money: whatever is called in whatever order, the court holds exactly what it owes, takes no more than was at
// risk, pays nobody twice and decides once.
pragma solidity 0.8.37;

import {InferenceCourt} from "../../src/InferenceCourt.sol";
import {Verdict} from "../../src/court/Ballots.sol";
import {Purse} from "../../src/court/Purse.sol";
import {ShownItem} from "../../src/court/SignedItems.sol";
import {Role} from "../../src/lib/Types.sol";
import {CourtNetwork} from "../support/CourtNetwork.sol";
import {FuzzTargets} from "../support/Fuzz.sol";
import {bound, vm} from "../support/Vm.sol";

contract CasesHandler is CourtNetwork {
    uint256 private constant VOTERS = 5;

    uint256 public opened;
    mapping(uint256 id => uint256 status) private _closedAs;
    mapping(uint256 id => uint256) public slashedFor;
    bool public decidedTwice;
    bool public tookTooMuch;

    constructor() {
        setUp();
        _addVoters(VOTERS, STAKE);
        _post(EXACT);
    }

    function open(uint256 index, uint256 who) external {
        ShownItem memory shown = _shown(index % ITEMS);
        vm.prank(who & 1 == 0 ? CHALLENGER : APPELLANT);
        try court.open(shown) {
            ++opened;
        } catch {}
        vm.roll(block.number + 2);
    }

    function commit(uint256 id, uint256 voter, uint256 said) external {
        id = _case(id);
        if (id == 0) return;
        (, uint256 round,) = court.phaseOf(id);
        address account = voters[voter % VOTERS];
        bytes32 commitment = court.hashCommitment(id, round, account, _verdict(said), 0, _salt(account));
        vm.prank(account);
        try court.commit(id, round, commitment) {} catch {}
    }

    /// @dev A whole round: all commit, mostly to the same, and all but one reveal, or all. Else a quorum would be rare.
    function vote(uint256 id, uint256 said, uint256 silent) external {
        id = _case(id);
        if (id == 0) return;
        (InferenceCourt.Phase phase, uint256 round, uint256 until) = court.phaseOf(id);
        if (phase != InferenceCourt.Phase.COMMIT) return;
        for (uint256 i = 0; i < VOTERS; ++i) {
            _commit(id, round, voters[i], _said(said, i));
        }
        vm.warp(until);
        for (uint256 i = 0; i < VOTERS; ++i) {
            if (i + 1 == VOTERS && silent % 3 == 0) continue;
            _reveal(id, round, voters[i], _said(said, i));
        }
        vm.warp(round == 1 ? court.deadlinesOf(id).reveal : court.deadlinesOf(id).secondReveal);
    }

    function reveal(uint256 id, uint256 voter, uint256 said) external {
        id = _case(id);
        address account = voters[voter % VOTERS];
        try court.reveal(id, court.caseOf(id).round, account, _verdict(said), 0, _salt(account)) {} catch {}
    }

    function appeal(uint256 id, uint256 who) external {
        vm.prank(who & 1 == 0 ? CHALLENGER : APPELLANT);
        try court.appeal(_case(id)) {} catch {}
    }

    function veto(uint256 id, uint256 chance) external {
        if (chance % 2 > 0) return;
        vm.prank(GUARDIAN);
        try court.veto(_case(id)) {} catch {}
    }

    function tally(uint256 id) external {
        try court.tally(_case(id)) {} catch {}
    }

    /// @dev Mostly when nobody can appeal or veto any more: what was in time then had its turn before.
    function execute(uint256 id, uint256 chance) external {
        id = _case(id);
        if (chance % 4 > 0) _passVeto(id);
        uint256 risk = _riskOf(gateway, Role.GATEWAY);
        for (uint256 i = 0; i < ITEMS; ++i) {
            try court.execute(id, _item(i, EXACT)) {
                uint256 taken = risk - _riskOf(gateway, Role.GATEWAY);
                if (taken > PENALTY || slashedFor[id] > 0) tookTooMuch = true;
                slashedFor[id] += taken;
            } catch {}
        }
    }

    function claim(uint256 id, uint256 round, uint256 voter) external {
        try court.claim(_case(id), 1 + round % 2, voters[voter % VOTERS]) {} catch {}
    }

    function punish(uint256 id, uint256 round, uint256 voter) external {
        address account = voters[voter % VOTERS];
        uint256 risk = _riskOf(account, Role.VALIDATOR);
        try court.punish(_case(id), 1 + round % 2, account) returns (uint256 slashed) {
            if (slashed > STAKE / 100 || risk - _riskOf(account, Role.VALIDATOR) != slashed) tookTooMuch = true;
        } catch {}
    }

    function withdraw(uint256 who) external {
        address account = who % 3 == 0 ? CHALLENGER : who % 3 == 1 ? APPELLANT : voters[who % VOTERS];
        vm.prank(account);
        try court.withdraw() {} catch {}
    }

    function pass(uint256 time) external {
        vm.warp(block.timestamp + bound(time, 30 minutes, 3 hours));
        for (uint256 id = 1; id <= court.caseCount(); ++id) {
            uint256 status = _statusOf(id);
            if (status < uint256(InferenceCourt.Status.UPHELD)) continue;
            if (_closedAs[id] > 0 && _closedAs[id] != status) decidedTwice = true;
            _closedAs[id] = status;
        }
    }

    function held() external view returns (uint256) {
        return token.balanceOf(COURT);
    }

    function owed() external view returns (uint256 sum) {
        sum = court.balanceOf(CHALLENGER) + court.balanceOf(APPELLANT);
        for (uint256 i = 0; i < VOTERS; ++i) {
            sum += court.balanceOf(voters[i]);
        }
        for (uint256 id = 1; id <= court.caseCount(); ++id) {
            InferenceCourt.Case memory case_ = court.caseOf(id);
            if (uint256(case_.status) < uint256(InferenceCourt.Status.UPHELD)) {
                sum += COURT_BOND + (case_.appellant == address(0) ? 0 : 2 * COURT_BOND);
            }
            sum += court.potOf(id, 1).amount + court.potOf(id, 2).amount;
        }
    }

    /// @dev One case at most of each item was not dismissed.
    function checkOncePerItem() external view {
        for (uint256 i = 0; i < ITEMS; ++i) {
            uint256 count = 0;
            for (uint256 id = 1; id <= court.caseCount(); ++id) {
                InferenceCourt.Case memory case_ = court.caseOf(id);
                if (case_.itemHash == keccak256(_item(i, EXACT)) && case_.status != InferenceCourt.Status.DISMISSED) {
                    ++count;
                }
            }
            vm.assertLe(count, 1);
        }
    }

    /// @dev Three in four say the same.
    function _said(uint256 said, uint256 voter) private pure returns (Verdict) {
        return _verdict((said >> (8 * voter)) & 3 == 0 ? said >> 128 : said >> 120);
    }

    /// @dev WRONG and UPHELD in most cases.
    function _verdict(uint256 said) private pure returns (Verdict) {
        said = said & 0xff;
        return said < 110
            ? Verdict.WRONG
            : said < 220 ? Verdict.UPHELD : said < 240 ? Verdict.UNAVAILABLE : Verdict.INCONCLUSIVE;
    }

    function _passVeto(uint256 id) private {
        for (uint256 i = 0; i < 2; ++i) {
            (InferenceCourt.Phase phase,, uint256 until) = court.phaseOf(id);
            if (phase == InferenceCourt.Phase.APPEAL || phase == InferenceCourt.Phase.VETO) vm.warp(until);
        }
    }

    function _case(uint256 id) private view returns (uint256) {
        uint256 count = court.caseCount();
        return count == 0 ? 0 : 1 + id % count;
    }

    function _riskOf(address account, Role role) private view returns (uint256) {
        return stakes.activeOf(account, role);
    }
}

contract CasesInvariantTest is FuzzTargets {
    CasesHandler private handler;

    function setUp() public {
        handler = new CasesHandler();
        bytes4[] memory selectors = new bytes4[](13);
        selectors[0] = CasesHandler.open.selector;
        selectors[1] = CasesHandler.commit.selector;
        selectors[2] = CasesHandler.vote.selector;
        selectors[3] = CasesHandler.reveal.selector;
        selectors[4] = CasesHandler.appeal.selector;
        selectors[5] = CasesHandler.veto.selector;
        selectors[6] = CasesHandler.tally.selector;
        selectors[7] = CasesHandler.execute.selector;
        selectors[8] = CasesHandler.claim.selector;
        selectors[9] = CasesHandler.punish.selector;
        selectors[10] = CasesHandler.withdraw.selector;
        selectors[11] = CasesHandler.pass.selector;
        selectors[12] = CasesHandler.vote.selector;
        _target(address(handler), selectors);
    }

    function invariant_TheCourtHoldsExactlyWhatItOwes() public view {
        vm.assertEq(handler.held(), handler.owed());
    }

    function invariant_NothingIsTakenThatWasNotAtRisk() public view {
        vm.assertFalse(handler.tookTooMuch());
    }

    function invariant_ACaseIsDecidedOnce() public view {
        vm.assertFalse(handler.decidedTwice());
        handler.checkOncePerItem();
    }
}
