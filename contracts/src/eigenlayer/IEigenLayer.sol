// SPDX-License-Identifier: MIT
// docs/contracts.md#eigenlayer: of EigenLayer 1.9's contracts, the functions that the network calls or answers.
pragma solidity 0.8.37;

/// @notice Operators that promise one thing to one AVS.
struct OperatorSet {
    address avs;
    uint32 id;
}

/// @notice Part of an operator's stake in a strategy that an operator set may slash, in parts of the maximum magnitude.
/// @param pendingDiff what is added, or if negative taken away, from `effectBlock` on
struct Allocation {
    uint64 currentMagnitude;
    int128 pendingDiff;
    uint32 effectBlock;
}

struct CreateSetParams {
    uint32 operatorSetId;
    IStrategy[] strategies;
    address slasher;
}

/// @param wadsToSlash of each strategy's allocation, in 1/10^18, none of them 0
struct SlashingParams {
    address operator;
    uint32 operatorSetId;
    IStrategy[] strategies;
    uint256[] wadsToSlash;
    string description;
}

interface IStrategy {
    function underlyingToken() external view returns (address);
    function sharesToUnderlyingView(uint256 shares) external view returns (uint256);
    function underlyingToSharesView(uint256 amount) external view returns (uint256);
}

interface IAllocationManager {
    /// @notice In blocks.
    function DEALLOCATION_DELAY() external view returns (uint32);
    function updateAVSMetadataURI(address avs, string calldata metadataURI) external;
    function createRedistributingOperatorSets(
        address avs,
        CreateSetParams[] calldata params,
        address[] calldata redistributionRecipients
    ) external;
    function slashOperator(address avs, SlashingParams calldata params)
        external
        returns (uint256 slashId, uint256[] memory shares);
    function isMemberOfOperatorSet(address operator, OperatorSet calldata operatorSet) external view returns (bool);
    function isOperatorSlashable(address operator, OperatorSet calldata operatorSet) external view returns (bool);
    function getAllocation(address operator, OperatorSet calldata operatorSet, IStrategy strategy)
        external
        view
        returns (Allocation memory);
    function getMaxMagnitude(address operator, IStrategy strategy) external view returns (uint64);
}

interface IDelegationManager {
    /// @notice In blocks.
    function minWithdrawalDelayBlocks() external view returns (uint32);
    function operatorShares(address operator, IStrategy strategy) external view returns (uint256);
    function getSlashableSharesInQueue(address operator, IStrategy strategy) external view returns (uint256);
}

interface IStrategyManager {
    function clearBurnOrRedistributableShares(OperatorSet calldata operatorSet, uint256 slashId)
        external
        returns (uint256[] memory amounts);
}

/// @title What the AllocationManager calls when operators enter or leave operator sets.
interface IAVSRegistrar {
    function registerOperator(address operator, address avs, uint32[] calldata operatorSetIds, bytes calldata data)
        external;
    function deregisterOperator(address operator, address avs, uint32[] calldata operatorSetIds) external;
    function supportsAVS(address avs) external view returns (bool);
}
