// SPDX-License-Identifier: MIT
// docs/court.md#gas: what each call executes, written to contracts/snapshots/court.json.
pragma solidity 0.8.37;

import {Verdict} from "../../src/court/Ballots.sol";
import {ShownItem} from "../../src/court/SignedItems.sol";
import {CourtNetwork} from "../support/CourtNetwork.sol";
import {vm} from "../support/Vm.sol";

contract CourtGasTest is CourtNetwork {
    string private constant GROUP = "court";
    uint256 private constant VOTERS = 21;

    function test_Gas() public {
        _addVoters(VOTERS, STAKE);
        _post(EXACT);
        ShownItem memory shown = _shown(0);
        vm.prank(CHALLENGER);
        uint256 id = court.open(shown);
        vm.snapshotGasLastCall(GROUP, "open, 1 of 3 items");
        vm.roll(block.number + 2);
        court.draw(id);
        vm.snapshotGasLastCall(GROUP, "draw");
        for (uint256 i = 0; i < VOTERS; ++i) {
            _commit(id, 1, voters[i], Verdict.WRONG);
        }
        vm.snapshotGasLastCall(GROUP, "commit");
        vm.warp(court.deadlinesOf(id).commit);
        for (uint256 i = 0; i < VOTERS - 1; ++i) {
            _reveal(id, 1, voters[i], Verdict.WRONG);
        }
        vm.snapshotGasLastCall(GROUP, "reveal");
        vm.warp(court.deadlinesOf(id).reveal);
        court.tally(id);
        vm.snapshotGasLastCall(GROUP, "tally");
        vm.prank(WATCHER);
        court.punish(id, 1, voters[VOTERS - 1]);
        vm.snapshotGasLastCall(GROUP, "punish, not revealed");
        _appeal(id, APPELLANT);
        vm.snapshotGasLastCall(GROUP, "appeal");
        _vote(id, 2, VOTERS, 0);
        vm.warp(court.deadlinesOf(id).veto);
        court.tally(id);
        court.execute(id, _item(0, EXACT));
        vm.snapshotGasLastCall(GROUP, "execute, slashed and voided");
        court.claim(id, 1, voters[0]);
        vm.snapshotGasLastCall(GROUP, "claim");
        vm.prank(voters[0]);
        court.withdraw();
        vm.snapshotGasLastCall(GROUP, "withdraw");
        _upheld();
    }

    function _upheld() private {
        uint256 id = _open(1, CHALLENGER);
        _vote(id, 1, 0, VOTERS);
        vm.warp(court.deadlinesOf(id).appeal);
        court.tally(id);
        court.execute(id, _item(1, EXACT));
        vm.snapshotGasLastCall(GROUP, "execute, upheld");
    }
}
