// SPDX-License-Identifier: MIT
// docs/contracts.md#leader
pragma solidity 0.8.37;

import {RoundPlaces} from "./RoundPlaces.sol";
import {IStakeSource} from "./interfaces/IStakeSource.sol";
import {Role} from "./lib/Types.sol";

/// @title Whose turn it is to assert: staked executors in turn, so that they do not all pay for the same assertion.
/// @notice A batch's leader is one of those that were listed when it was posted: nobody enters or leaves to lead a range.
abstract contract ExecutorRotation is RoundPlaces {
    /// @notice Whoever asks for a leader reads the whole list.
    uint256 public constant MAX_EXECUTORS = 64;
    /// @notice A round lasts so many times `leaderSeconds`.
    uint256 public constant ROUND_LEADS = 64;
    /// @notice Rounds for which the list of a round is still known after it. Older batches have no leader.
    uint256 public constant KEPT_ROUNDS = 2;

    /// @notice In which only the leader may assert.
    uint64 public immutable leaderSeconds;

    event ExecutorJoined(address indexed executor, uint256 fromRound);
    event ExecutorRetired(address indexed executor, uint256 untilRound);

    error LeaderSecondsIsZero();
    error LeaderRoundTooShort(uint256 minimum, uint256 actual);
    error ExecutorNotStaked(address executor);
    error ExecutorStillStaked(address executor);
    error ExecutorListed(address executor);
    error ExecutorNotListed(address executor);
    error TooManyExecutors(uint256 maximum);

    constructor(uint64 leaderSeconds_, uint64 maxAheadSeconds) RoundPlaces(ROUND_LEADS * leaderSeconds_) {
        require(leaderSeconds_ > 0, LeaderSecondsIsZero());
        // A batch's timestamp is of this round or the next: the list of a later one could still change when the batch is there.
        uint256 round = ROUND_LEADS * leaderSeconds_;
        require(round >= maxAheadSeconds, LeaderRoundTooShort(maxAheadSeconds, round));
        leaderSeconds = leaderSeconds_;
    }

    /// @notice Enters the caller, who must be staked as an executor, from the round after the next one on.
    function join() external {
        require(_stakes().isActive(msg.sender, Role.EXECUTOR), ExecutorNotStaked(msg.sender));
        uint256 round = _roundOf(block.timestamp);
        uint256 place = _placeOf[msg.sender];
        require(place == 0 || _isFree(_places[place - 1], round), ExecutorListed(msg.sender));
        // Its own old place, so that no account is in two.
        place = place == 0 ? _freePlace(round) : place - 1;
        require(place < MAX_EXECUTORS, TooManyExecutors(MAX_EXECUTORS));
        if (place < _places.length) delete _placeOf[_places[place].account];
        uint256 fromRound = round + DELAY_ROUNDS;
        _take(place, msg.sender, fromRound);
        emit ExecutorJoined(msg.sender, fromRound);
    }

    /// @notice Takes the caller out with the end of the next round.
    function retire() external {
        _retire(msg.sender);
    }

    /// @notice Takes out an executor whose stake has gone. Anyone may call it.
    function expel(address executor) external {
        require(!_stakes().isActive(executor, Role.EXECUTOR), ExecutorStillStaked(executor));
        _retire(executor);
    }

    /// @notice Whose turn the range beginning with this batch is; zero if nobody is to be waited for: of the batch's round
    /// nobody is listed, or nothing is known any more, or whose turn it is has lost his stake.
    function leaderOf(uint64 firstBatch) public view returns (address) {
        uint256 round = _roundOf(_postedAt(firstBatch));
        if (round + KEPT_ROUNDS < _roundOf(block.timestamp)) return address(0);
        address leader = _turnOf(firstBatch, round);
        return leader != address(0) && _stakes().isActive(leader, Role.EXECUTOR) ? leader : address(0);
    }

    function _stakes() internal view virtual returns (IStakeSource);

    /// @dev Unix seconds of the batch; of now if it is not there yet.
    function _postedAt(uint64 batch) internal view virtual returns (uint256);

    /// @dev A place counts until the last round in which it was listed is one whose list is not known any more.
    function _isFree(Place storage place, uint256 round) internal view override returns (bool) {
        return place.untilRound + KEPT_ROUNDS <= round;
    }

    function _retire(address executor) private {
        require(isListed(executor), ExecutorNotListed(executor));
        emit ExecutorRetired(executor, _leave(executor));
    }
}
