// SPDX-License-Identifier: MIT
// docs/contracts.md#delegation
pragma solidity 0.8.37;

import {DelegationPool} from "./DelegationPool.sol";
import {MizuToken} from "./MizuToken.sol";
import {IDelegation, IDelegationPool, IDelegationPools} from "./interfaces/IDelegation.sol";
import {Role} from "./lib/Types.sol";

/// @title Makes pools for the StakeManager, whose own code would be too long with theirs in it (EIP-170).
contract DelegationPools is IDelegationPools {
    /// @inheritdoc IDelegationPools
    function create(MizuToken token, address operator, Role role, uint64 unbondingSeconds)
        external
        returns (IDelegationPool)
    {
        return new DelegationPool(IDelegation(msg.sender), token, operator, role, unbondingSeconds);
    }
}
