// SPDX-License-Identifier: MIT
// docs/audits.md#gas: what each call executes, written to contracts/snapshots/audits.json.
pragma solidity 0.8.37;

import {Audits} from "../../src/Audits.sol";
import {ShownItem} from "../../src/court/SignedItems.sol";
import {AuditNetwork} from "../support/AuditNetwork.sol";
import {vm} from "../support/Vm.sol";

contract AuditsGasTest is AuditNetwork {
    string private constant GROUP = "audits";
    uint256 private constant CANARIES = 4;

    function test_Gas() public {
        _addVoters(3, STAKE);
        vm.warp(block.timestamp + PERIOD);
        _plant(1, CANARIES);
        vm.snapshotGasLastCall(GROUP, "plant");
        vm.warp(block.timestamp + 1);
        uint256 period = _postOwn(1, CANARIES);
        vm.warp(audits.phasesOf(period).from);
        audits.close(period);
        vm.snapshotGasLastCall(GROUP, "close");
        vm.roll(block.number + 2);
        bytes32[] memory findings = _findings(CANARIES);
        for (uint256 i = 0; i < 3; ++i) {
            _commitFindings(period, voters[i], findings);
        }
        vm.snapshotGasLastCall(GROUP, "commit");
        vm.warp(audits.phasesOf(period).commit);
        for (uint256 i = 0; i < CANARIES; ++i) {
            ShownItem memory shown = _shown(i);
            Audits.Planted memory planted = _planted(1, i);
            audits.open(shown, planted);
        }
        vm.snapshotGasLastCall(GROUP, "open, 1 of 4 items");
        vm.warp(audits.phasesOf(period).open);
        for (uint256 i = 0; i < 3; ++i) {
            _revealFindings(period, voters[i], findings);
        }
        vm.snapshotGasLastCall(GROUP, "reveal, 4 canaries");
        vm.warp(audits.phasesOf(period).reveal);
        token.approve(AUDITS, 10 ether);
        audits.fund(10 ether);
        audits.reward(period, 0);
        vm.snapshotGasLastCall(GROUP, "reward");
        vm.prank(gateway);
        audits.withdraw();
        vm.snapshotGasLastCall(GROUP, "withdraw");
        vm.assertFalse(audits.losesShare(voters[0], block.timestamp));
        vm.snapshotGasLastCall(GROUP, "losesShare, 4 canaries");
    }
}
