// SPDX-License-Identifier: MIT
// CONTRIBUTING.md: which functions forge's invariant runs may call.
pragma solidity 0.8.37;

/// @dev The name and the fields are forge's.
struct FuzzSelector {
    address addr;
    bytes4[] selectors;
}

/// @dev forge calls these two before a run.
abstract contract FuzzTargets {
    address[] private _contracts;
    FuzzSelector[] private _selectors;

    function targetContracts() external view returns (address[] memory) {
        return _contracts;
    }

    function targetSelectors() external view returns (FuzzSelector[] memory) {
        return _selectors;
    }

    function _target(address handler, bytes4[] memory selectors) internal {
        _contracts.push(handler);
        _selectors.push(FuzzSelector(handler, selectors));
    }
}
