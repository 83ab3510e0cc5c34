// SPDX-License-Identifier: MIT
// docs/contracts.md#escape: a network whose confirmed state is the one of contracts/test/vectors/escape.json, fully covered.
pragma solidity 0.8.37;

import {StateTrie} from "../../src/lib/StateTrie.sol";
import {AssertionId} from "../../src/lib/Types.sol";
import {Network} from "./Network.sol";
import {vector, vm} from "./Vm.sol";

abstract contract EscapeNetwork is Network {
    uint256 internal constant ACCOUNTS = 3;
    /// @dev Of the hundred records that make the trie deep.
    uint256 internal constant FILLERS = 4950;

    string internal json;
    AssertionId internal first;
    AssertionId internal last;

    function setUp() public virtual override {
        super.setUp();
        json = vector("escape");
        token.approve(address(inbox), type(uint256).max);
        inbox.deposit(USER, _stateTotal());
        string memory earlier = vector("state");
        first = _confirmNext(vm.parseJsonBytes32(earlier, ".before.root"));
        last = _confirmNext(vm.parseJsonBytes32(json, ".root"));
    }

    /// @dev A batch that nobody confirms, and the time until the network may be ended.
    function _fail() internal {
        _postBatch(1);
        vm.warp(block.timestamp + ESCAPE);
    }

    function _leaveAccount(uint256 i) internal {
        string memory entry = _entry("accounts", i);
        escape.leaveAccount(
            _accountOf(i),
            uint64(vm.parseJsonUint(json, string.concat(entry, ".nonce"))),
            _balanceOf(i),
            vm.parseJsonBytesArray(json, string.concat(entry, ".proof"))
        );
    }

    function _leaveRun(uint256 i) internal {
        escape.leaveRun(_runOf(i), _recordOf(i), _runProof(i));
    }

    function _withdraw() internal {
        bridge.withdraw(
            last,
            0,
            vm.parseJsonAddress(json, ".withdrawal.recipient"),
            vm.parseJsonUint(json, ".withdrawal.amount"),
            vm.parseJsonBytesArray(json, ".withdrawal.proof")
        );
    }

    function _claimFees() internal {
        bridge.claimFees(
            last,
            0,
            vm.parseJsonBytesArray(vector("state"), ".before.proof"),
            _fees(),
            vm.parseJsonBytesArray(json, ".fees.proof")
        );
    }

    function _fees() internal view returns (uint256) {
        return vm.parseJsonUint(json, ".fees.total");
    }

    function _accountOf(uint256 i) internal view returns (address) {
        return vm.parseJsonAddress(json, string.concat(_entry("accounts", i), ".account"));
    }

    function _balanceOf(uint256 i) internal view returns (uint256) {
        return vm.parseJsonUint(json, string.concat(_entry("accounts", i), ".balance"));
    }

    function _runOf(uint256 i) internal view returns (bytes32) {
        return vm.parseJsonBytes32(json, string.concat(_entry("runs", i), ".id"));
    }

    function _runProof(uint256 i) internal view returns (bytes[] memory) {
        return vm.parseJsonBytesArray(json, string.concat(_entry("runs", i), ".proof"));
    }

    function _recordOf(uint256 i) internal view returns (StateTrie.RunRecord memory record) {
        string memory entry = _entry("runs", i);
        record.workflow = vm.parseJsonBytes32(json, string.concat(entry, ".workflow"));
        record.owner = vm.parseJsonAddress(json, string.concat(entry, ".owner"));
        record.escrow = vm.parseJsonUint(json, string.concat(entry, ".escrow"));
        record.spent = vm.parseJsonUint(json, string.concat(entry, ".spent"));
        record.timestamp = uint64(vm.parseJsonUint(json, string.concat(entry, ".timestamp")));
        record.deadline = uint64(vm.parseJsonUint(json, string.concat(entry, ".deadline")));
        record.partitions = uint64(vm.parseJsonUint(json, string.concat(entry, ".partitions")));
        record.taskGasLimit = uint64(vm.parseJsonUint(json, string.concat(entry, ".taskGasLimit")));
        record.tasksLeft = uint64(vm.parseJsonUint(json, string.concat(entry, ".tasksLeft")));
        record.inputsHash = vm.parseJsonBytes32(json, string.concat(entry, ".inputsHash"));
        record.expiry = uint64(vm.parseJsonUint(json, string.concat(entry, ".expiry")));
        record.maxItemCost = vm.parseJsonUint(json, string.concat(entry, ".maxItemCost"));
        record.maxInferenceCost = vm.parseJsonUint(json, string.concat(entry, ".maxInferenceCost"));
        record.inferenceSpent = vm.parseJsonUint(json, string.concat(entry, ".inferenceSpent"));
        record.sinkTasks = uint64(vm.parseJsonUint(json, string.concat(entry, ".sinkTasks")));
        record.gasPrice = vm.parseJsonUint(json, string.concat(entry, ".gasPrice"));
        record.gateways = vm.parseJsonAddressArray(json, string.concat(entry, ".gateways"));
        uint256[] memory voided = vm.parseJsonUintArray(json, string.concat(entry, ".voided"));
        record.voided = new uint64[](voided.length);
        for (uint256 j = 0; j < voided.length; ++j) {
            record.voided[j] = uint64(voided[j]);
        }
    }

    /// @dev All that the state says is somebody's. The second run is done and has given its escrow back.
    function _stateTotal() internal view returns (uint256 sum) {
        sum = FILLERS + _fees() + vm.parseJsonUint(json, ".withdrawal.amount") + _restOf(0) + _restOf(2);
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            sum += _balanceOf(i);
        }
    }

    function _restOf(uint256 i) internal view returns (uint256) {
        StateTrie.RunRecord memory record = _recordOf(i);
        return record.escrow - record.spent;
    }

    function _entry(string memory list, uint256 i) private pure returns (string memory) {
        return string.concat(".", list, "[", vm.toString(i), "]");
    }
}
