// SPDX-License-Identifier: MIT
// docs/disputes.md#moot: the same liars, and the parent of both assertions may fall and the batches become void at any moment.
pragma solidity 0.8.37;

import {AssertionId} from "../../src/lib/Types.sol";
import {vm} from "../support/Vm.sol";
import {GamesHandler, GamesInvariants} from "./Games.t.sol";

contract MootHandler is GamesHandler {
    AssertionId private parent;

    /// @dev The last moment in which the batches can be asserted.
    function _prepare() internal override returns (AssertionId) {
        _postNext();
        vm.warp(inbox.expiryOf(1) - LONGEST);
        bytes memory steps = _steps("parent");
        parent = _assertSteps(steps, RIVAL);
        (honestSteps, wrongSteps) = (_nextSteps(steps, "honest"), _nextSteps(steps, "wrong"));
        return parent;
    }

    /// @dev A true claim that its asserter loses on purpose.
    function lose() external answered {
        vm.prank(DISPUTE);
        try rollup.reject(parent, RIVAL, BOND) {} catch {}
    }

    function makeVoid() external answered {
        vm.warp(block.timestamp + 1);
        try rollup.voidBatches(0, 2) {} catch {}
    }

    function confirmParent() external answered {
        try rollup.confirm(parent) {} catch {}
    }

    function orphan(bool ofHonest) external answered {
        try rollup.orphan(ofHonest ? honest : wrong) {} catch {}
    }
}

contract MootInvariants is GamesInvariants {
    function setUp() public override {
        MootHandler moot = new MootHandler();
        handler = moot;
        bytes4[] memory selectors = _calls(4);
        selectors[11] = MootHandler.lose.selector;
        selectors[12] = MootHandler.makeVoid.selector;
        selectors[13] = MootHandler.confirmParent.selector;
        selectors[14] = MootHandler.orphan.selector;
        _target(address(moot), selectors);
    }
}
