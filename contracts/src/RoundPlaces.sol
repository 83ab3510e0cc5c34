// SPDX-License-Identifier: MIT
// docs/contracts.md#turns
pragma solidity 0.8.37;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title A list of accounts that take turns. Time is cut into rounds, and within a round the list never changes.
abstract contract RoundPlaces {
    /// @notice A place in the list: its account is listed in the rounds from `fromRound` until before `untilRound`.
    struct Place {
        address account;
        uint48 fromRound;
        uint48 untilRound;
    }

    /// @dev Rounds after which a change counts: the list of the next round is known for a whole round.
    uint256 internal constant DELAY_ROUNDS = 2;

    uint256 private immutable _roundSeconds;

    Place[] internal _places;
    /// @dev One more than the place in the list; 0 means that there is none.
    mapping(address account => uint256) internal _placeOf;

    constructor(uint256 roundSeconds) {
        _roundSeconds = roundSeconds;
    }

    /// @notice The list, with those who have retired and those whose turns have not begun.
    function places() external view returns (Place[] memory) {
        return _places;
    }

    function isListed(address account) public view returns (bool) {
        uint256 place = _placeOf[account];
        return place != 0 && _places[place - 1].untilRound == type(uint48).max;
    }

    /// @dev Whether nobody needs the place any more, neither its account nor whoever asks for the list of a past round.
    function _isFree(Place storage place, uint256 round) internal view virtual returns (bool);

    /// @dev Those listed in the round, in the order of their places, are counted round and round: who has this number.
    /// @return account zero if nobody is listed
    function _turnOf(uint256 number, uint256 round) internal view returns (address account) {
        uint256 length = _places.length;
        address[] memory listed = new address[](length);
        uint256 count = 0;
        for (uint256 i = 0; i < length; ++i) {
            Place memory place = _places[i];
            if (place.fromRound > round || round >= place.untilRound) continue;
            listed[count] = place.account;
            ++count;
        }
        if (count > 0) account = listed[number % count];
    }

    function _isIn(Place storage place, uint256 round) internal view returns (bool) {
        return place.fromRound <= round && round < place.untilRound;
    }

    /// @dev The first free place; nobody else is moved.
    function _freePlace(uint256 round) internal view returns (uint256 place) {
        uint256 length = _places.length;
        while (place < length && !_isFree(_places[place], round)) ++place;
    }

    /// @param place a free one, or the one behind the last
    function _take(uint256 place, address account, uint256 fromRound) internal {
        if (place == _places.length) _places.push();
        _places[place] = Place(account, SafeCast.toUint48(fromRound), type(uint48).max);
        _placeOf[account] = place + 1;
    }

    /// @dev Of a listed account: its last turns are those of the next round.
    function _leave(address account) internal returns (uint48 untilRound) {
        untilRound = SafeCast.toUint48(_roundOf(block.timestamp) + DELAY_ROUNDS);
        _places[_placeOf[account] - 1].untilRound = untilRound;
    }

    function _roundOf(uint256 time) internal view returns (uint256) {
        return time / _roundSeconds;
    }

    /// @dev Unix seconds.
    function _startOf(uint256 round) internal view returns (uint256) {
        return round * _roundSeconds;
    }
}
