// SPDX-License-Identifier: MIT
// docs/audits.md
pragma solidity 0.8.37;

import {InferenceCourt} from "./InferenceCourt.sol";
import {AuditSettings} from "./audits/AuditSettings.sol";
import {Pot} from "./audits/Pot.sol";
import {ShownItem, SignedItem} from "./court/SignedItems.sol";
import {Constants} from "./generated/Constants.sol";
import {IAudits} from "./interfaces/IAudits.sol";
import {Role} from "./lib/Types.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title Items that validators must run again, by lot, and among them some of which the right answer is known.
/// @notice A validator that finds too few of these gets no share of the fees for a time.
contract Audits is Pot, EIP712 {
    /// @notice What a canary's commitment holds beside its item, and the leave of the run's account.
    /// @param owner account of the run
    /// @param nonce of the message that started it
    /// @param truth what the model answers (docs/audits.md#truth)
    /// @param signature of `owner` over the commitment
    struct Planted {
        address owner;
        uint64 nonce;
        bytes32 workflow;
        bytes32 truth;
        bytes32 salt;
        bytes signature;
    }

    /// @param finding that a validator has who has run the item again
    /// @param revealed weight of those whom it was drawn for and who have revealed, wei
    /// @param found of it, weight of those who have found it
    struct Canary {
        bytes32 place;
        bytes32 finding;
        uint128 revealed;
        uint128 found;
        address gateway;
        bool rewarded;
    }

    /// @param seedBlock whose hash is the seed; 0: nobody has closed the period
    struct Period {
        uint64 seedBlock;
        bytes32 seed;
    }

    /// @param found bit i: the period's canary i
    struct Look {
        bytes32 commitment;
        bool revealed;
        uint16 found;
    }

    uint256 public constant MAX_CANARIES = 16;
    uint256 public constant MAX_GATEWAY_CANARIES = 4;
    uint256 public constant MAX_FINDINGS = 32;
    uint256 private constant STAGE_OFFSET = 32;
    uint256 private constant PARTITION_OFFSET = 34;
    uint256 private constant ATTEMPT_OFFSET = 38;
    bytes1 private constant RUN_TAG = 0x06;

    InferenceCourt public immutable court;

    /// @notice When a commitment was planted, unix seconds; 0: never.
    mapping(bytes32 commitment => uint256) public plantedAt;
    uint256 public firstPlantAt;
    uint256 public lastPlantAt;
    /// @notice Whether the item at this place was opened in time, by `InferenceCourt.placeOf`.
    mapping(bytes32 place => bool) public isCanary;
    /// @notice How many items of the run were opened.
    mapping(bytes32 run => uint256) public canariesOf;
    mapping(uint256 period => Period) private _periods;
    mapping(uint256 period => Canary[]) private _canaries;
    mapping(uint256 period => mapping(address gateway => uint256)) private _opened;
    mapping(uint256 period => mapping(address validator => Look)) private _looks;

    event CanaryPlanted(bytes32 indexed commitment);
    event PeriodClosed(uint256 indexed period, uint256 seedBlock);
    event SeedDrawn(uint256 indexed period, bytes32 seed);
    event FindingsCommitted(uint256 indexed period, address indexed validator, bytes32 commitment);
    /// @param examines whether it is one of its period's canaries
    event CanaryOpened(
        uint256 indexed period,
        address indexed gateway,
        bytes32 indexed run,
        bytes32 place,
        bytes32 truth,
        bool examines
    );
    /// @param found bit i: the period's canary i
    event FindingsRevealed(uint256 indexed period, address indexed validator, uint256 drawn, uint256 found);
    event CanaryRewarded(uint256 indexed period, uint256 indexed number, address indexed gateway, uint256 amount);

    error TooEarly(uint256 earliest, uint256 actual);
    error TooLate(uint256 deadline, uint256 actual);
    error PlantExists(bytes32 commitment);
    error NotPlanted(bytes32 commitment, uint256 before, uint256 actual);
    error RunMismatch(bytes32 expected, bytes32 actual);
    error OwnerMismatch(address expected, address actual);
    error ModelNotExact();
    error CanaryExists(bytes32 place);
    error PeriodIsClosed(uint256 period);
    error SeedNotKnown(uint256 fromBlock, uint256 untilBlock, uint256 actual);
    error NotValidator(address account);
    error CommitmentIsZero();
    error CommitmentMismatch(bytes32 expected, bytes32 actual);
    error AlreadyRevealed(address validator);
    error TooManyFindings(uint256 maximum, uint256 actual);
    error CanaryDoesNotCount(uint256 period, uint256 number);
    error AlreadyRewarded(uint256 period, uint256 number);

    constructor(InferenceCourt court_, address attestations_, AuditSettings.Settings memory settings)
        AuditSettings(court_, settings)
        Pot(attestations_)
        EIP712(Constants.DOMAIN_NAME, Constants.DOMAIN_VERSION)
    {
        court = court_;
    }

    /// @notice Says that an item that is not in a batch yet is wrong on purpose, without saying which.
    function plant(bytes32 commitment) external {
        require(commitment != 0, CommitmentIsZero());
        require(plantedAt[commitment] == 0, PlantExists(commitment));
        plantedAt[commitment] = block.timestamp;
        if (firstPlantAt == 0) firstPlantAt = block.timestamp;
        lastPlantAt = block.timestamp;
        emit CanaryPlanted(commitment);
    }

    /// @notice Fixes which block draws the items of a period that is over: the next one. Anyone may call it.
    function close(uint256 period) external {
        Phases memory phases = phasesOf(period);
        _requireBetween(phases.from, phases.commit);
        require(_periods[period].seedBlock == 0, PeriodIsClosed(period));
        _periods[period].seedBlock = SafeCast.toUint64(block.number + 1);
        emit PeriodClosed(period, block.number + 1);
    }

    /// @notice Writes the seed of a closed period down, as long as the chain tells it, 256 blocks. Anyone may call it; a
    /// commitment does it too.
    function draw(uint256 period) public {
        Period storage closed = _periods[period];
        if (closed.seed != 0) return;
        uint256 from = closed.seedBlock;
        bytes32 seed = from == 0 ? bytes32(0) : blockhash(from);
        require(seed != 0, SeedNotKnown(from + 1, from + 256, block.number));
        closed.seed = seed;
        emit SeedDrawn(period, seed);
    }

    /// @notice Commits to what the caller has found of what was drawn for it; a later commitment takes the place of an
    /// earlier one.
    function commit(uint256 period, bytes32 commitment) external {
        require(commitment != 0, CommitmentIsZero());
        Phases memory phases = phasesOf(period);
        _requireBetween(phases.from, phases.commit);
        draw(period);
        require(_weightIn(period, msg.sender) > 0, NotValidator(msg.sender));
        _looks[period][msg.sender].commitment = commitment;
        emit FindingsCommitted(period, msg.sender, commitment);
    }

    /// @notice Shows that an item was planted before it stood in a batch, and that its run's account has agreed. Anyone may
    /// call it. Before the period's open phase it examines nobody.
    function open(ShownItem calldata shown, Planted calldata planted) external {
        SignedItem memory signed = signedItems.read(shown);
        require(signed.exact, ModelNotExact());
        bytes32 run = _requirePlanted(shown.item, planted, signed);
        uint256 period = periodOf(signed.postedAt);
        Phases memory phases = phasesOf(period);
        require(block.timestamp < phases.open, TooLate(phases.open, block.timestamp));
        bytes32 place = court.placeOf(shown.batch, shown.message, shown.index);
        require(!isCanary[place], CanaryExists(place));
        isCanary[place] = true;
        ++canariesOf[run];
        // What there is no room for protects its gateway all the same: else others could fill the room.
        bool examines = block.timestamp >= phases.commit && _canaries[period].length < MAX_CANARIES
            && _opened[period][signed.gateway] < MAX_GATEWAY_CANARIES;
        emit CanaryOpened(period, signed.gateway, run, place, planted.truth, examines);
        if (!examines) return;
        ++_opened[period][signed.gateway];
        _canaries[period].push(Canary(place, hashFinding(place, planted.truth), 0, 0, signed.gateway, false));
    }

    /// @notice Reveals what a validator has committed to. Whoever knows it may do it.
    function reveal(uint256 period, address validator, bytes32[] calldata findings, bytes32 salt) external {
        Phases memory phases = phasesOf(period);
        _requireBetween(phases.open, phases.reveal);
        require(findings.length <= MAX_FINDINGS, TooManyFindings(MAX_FINDINGS, findings.length));
        Look storage look = _looks[period][validator];
        bytes32 commitment = hashFindings(period, validator, findings, salt);
        require(commitment == look.commitment, CommitmentMismatch(look.commitment, commitment));
        require(!look.revealed, AlreadyRevealed(validator));
        (uint256 drawn, uint256 found) = _count(period, validator, findings);
        look.revealed = true;
        // A bit for each of at most 16 canaries.
        // forge-lint: disable-next-line(unsafe-typecast)
        look.found = uint16(found);
        emit FindingsRevealed(period, validator, drawn, found);
    }

    /// @notice Credits a gateway for a canary that counts, once. Anyone may call it.
    function reward(uint256 period, uint256 number) external returns (uint256 amount) {
        uint256 from = phasesOf(period).reveal;
        require(block.timestamp >= from, TooEarly(from, block.timestamp));
        Canary storage canary = _canaries[period][number];
        require(_counts(canary), CanaryDoesNotCount(period, number));
        require(!canary.rewarded, AlreadyRewarded(period, number));
        canary.rewarded = true;
        amount = _reward(canary.gateway);
        emit CanaryRewarded(period, number, canary.gateway, amount);
    }

    /// @inheritdoc IAudits
    function losesShare(address validator, uint256 time) external view returns (bool) {
        (uint256 examined, uint256 found) = standingAt(validator, time);
        return found * 2 < examined;
    }

    /// @notice Of the canaries that count of the last `lookBack` periods that were decided by `time`: how many were drawn for
    /// the validator, and how many of those it has found.
    function standingAt(address validator, uint256 time) public view returns (uint256 examined, uint256 found) {
        uint256 after_ = uint256(commitSeconds) + openSeconds + revealSeconds;
        if (time < after_) return (0, 0);
        uint256 end = (time - after_) / periodSeconds;
        uint256 begin = end > lookBack ? end - lookBack : 0;
        for (uint256 period = begin; period < end; ++period) {
            (uint256 drawn, uint256 right) = scoreOf(period, validator);
            (examined, found) = (examined + drawn, found + right);
        }
    }

    /// @notice The same of one period, as far as it was revealed.
    function scoreOf(uint256 period, address validator) public view returns (uint256 examined, uint256 found) {
        Canary[] storage canaries = _canaries[period];
        uint256 count = canaries.length;
        if (count == 0 || _weightIn(period, validator) == 0) return (0, 0);
        uint256 bits = _looks[period][validator].found;
        for (uint256 i = 0; i < count; ++i) {
            if (!_counts(canaries[i]) || !isDrawn(period, canaries[i].place, validator)) continue;
            ++examined;
            found += bits >> i & 1;
        }
    }

    /// @notice Whether a validator must run an item again; false as long as the seed is not known.
    function isDrawn(uint256 period, bytes32 place, address validator) public view returns (bool) {
        bytes32 seed = _periods[period].seed;
        if (seed == 0) return false;
        uint256 last = Math.mulDiv(type(uint256).max, rate, BASIS_POINTS);
        return uint256(keccak256(abi.encode(seed, place, validator))) <= last;
    }

    /// @notice Whether an item of a batch that L1 took then could have been planted; what cannot be one is disputed at once.
    function mayBeCanary(uint256 postedAt) external view returns (bool) {
        return firstPlantAt != 0 && firstPlantAt < postedAt && postedAt <= lastPlantAt + plantSeconds;
    }

    function periodAt(uint256 period) external view returns (Period memory) {
        return _periods[period];
    }

    function canariesIn(uint256 period) external view returns (Canary[] memory) {
        return _canaries[period];
    }

    function lookOf(uint256 period, address validator) external view returns (Look memory) {
        return _looks[period][validator];
    }

    /// @notice What is planted.
    function hashCanary(
        address gateway,
        bytes32 run,
        uint16 stage,
        uint32 partition,
        uint16 attempt,
        bytes32 truth,
        bytes32 salt
    ) public view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), gateway, run, stage, partition, attempt, truth, salt));
    }

    function hashFinding(bytes32 place, bytes32 truth) public pure returns (bytes32) {
        return keccak256(abi.encode(place, truth));
    }

    /// @notice What a validator commits to. It binds chain, contract, period and validator: nobody else can reveal a copy.
    function hashFindings(uint256 period, address validator, bytes32[] calldata findings, bytes32 salt)
        public
        view
        returns (bytes32)
    {
        return keccak256(abi.encode(block.chainid, address(this), period, validator, findings, salt));
    }

    /// @notice What the run's account signs.
    function digestOf(bytes32 commitment) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(Constants.CANARY_TYPEHASH, commitment)));
    }

    function _requirePlanted(bytes calldata item, Planted calldata planted, SignedItem memory signed)
        private
        view
        returns (bytes32 run)
    {
        run = keccak256(abi.encodePacked(RUN_TAG, planted.owner, planted.nonce, planted.workflow));
        require(bytes32(item[:STAGE_OFFSET]) == run, RunMismatch(bytes32(item[:STAGE_OFFSET]), run));
        bytes32 commitment = hashCanary(
            signed.gateway,
            run,
            uint16(bytes2(item[STAGE_OFFSET:])),
            uint32(bytes4(item[PARTITION_OFFSET:])),
            uint16(bytes2(item[ATTEMPT_OFFSET:])),
            planted.truth,
            planted.salt
        );
        uint256 planting = plantedAt[commitment];
        bool good = planting != 0 && planting < signed.postedAt && signed.postedAt <= planting + plantSeconds;
        require(good, NotPlanted(commitment, signed.postedAt, planting));
        address owner = ECDSA.recoverCalldata(digestOf(commitment), planted.signature);
        require(owner == planted.owner, OwnerMismatch(planted.owner, owner));
    }

    /// @return drawn bit i: the period's canary i
    /// @return found of those
    function _count(uint256 period, address validator, bytes32[] calldata findings)
        private
        returns (uint256 drawn, uint256 found)
    {
        Canary[] storage canaries = _canaries[period];
        uint256 count = canaries.length;
        uint128 weight = SafeCast.toUint128(_weightIn(period, validator));
        for (uint256 i = 0; i < count; ++i) {
            uint256 bit = 2 ** i;
            Canary storage canary = canaries[i];
            if (!isDrawn(period, canary.place, validator)) continue;
            drawn |= bit;
            canary.revealed += weight;
            if (!_has(findings, canary.finding)) continue;
            found |= bit;
            canary.found += weight;
        }
    }

    /// @dev The stake of the second before the period: nobody stakes for what he has seen.
    function _weightIn(uint256 period, address validator) private view returns (uint256) {
        return stakes.weightAt(validator, Role.VALIDATOR, SafeCast.toUint48(period * periodSeconds - 1));
    }

    function _requireBetween(uint256 from, uint256 until) private view {
        require(block.timestamp >= from, TooEarly(from, block.timestamp));
        require(block.timestamp < until, TooLate(until, block.timestamp));
    }

    function _counts(Canary storage canary) private view returns (bool) {
        return uint256(canary.found) * 2 > canary.revealed;
    }

    function _has(bytes32[] calldata findings, bytes32 finding) private pure returns (bool) {
        for (uint256 i = 0; i < findings.length; ++i) {
            if (findings[i] == finding) return true;
        }
        return false;
    }
}
