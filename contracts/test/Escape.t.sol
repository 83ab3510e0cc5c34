// SPDX-License-Identifier: MIT
// docs/contracts.md#escape
pragma solidity 0.8.37;

import {Bridge} from "../src/Bridge.sol";
import {Escape} from "../src/Escape.sol";
import {Constants} from "../src/generated/Constants.sol";
import {StateTrie} from "../src/lib/StateTrie.sol";
import {EscapeNetwork} from "./support/EscapeNetwork.sol";
import {bound, vm} from "./support/Vm.sol";

contract EscapeTest is EscapeNetwork {
    string private constant GROUP = "escape";
    address private constant LATE = address(0x1a7e);

    /// @dev Balances, the rest of the running run's escrow, a withdrawal, a deposit that no confirmed state has taken in, and
    /// one after the end: then the fees, and the Bridge is empty.
    function test_EveryoneLeavesAndOnlyTheFeesStay() public {
        inbox.deposit(LATE, 7 ether);
        _fail();
        rollup.end();
        inbox.deposit(LATE, 3 ether);
        for (uint256 i = 0; i < 2; ++i) {
            _leaveAccount(i);
            uint256 rest = i == 1 ? _restOf(0) + _restOf(2) : 0;
            if (i == 1) _leaveRuns();
            vm.assertEq(token.balanceOf(_accountOf(i)), _balanceOf(i) + rest);
        }
        _withdraw();
        escape.leaveDeposit(_messages() - 1, LATE, 3 ether);
        escape.leaveDeposit(_messages() - 2, LATE, 7 ether);
        vm.assertEq(token.balanceOf(LATE), 10 ether);
        vm.assertEq(token.balanceOf(address(bridge)), _fees() + FILLERS);
        _claimFees();
        bridge.payEarnings(EXECUTOR);
        // Nobody has attested the state: the validators' part stays.
        vm.assertEq(token.balanceOf(address(bridge)), FILLERS + bridge.validatorPool());
    }

    /// @dev The refund of a voided item that the state has not taken in goes to the owner of its run, which may be done.
    function test_RefundsLeave() public {
        bytes[2] memory items = [_itemOf(0), _itemOf(1)];
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(address(registry));
            inbox.pushRegistryMessage(abi.encodePacked(Constants.ITEM_VOIDED, items[i], uint256(1 ether + i)));
            token.transfer(address(bridge), 1 ether + i);
        }
        _fail();
        rollup.end();
        uint64 index = _messages() - 2;
        StateTrie.RunRecord memory record = _recordOf(0);
        bytes[] memory proof = _runProof(0);
        vm.expectPartialRevert(Escape.DepositMismatch.selector);
        escape.leaveRefund(index, items[0], 2 ether, 1, record, proof);
        _expectMismatch(abi.encodePacked("R", _runOf(0)));
        escape.leaveRefund(index, items[0], 1 ether, 2, record, proof);
        escape.leaveRefund(index, items[0], 1 ether, 1, record, proof);
        vm.expectRevert(abi.encodeWithSelector(Escape.DepositHasLeft.selector, index));
        escape.leaveRefund(index, items[0], 1 ether, 1, record, proof);
        escape.leaveRefund(index + 1, items[1], 1 ether + 1, 2, _recordOf(1), _runProof(1));
        vm.assertEq(token.balanceOf(record.owner), 2 ether + 1);
    }

    function _itemOf(uint256 i) private view returns (bytes memory) {
        return abi.encodePacked(_runOf(i), uint16(3), uint32(1), uint16(0), keccak256("result"));
    }

    function _leaveRuns() private {
        _leaveRun(0);
        _leaveRun(2);
    }

    function test_RevertWhen_TheNetworkGoesOn() public {
        inbox.deposit(LATE, 1 ether);
        bytes memory refusal = abi.encodeWithSelector(Escape.NetworkHasNotEnded.selector, type(uint256).max);
        bytes[] memory none = new bytes[](0);
        vm.expectRevert(refusal);
        escape.leaveAccount(USER, 0, 1, none);
        StateTrie.RunRecord memory record = _recordOf(0);
        vm.expectRevert(refusal);
        escape.leaveRun(bytes32(0), record, none);
        uint64 index = _messages() - 1;
        vm.expectRevert(refusal);
        escape.leaveDeposit(index, LATE, 1 ether);
        // It may be ended now, and nobody has.
        _fail();
        vm.expectRevert(abi.encodeWithSelector(Escape.NetworkHasNotEnded.selector, block.timestamp));
        escape.leaveDeposit(index, LATE, 1 ether);
    }

    function test_EachLeavesOnce() public {
        inbox.deposit(LATE, 1 ether);
        _fail();
        rollup.end();
        uint64 index = _messages() - 1;
        vm.assertFalse(escape.depositLeft(index));
        _leaveAccount(0);
        _leaveRun(0);
        escape.leaveDeposit(index, LATE, 1 ether);
        vm.assertTrue(escape.accountLeft(_accountOf(0)));
        vm.assertTrue(escape.runLeft(_runOf(0)));
        vm.assertTrue(escape.depositLeft(index));
        bytes[] memory none = new bytes[](0);
        address account = _accountOf(0);
        vm.expectRevert(abi.encodeWithSelector(Escape.AccountHasLeft.selector, account));
        escape.leaveAccount(account, 0, 1, none);
        (bytes32 run, StateTrie.RunRecord memory record) = (_runOf(0), _recordOf(0));
        vm.expectRevert(abi.encodeWithSelector(Escape.RunHasLeft.selector, run));
        escape.leaveRun(run, record, none);
        vm.expectRevert(abi.encodeWithSelector(Escape.DepositHasLeft.selector, index));
        escape.leaveDeposit(index, LATE, 1 ether);
    }

    function test_RevertWhen_TheRunIsNotRunning() public {
        _fail();
        rollup.end();
        (bytes32 run, StateTrie.RunRecord memory record) = (_runOf(1), _recordOf(1));
        bytes[] memory proof = _runProof(1);
        _expectMismatch(abi.encodePacked("R", run));
        escape.leaveRun(run, record, proof);
    }

    function testFuzz_RevertWhen_TheRecordIsAnother(uint256 field, uint256 change) public {
        _fail();
        rollup.end();
        (bytes32 run, bytes[] memory proof) = (_runOf(0), _runProof(0));
        StateTrie.RunRecord memory record = _recordOf(0);
        field = bound(field, 0, 7);
        change = bound(change, 1, 1 ether);
        if (field == 0) record.escrow += change;
        if (field == 1) record.spent -= change;
        if (field == 2) record.owner = address(uint160(record.owner) ^ uint160(change));
        if (field == 3) record.workflow ^= bytes32(change);
        if (field == 4) record.gateways = new address[](0);
        if (field == 5) record.inferenceSpent += change;
        if (field == 6) record.tasksLeft += uint64(change);
        if (field == 7) record.gasPrice += change;
        _expectMismatch(abi.encodePacked("R", run));
        escape.leaveRun(run, record, proof);
    }

    function test_RevertWhen_TheAccountHasNothing() public {
        _fail();
        rollup.end();
        vm.expectRevert(abi.encodeWithSelector(Escape.NothingToLeaveWith.selector));
        this.leaveAccount(2);
    }

    function test_RevertWhen_TheBalanceIsAnother() public {
        _fail();
        rollup.end();
        address account = _accountOf(0);
        uint256 balance = _balanceOf(0) + 1;
        bytes[] memory proof = vm.parseJsonBytesArray(json, ".accounts[0].proof");
        _expectMismatch(abi.encodePacked("A", account));
        escape.leaveAccount(account, 0, balance, proof);
        _expectMismatch(abi.encodePacked("A", address(this)));
        escape.leaveAccount(address(this), 0, balance - 1, proof);
    }

    function test_RevertWhen_TheDepositIsInTheStateOrAnother() public {
        inbox.deposit(LATE, 1 ether);
        inbox.forceMessage(hex"0102");
        _fail();
        rollup.end();
        uint64 from = escape.delayedFrom();
        uint256 total = _stateTotal();
        vm.expectRevert(abi.encodeWithSelector(Escape.DepositIsInState.selector, from, from - 1));
        escape.leaveDeposit(from - 1, USER, total);
        vm.expectPartialRevert(Escape.DepositMismatch.selector);
        escape.leaveDeposit(from, LATE, 1 ether + 1);
        vm.expectPartialRevert(Escape.DepositMismatch.selector);
        escape.leaveDeposit(from, USER, 1 ether);
        vm.expectPartialRevert(Escape.DepositMismatch.selector);
        escape.leaveDeposit(from + 1, LATE, 1 ether);
        vm.expectRevert();
        escape.leaveDeposit(from + 2, LATE, 1 ether);
        escape.leaveDeposit(from, LATE, 1 ether);
    }

    function test_Gas() public {
        inbox.deposit(LATE, 1 ether);
        _fail();
        rollup.end();
        vm.snapshotGasLastCall(GROUP, "end");
        _leaveAccount(0);
        vm.snapshotGasLastCall(GROUP, "leaveAccount, 100 records");
        _leaveRun(0);
        vm.snapshotGasLastCall(GROUP, "leaveRun, 100 records");
        escape.leaveDeposit(_messages() - 1, LATE, 1 ether);
        vm.snapshotGasLastCall(GROUP, "leaveDeposit");
    }

    function test_OnlyTheEscapeHasTheBridgePay() public {
        _fail();
        rollup.end();
        vm.expectRevert(abi.encodeWithSelector(Bridge.NotEscape.selector, address(this)));
        bridge.payEscape(address(this), 1);
    }

    /// @dev Behind an external call, which expectRevert looks at.
    function leaveAccount(uint256 i) external {
        _leaveAccount(i);
    }

    function _messages() private view returns (uint64) {
        return inbox.delayedCount();
    }

    function _expectMismatch(bytes memory key) private {
        bytes32 root = escape.stateRoot();
        vm.expectRevert(abi.encodeWithSelector(StateTrie.ProofMismatch.selector, root, keccak256(key)));
    }
}
