// SPDX-License-Identifier: MIT
// docs/audits.md#share
pragma solidity 0.8.37;

/// @title What Attestations needs to know of audits.
interface IAudits {
    /// @notice Whether a validator gets no share of the fees of an assertion that was made at `time`, unix seconds.
    function losesShare(address validator, uint256 time) external view returns (bool);

    /// @notice Takes `amount` of the caller's tokens, in wei, that a validator has lost: half of it at least is burned.
    function withhold(uint256 amount) external;
}
