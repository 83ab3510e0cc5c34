// SPDX-License-Identifier: MIT
// docs/contracts.md#settings: what no amount of tokens could work with is not deployed.
pragma solidity 0.8.37;

import {Exposure} from "../../src/Exposure.sol";
import {Rollup} from "../../src/Rollup.sol";
import {StakeManager} from "../../src/StakeManager.sol";
import {Ledger} from "../../src/dispute/Ledger.sol";
import {IDelegationPools} from "../../src/interfaces/IDelegation.sol";
import {IStakeHook} from "../../src/interfaces/IStakeHook.sol";
import {SettingTooLarge} from "../../src/lib/Settings.sol";
import {GameNetwork} from "../support/GameNetwork.sol";
import {bound, vm} from "../support/Vm.sol";

contract SettingsTest is GameNetwork {
    IDelegationPools private constant NO_POOLS = IDelegationPools(address(0));

    uint256 private constant MAX_MARGIN = 1_000_000;

    /// @dev Of any settings that a constructor takes every cost can be computed, and no others are taken.
    function testFuzz_WhatCanBeSetCanBeComputedWith(uint256 bond, uint256 gasPrice, uint256 margin, uint64 gas) public {
        uint256 cap = token.cap();
        Ledger.Settings memory settings =
            Ledger.Settings(_edge(bond, cap), _edge(gasPrice, cap), _edge(margin, MAX_MARGIN));
        if (settings.bond == 0) settings.bond = 1;
        if (settings.bond > cap) return _refuse(settings, cap, settings.bond);
        if (settings.gasPrice > cap) return _refuse(settings, cap, settings.gasPrice);
        if (settings.margin > MAX_MARGIN) return _refuse(settings, MAX_MARGIN, settings.margin);
        uint256 cost = uint256(gas) * settings.gasPrice * settings.margin / 10_000;
        vm.assertEq(_newDemands(settings, DEMAND).costOf(gas), cost);
        vm.assertEq(_newDispute(settings, CLOCK, EXTENSION).costOf(gas), cost);
    }

    function test_RevertWhen_ABondOrItsCostsAreBeyondTheEdge() public {
        uint256 cap = token.cap();
        _newDemands(Ledger.Settings(cap, cap, MAX_MARGIN), DEMAND);
        _refuse(Ledger.Settings(cap + 1, cap, MAX_MARGIN), cap, cap + 1);
        _refuse(Ledger.Settings(1 << 96, 1, 1), cap, 1 << 96);
        _refuse(Ledger.Settings(cap, cap + 1, MAX_MARGIN), cap, cap + 1);
        _refuse(Ledger.Settings(cap, cap, MAX_MARGIN + 1), MAX_MARGIN, MAX_MARGIN + 1);
    }

    function test_RevertWhen_AnAssertionsBondIsMoreThanThereCanBe() public {
        uint256 cap = token.cap();
        _newRollup(cap);
        vm.expectRevert(abi.encodeWithSelector(SettingTooLarge.selector, cap, cap + 1));
        _newRollup(cap + 1);
    }

    function test_RevertWhen_AMinimumIsMoreThanThereCanBe() public {
        uint256 cap = token.cap();
        for (uint256 role = 0; role < 5; ++role) {
            uint256[5] memory minimums = _minimums();
            minimums[role] = cap;
            _newStakes(minimums);
            minimums[role] += 1;
            vm.expectRevert(abi.encodeWithSelector(SettingTooLarge.selector, cap, cap + 1));
            _newStakes(minimums);
        }
    }

    function _refuse(Ledger.Settings memory settings, uint256 maximum, uint256 actual) private {
        vm.expectRevert(abi.encodeWithSelector(SettingTooLarge.selector, maximum, actual));
        _newDemands(settings, DEMAND);
        vm.expectRevert(abi.encodeWithSelector(SettingTooLarge.selector, maximum, actual));
        _newDispute(settings, CLOCK, EXTENSION);
    }

    function _newRollup(uint256 bond) private {
        Rollup.Settings memory settings = Rollup.Settings(bond, LEADER_SECONDS, GUARDIAN, ESCAPE);
        new Rollup(stakes, inbox, committee, DISPUTE, DEMANDS, KERNEL, GENESIS_STATE, settings);
    }

    function _newStakes(uint256[5] memory minimums) private {
        IStakeHook[5] memory hooks;
        new StakeManager(token, NO_POOLS, _timing(), minimums, new Exposure.Grant[](0), hooks);
    }

    /// @dev Mostly what is allowed, now and then what is not.
    function _edge(uint256 value, uint256 most) private pure returns (uint256) {
        return value % 8 == 0 ? value : bound(value, 0, most);
    }
}
