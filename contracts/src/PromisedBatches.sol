// SPDX-License-Identifier: MIT
// docs/contracts.md#promised
pragma solidity 0.8.37;

import {IInbox} from "./interfaces/IInbox.sol";

/// @title Which batches may still be claimed: those whose bytes are promised for as long as a claim may be judged.
/// @notice An expiry never changes, so a batch that cannot be claimed now never can be: then it may be made void, and only then.
abstract contract PromisedBatches {
    /// @notice Batches that one assertion covers, or one call makes void, at most.
    uint256 public constant MAX_BATCHES = 256;

    error BatchOutOfRange(uint256 first, uint256 last, uint256 actual);
    error TooManyBatches(uint256 maximum, uint256 actual);
    error BatchPromisedTooShortly(uint64 index, uint256 least, uint256 expiry);
    error NothingToVoid(uint64 first, uint64 end);

    function _inbox() internal view virtual returns (IInbox);

    /// @dev A range that begins with `first` and ends before `end`.
    function _requireRange(uint64 first, uint64 end) internal view {
        uint64 available = _inbox().batchCount();
        require(end > first && end <= available, BatchOutOfRange(uint256(first) + 1, available, end));
        require(end - first <= MAX_BATCHES, TooManyBatches(MAX_BATCHES, end - first));
    }

    /// @param least unix seconds until which the bytes of each batch must be promised
    function _requirePromised(uint64 first, uint64 end, uint256 least) internal view {
        IInbox inbox_ = _inbox();
        for (uint64 index = first; index < end; ++index) {
            uint64 expiry = inbox_.expiryOf(index);
            require(expiry >= least, BatchPromisedTooShortly(index, least, expiry));
        }
    }

    /// @dev Makes those batches of the range void that _requirePromised refuses. A void batch has no bytes to be promised.
    function _voidUnpromised(uint64 first, uint64 end, uint256 least) internal {
        IInbox inbox_ = _inbox();
        bool any = false;
        for (uint64 index = first; index < end; ++index) {
            if (inbox_.expiryOf(index) >= least) continue;
            any = true;
            inbox_.voidBatch(index);
        }
        require(any, NothingToVoid(first, end));
    }
}
