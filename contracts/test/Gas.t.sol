// SPDX-License-Identifier: MIT
// docs/contracts.md#gas: what each call executes, written to contracts/snapshots; a difference shows in a diff.
pragma solidity 0.8.37;

import {Rollup} from "../src/Rollup.sol";
import {AssertionId, Certificate} from "../src/lib/Types.sol";
import {Network} from "./support/Network.sol";
import {vector, vm} from "./support/Vm.sol";

contract GasTest is Network {
    string private constant GROUP = "gas";

    function setUp() public override {
        super.setUp();
        // Slots that are written in every round are not new in the rounds that are measured.
        token.approve(address(inbox), 100 ether);
        inbox.deposit(USER, 1 ether);
        _confirmNext(keccak256("first"));
        vm.prank(EXECUTOR);
        rollup.join();
        vm.warp(block.timestamp + 2 * rollup.ROUND_LEADS() * LEADER_SECONDS);
    }

    function test_Gas() public {
        inbox.deposit(USER, 1 ether);
        vm.snapshotGasLastCall(GROUP, "deposit");
        inbox.forceMessage(new bytes(4096));
        vm.snapshotGasLastCall(GROUP, "forceMessage of 4096 bytes");

        bytes32 root = keccak256("batch");
        Certificate memory certificate = _certify(keccak256(abi.encodePacked(root, uint64(1000))), 1000, 0xd);
        vm.prank(SEQUENCER);
        inbox.postBatch(1, root, 1000, 50, uint64(block.timestamp), 3, certificate);
        vm.snapshotGasLastCall(GROUP, "postBatch, 3 of 4");

        AssertionId parent = rollup.latestConfirmed();
        Rollup.Claim memory claim = _claim(parent, _leaf(vm.parseJsonBytes32(vector("state"), ".before.root"), 2));
        vm.prank(EXECUTOR);
        AssertionId id = rollup.createAssertion(claim);
        vm.snapshotGasLastCall(GROUP, "createAssertion, 3 of 4");
        vm.warp(block.timestamp + WINDOW);
        rollup.confirm(id);
        vm.snapshotGasLastCall(GROUP, "confirm");
        _measureBridge(id);
    }

    function _measureBridge(AssertionId parent) private {
        string memory json = vector("state");
        _postBatch(3);
        Rollup.Claim memory claim = _claim(parent, _leaf(vm.parseJsonBytes32(json, ".after.root"), 3));
        vm.prank(EXECUTOR);
        AssertionId id = rollup.createAssertion(claim);
        vm.warp(block.timestamp + WINDOW);
        rollup.confirm(id);
        address recipient = vm.parseJsonAddress(json, ".recipient");
        uint256 amount = vm.parseJsonUintArray(json, ".amounts")[0];
        bytes[] memory proof = vm.parseJsonBytesArray(json, ".proofs[0]");
        bridge.withdraw(id, 0, recipient, amount, proof);
        vm.snapshotGasLastCall(GROUP, "withdraw, 500 records");
        bytes[] memory beforeProof = vm.parseJsonBytesArray(json, ".before.proof");
        proof = vm.parseJsonBytesArray(json, ".after.proof");
        bridge.claimFees(id, 0, beforeProof, vm.parseJsonUint(json, ".after.fees"), proof);
        vm.snapshotGasLastCall(GROUP, "claimFees, 500 records");
    }
}
