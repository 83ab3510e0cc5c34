// SPDX-License-Identifier: MIT
// docs/contracts.md#leader
pragma solidity 0.8.37;

import {IStakeManager} from "./interfaces/IStakeManager.sol";
import {Role} from "./lib/Types.sol";

/// @title Whose turn it is to assert: staked executors in turn, so that they do not all pay for the same assertion.
abstract contract ExecutorRotation {
    uint256 public constant MAX_EXECUTORS = 256;

    address[] private _executors;
    /// @dev One more than the position in the list; 0 means not listed.
    mapping(address account => uint256) private _position;

    event ExecutorJoined(address indexed executor);
    event ExecutorLeft(address indexed executor);

    error ExecutorNotStaked(address executor);
    error ExecutorStillStaked(address executor);
    error ExecutorListed(address executor);
    error ExecutorNotListed(address executor);
    error TooManyExecutors(uint256 maximum);

    /// @notice Enters the caller, who must be staked as an executor.
    function join() external {
        require(_stakes().isActive(msg.sender, Role.EXECUTOR), ExecutorNotStaked(msg.sender));
        require(_position[msg.sender] == 0, ExecutorListed(msg.sender));
        require(_executors.length < MAX_EXECUTORS, TooManyExecutors(MAX_EXECUTORS));
        _executors.push(msg.sender);
        _position[msg.sender] = _executors.length;
        emit ExecutorJoined(msg.sender);
    }

    /// @notice Takes the caller out.
    function retire() external {
        _remove(msg.sender);
    }

    /// @notice Takes out an executor whose stake has gone. Anyone may call it.
    function expel(address executor) external {
        require(!_stakes().isActive(executor, Role.EXECUTOR), ExecutorStillStaked(executor));
        _remove(executor);
    }

    function executors() external view returns (address[] memory) {
        return _executors;
    }

    /// @notice Whose turn the range beginning with this batch is; zero if nobody is listed.
    function leaderOf(uint64 firstBatch) public view returns (address) {
        uint256 count = _executors.length;
        return count == 0 ? address(0) : _executors[firstBatch % count];
    }

    function _stakes() internal view virtual returns (IStakeManager);

    function _remove(address executor) private {
        uint256 position = _position[executor];
        require(position != 0, ExecutorNotListed(executor));
        address last = _executors[_executors.length - 1];
        _executors[position - 1] = last;
        _position[last] = position;
        _executors.pop();
        delete _position[executor];
        emit ExecutorLeft(executor);
    }
}
