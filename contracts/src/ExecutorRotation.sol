// SPDX-License-Identifier: MIT
// docs/contracts.md#leader
pragma solidity 0.8.37;

import {IStakeManager} from "./interfaces/IStakeManager.sol";
import {Role} from "./lib/Types.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title Whose turn it is to assert: staked executors in turn, so that they do not all pay for the same assertion.
/// @notice A batch's leader is one of those that were listed when it was posted: nobody enters or leaves to lead a range.
abstract contract ExecutorRotation {
    /// @notice A place in the list: its executor leads ranges whose first batch is of the rounds from `fromRound` until before
    /// `untilRound`.
    struct Place {
        address executor;
        uint48 fromRound;
        uint48 untilRound;
    }

    /// @notice Whoever asks for a leader reads the whole list.
    uint256 public constant MAX_EXECUTORS = 64;
    /// @notice A round lasts so many times `leaderSeconds`.
    uint256 public constant ROUND_LEADS = 64;
    /// @notice Rounds for which the list of a round is still known after it. Older batches have no leader.
    uint256 public constant KEPT_ROUNDS = 2;
    /// @dev Rounds after which a change counts: the list of the next round is known for a whole round.
    uint256 private constant DELAY_ROUNDS = 2;

    /// @notice In which only the leader may assert.
    uint64 public immutable leaderSeconds;

    Place[] private _places;
    /// @dev One more than the place in the list; 0 means that there has been none.
    mapping(address executor => uint256) private _placeOf;

    event ExecutorJoined(address indexed executor, uint256 fromRound);
    event ExecutorRetired(address indexed executor, uint256 untilRound);

    error LeaderSecondsIsZero();
    error LeaderRoundTooShort(uint256 minimum, uint256 actual);
    error ExecutorNotStaked(address executor);
    error ExecutorStillStaked(address executor);
    error ExecutorListed(address executor);
    error ExecutorNotListed(address executor);
    error TooManyExecutors(uint256 maximum);

    constructor(uint64 leaderSeconds_, uint64 maxAheadSeconds) {
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
        if (place == _places.length) _places.push();
        else delete _placeOf[_places[place].executor];
        uint256 fromRound = round + DELAY_ROUNDS;
        _places[place] = Place(msg.sender, SafeCast.toUint48(fromRound), type(uint48).max);
        _placeOf[msg.sender] = place + 1;
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

    /// @notice The list, with those who have retired and those whose turns have not begun.
    function executors() external view returns (Place[] memory) {
        return _places;
    }

    function isListed(address executor) public view returns (bool) {
        uint256 place = _placeOf[executor];
        return place != 0 && _places[place - 1].untilRound == type(uint48).max;
    }

    /// @notice Whose turn the range beginning with this batch is; zero if nobody is to be waited for: of the batch's round
    /// nobody is listed, or nothing is known any more, or whose turn it is has lost his stake.
    function leaderOf(uint64 firstBatch) public view returns (address) {
        uint256 round = _roundOf(_postedAt(firstBatch));
        if (round + KEPT_ROUNDS < _roundOf(block.timestamp)) return address(0);
        uint256 length = _places.length;
        address[] memory listed = new address[](length);
        uint256 count = 0;
        for (uint256 i = 0; i < length; ++i) {
            Place memory place = _places[i];
            if (place.fromRound <= round && round < place.untilRound) listed[count++] = place.executor;
        }
        if (count == 0) return address(0);
        address leader = listed[firstBatch % count];
        return _stakes().isActive(leader, Role.EXECUTOR) ? leader : address(0);
    }

    function _stakes() internal view virtual returns (IStakeManager);

    /// @dev Unix seconds of the batch; of now if it is not there yet.
    function _postedAt(uint64 batch) internal view virtual returns (uint256);

    /// @dev The first place that nobody needs any more; nobody else is moved.
    function _freePlace(uint256 round) private view returns (uint256 place) {
        uint256 length = _places.length;
        while (place < length && !_isFree(_places[place], round)) ++place;
    }

    /// @dev A place counts until the last round in which it was listed is one whose list is not known any more.
    function _isFree(Place storage place, uint256 round) private view returns (bool) {
        return place.untilRound + KEPT_ROUNDS <= round;
    }

    function _retire(address executor) private {
        require(isListed(executor), ExecutorNotListed(executor));
        uint48 untilRound = SafeCast.toUint48(_roundOf(block.timestamp) + DELAY_ROUNDS);
        _places[_placeOf[executor] - 1].untilRound = untilRound;
        emit ExecutorRetired(executor, untilRound);
    }

    function _roundOf(uint256 time) private view returns (uint256) {
        return time / leaderSeconds / ROUND_LEADS;
    }
}
