// SPDX-License-Identifier: MIT
// docs/contracts.md#turns
pragma solidity 0.8.37;

import {RoundPlaces} from "./RoundPlaces.sol";
import {IStakeSource} from "./interfaces/IStakeSource.sol";
import {Role} from "./lib/Types.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title Whose turn it is to post: staked sequencers by turns, a slot of time each.
/// @notice Within a round of slots the list never changes, so that each sequencer of the round has its turns whatever the others do.
abstract contract SequencerTurns is RoundPlaces {
    uint256 public constant MAX_SEQUENCERS = 32;
    /// @notice Slots of a round: each of the most sequencers that there may be has two turns in it.
    uint256 public constant ROUND_SLOTS = 64;

    uint64 public immutable slotSeconds;
    /// @notice Seconds for which a stake stays locked after the last turn.
    uint64 public immutable contestSeconds;

    /// @dev One more than the last slot in which its holder has posted.
    uint64 private _keptSlot;

    event SequencerJoined(address indexed sequencer, uint256 fromRound);
    event SequencerRetired(address indexed sequencer, uint256 untilRound);

    error NotSequencer(address account);
    error NotTurn(address holder, uint256 openFrom);
    error SlotOutOfRange(uint256 maximum, uint256 actual);
    error SequencerListed(address sequencer);
    error SequencerNotListed(address sequencer);
    error SequencerStillStaked(address sequencer);
    error TooManySequencers(uint256 maximum);
    error StillContestable(address sequencer, uint256 until);

    /// @param maxSlotSeconds for a slot, which must have two halves
    constructor(uint64 slotSeconds_, uint64 maxSlotSeconds, uint64 contestSeconds_)
        RoundPlaces(ROUND_SLOTS * slotSeconds_)
    {
        require(slotSeconds_ >= 2 && slotSeconds_ <= maxSlotSeconds, SlotOutOfRange(maxSlotSeconds, slotSeconds_));
        slotSeconds = slotSeconds_;
        contestSeconds = contestSeconds_;
    }

    /// @notice Enters the caller, who must be staked as a sequencer, and locks the minimum stake. Its turns begin with the
    /// round after the next one; at once if nobody of this round can post.
    function join() external {
        IStakeSource stakes_ = _stakes();
        require(stakes_.isActive(msg.sender, Role.SEQUENCER), NotSequencer(msg.sender));
        require(_placeOf[msg.sender] == 0, SequencerListed(msg.sender));
        uint256 round = _roundOf(block.timestamp);
        uint256 fromRound = _anyoneCanPost(round) ? round + DELAY_ROUNDS : round;
        uint256 place = _freePlace(round);
        require(place < MAX_SEQUENCERS, TooManySequencers(MAX_SEQUENCERS));
        _take(place, msg.sender, fromRound);
        stakes_.lock(msg.sender, Role.SEQUENCER, stakes_.minimumOf(Role.SEQUENCER));
        emit SequencerJoined(msg.sender, fromRound);
    }

    /// @notice Takes the caller out with the end of the next round.
    function retire() external {
        _retire(msg.sender);
    }

    /// @notice Takes out a sequencer whose stake has gone. Anyone may call it.
    function expel(address sequencer) external {
        require(!_stakes().isActive(sequencer, Role.SEQUENCER), SequencerStillStaked(sequencer));
        _retire(sequencer);
    }

    /// @notice Frees the stake of a sequencer `contestSeconds` after its last turn. Until then it cannot join again: whoever
    /// shifts the turns of others by joining and retiring needs a stake for each time. Anyone may call it.
    function unlock(address sequencer) external {
        uint256 place = _placeOf[sequencer];
        require(place != 0, SequencerNotListed(sequencer));
        uint256 until = lockedUntil(sequencer);
        require(block.timestamp >= until, StillContestable(sequencer, until));
        delete _placeOf[sequencer];
        delete _places[place - 1];
        IStakeSource stakes_ = _stakes();
        stakes_.release(sequencer, Role.SEQUENCER, stakes_.minimumOf(Role.SEQUENCER));
    }

    /// @notice Whether a batch of this account would be taken at this time, as far as is known now.
    /// @param time unix seconds, of this slot or a later one
    function mayPost(address account, uint256 time) external view returns (bool) {
        uint256 slot = time / slotSeconds;
        if (!_canPost(account, slot / ROUND_SLOTS)) return false;
        address holder = holderOf(slot);
        return account == holder || time >= _openFrom(slot, holder);
    }

    /// @notice Whose turn a slot (unix time / slotSeconds) is; zero if nobody is listed in its round.
    function holderOf(uint256 slot) public view returns (address) {
        return _turnOf(slot, slot / ROUND_SLOTS);
    }

    /// @notice From when on the stake of a sequencer that has retired can be unlocked, unix seconds.
    function lockedUntil(address sequencer) public view returns (uint256) {
        uint256 place = _placeOf[sequencer];
        if (place == 0) return 0;
        return _startOf(_places[place - 1].untilRound) + contestSeconds;
    }

    function _stakes() internal view virtual returns (IStakeSource);

    /// @dev Reverts unless the caller may post now. A holder that posts keeps the whole slot.
    function _takeTurn() internal {
        uint256 slot = block.timestamp / slotSeconds;
        require(_canPost(msg.sender, slot / ROUND_SLOTS), NotSequencer(msg.sender));
        address holder = holderOf(slot);
        if (msg.sender == holder) {
            if (_keptSlot != slot + 1) _keptSlot = SafeCast.toUint64(slot + 1);
        } else {
            _requireOpen(slot, holder);
        }
    }

    /// @dev Reverts while the slot belongs to its holder alone.
    function _requireOpen() internal view {
        uint256 slot = block.timestamp / slotSeconds;
        _requireOpen(slot, holderOf(slot));
    }

    function _requireOpen(uint256 slot, address holder) private view {
        uint256 openFrom = _openFrom(slot, holder);
        require(block.timestamp >= openFrom, NotTurn(holder, openFrom));
    }

    /// @dev When a slot is open to the others: at once if its holder cannot post, with its second half if he has not posted
    /// by then, else with the next slot.
    function _openFrom(uint256 slot, address holder) private view returns (uint256) {
        if (holder == address(0) || !_stakes().isActive(holder, Role.SEQUENCER)) return slot * slotSeconds;
        if (_keptSlot == slot + 1) return (slot + 1) * slotSeconds;
        return slot * slotSeconds + (slotSeconds + 1) / 2;
    }

    function _canPost(address account, uint256 round) private view returns (bool) {
        uint256 index = _placeOf[account];
        if (index == 0) return false;
        return _isIn(_places[index - 1], round) && _stakes().isActive(account, Role.SEQUENCER);
    }

    function _anyoneCanPost(uint256 round) private view returns (bool) {
        uint256 length = _places.length;
        for (uint256 i = 0; i < length; ++i) {
            if (_places[i].account != address(0) && _canPost(_places[i].account, round)) return true;
        }
        return false;
    }

    /// @dev Who has retired keeps his place until his stake is unlocked.
    function _isFree(Place storage place, uint256) internal view override returns (bool) {
        return place.account == address(0);
    }

    function _retire(address sequencer) private {
        require(isListed(sequencer), SequencerNotListed(sequencer));
        emit SequencerRetired(sequencer, _leave(sequencer));
    }
}
