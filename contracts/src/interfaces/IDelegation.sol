// SPDX-License-Identifier: MIT
// docs/contracts.md#delegation
pragma solidity 0.8.37;

import {MizuToken} from "../MizuToken.sol";
import {Role} from "../lib/Types.sol";

/// @title What a pool of delegated stake needs of the contract that holds the operators' own stakes.
interface IDelegation {
    /// @notice Most wei that the pool of the operator may hold as active stake now; 0: it takes none.
    function delegationCap(address operator, Role role) external view returns (uint256);

    /// @notice What `settle` would add to the operator's pool, wei.
    function pendingYieldOf(address operator, Role role) external view returns (uint256);

    /// @notice Pays what the operator's stake has earned up to now: to the operator, and into its pool.
    function settle(address operator, Role role) external;

    /// @notice Writes the weight of the operator down anew. The operator's pool only, after `settle`.
    function onPoolChange(address operator, Role role) external;
}

/// @title What the contract that holds the operators' own stakes needs of a pool.
interface IDelegationPool {
    /// @notice Delegated stake that is not on its way out, wei, without the yield that is not settled.
    function active() external view returns (uint256);

    /// @notice Number of shares, in wei of a share. With none nobody is there whom yield could be paid to.
    function totalSupply() external view returns (uint256);

    /// @notice Books yield that has been sent to the pool. The stakes' contract only.
    function addYield(uint256 amount) external;

    /// @notice Sends up to `amount` to the stakes' contract, of the active part and of what is on its way out in
    /// proportion. The stakes' contract only.
    function slash(uint256 amount) external returns (uint256 slashed);
}

/// @title Makes pools.
interface IDelegationPools {
    /// @notice Makes the pool of an operator and a role; the caller is the contract that may slash it.
    function create(MizuToken token, address operator, Role role, uint64 unbondingSeconds)
        external
        returns (IDelegationPool);
}
