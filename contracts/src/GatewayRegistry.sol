// SPDX-License-Identifier: MIT
// docs/contracts.md#registry
pragma solidity 0.8.37;

import {GatewayPromises} from "./GatewayPromises.sol";
import {Constants} from "./generated/Constants.sol";
import {IGasPriceQueue} from "./interfaces/IGasPriceQueue.sol";
import {IInbox} from "./interfaces/IInbox.sol";
import {IStakeHook} from "./interfaces/IStakeHook.sol";
import {IStakeSource} from "./interfaces/IStakeSource.sol";
import {DataObject, Role} from "./lib/Types.sol";
import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";

/// @title Who may sign inference results, and which models they may name.
/// @notice Every change reaches the network as a delayed message. Whoever is a gateway has the minimum stake locked, and
/// for `contestSeconds` after he was one: as long as what he has signed can be judged. Two batches with one nonce cost it.
contract GatewayRegistry is IStakeHook, IGasPriceQueue, GatewayPromises, Ownable2Step {
    using Checkpoints for Checkpoints.Trace208;

    /// @param class 0 exact, 1 tolerance, 2 provenance only
    /// @param inputPrice wei per token read
    /// @param outputPrice wei per token written
    /// @param manifest what the model is: file hashes, engine, settings
    /// @param gateways whose results a run takes that names none itself; at least one while the model is active
    struct Model {
        bool active;
        uint8 class;
        uint256 inputPrice;
        uint256 outputPrice;
        DataObject manifest;
        address[] gateways;
    }

    IStakeSource public immutable stakes;
    IInbox public immutable inbox;
    /// @notice The contract whose changes of the gas price are queued here: the Inbox has no room to know it itself.
    address public immutable gasPrices;

    /// @notice Seconds for which a gateway's stake stays locked after it has retired.
    uint64 public immutable contestSeconds;

    mapping(address account => bool) public isGateway;
    mapping(address account => bool) public isLocked;
    /// @notice From when on the stake of one that is no gateway any more can be unlocked, unix seconds.
    mapping(address account => uint64) public lockedUntil;
    mapping(bytes32 id => Model[]) private _versions;
    /// @dev By the index of the delayed message that told a version: how many there are from it on.
    mapping(bytes32 id => Checkpoints.Trace208) private _told;

    event GatewayChanged(address indexed gateway, bool active);
    event ModelChanged(bytes32 indexed id, Model model);

    error GatewayNotStaked(address gateway);
    error GatewayStillStaked(address gateway);
    error GatewayUnchanged(address gateway, bool active);
    error UnknownModelClass(uint256 last, uint256 actual);
    error ManifestMissing(bytes32 id);
    error NotStakeManager(address account);
    error NotGasPrices(address account);
    error StillContestable(address gateway, uint256 until);
    error NothingLocked(address gateway);
    error GatewayCountOutOfRange(uint256 minimum, uint256 maximum, uint256 actual);

    constructor(address owner, IStakeSource stakes_, IInbox inbox_, address gasPrices_)
        EIP712(Constants.DOMAIN_NAME, Constants.DOMAIN_VERSION)
        Ownable(owner)
    {
        stakes = stakes_;
        inbox = inbox_;
        gasPrices = gasPrices_;
        contestSeconds = SafeCast.toUint64(stakes_.timing().longest());
    }

    /// @notice Enters the caller, who must be staked as a gateway, and locks the minimum stake.
    function join() external {
        require(stakes.isActive(msg.sender, Role.GATEWAY), GatewayNotStaked(msg.sender));
        _setGateway(msg.sender, true);
        if (isLocked[msg.sender]) return;
        isLocked[msg.sender] = true;
        stakes.lock(msg.sender, Role.GATEWAY, stakes.minimumOf(Role.GATEWAY));
    }

    /// @notice Takes the caller out at once; his stake stays locked for `contestSeconds`.
    function retire() external {
        _setGateway(msg.sender, false);
    }

    /// @notice Frees the stake of one that has not been a gateway for `contestSeconds`. Anyone may call it.
    function unlock(address gateway) external {
        require(isLocked[gateway], NothingLocked(gateway));
        uint256 until = isGateway[gateway] ? type(uint64).max : lockedUntil[gateway];
        require(block.timestamp >= until, StillContestable(gateway, until));
        isLocked[gateway] = false;
        stakes.release(gateway, Role.GATEWAY, stakes.minimumOf(Role.GATEWAY));
    }

    /// @notice Takes out a gateway whose stake has gone. Anyone may call it; a slash does it by itself.
    function expel(address gateway) external {
        require(!stakes.isActive(gateway, Role.GATEWAY), GatewayStillStaked(gateway));
        _setGateway(gateway, false);
    }

    /// @inheritdoc IStakeHook
    function onStakeLost(address account, Role role) external {
        require(msg.sender == address(stakes), NotStakeManager(msg.sender));
        if (role == Role.GATEWAY && isGateway[account]) _setGateway(account, false);
    }

    /// @notice Enters or changes a model.
    function setModel(bytes32 id, Model calldata model_) external onlyOwner {
        require(model_.class <= Constants.LAST_MODEL_CLASS, UnknownModelClass(Constants.LAST_MODEL_CLASS, model_.class));
        require(model_.manifest.root != bytes32(0), ManifestMissing(id));
        uint256 count = model_.gateways.length;
        uint256 least = model_.active ? 1 : 0;
        require(
            count >= least && count <= Constants.MAX_MODEL_GATEWAYS,
            GatewayCountOutOfRange(least, Constants.MAX_MODEL_GATEWAYS, count)
        );
        bytes memory gateways;
        for (uint256 i = 0; i < count; ++i) {
            gateways = bytes.concat(gateways, bytes20(model_.gateways[i]));
        }
        emit ModelChanged(id, model_);
        inbox.pushRegistryMessage(
            abi.encodePacked(
                Constants.MODEL_CHANGED,
                id,
                model_.active,
                model_.class,
                model_.inputPrice,
                model_.outputPrice,
                SafeCast.toUint8(count),
                gateways
            )
        );
        _versions[id].push(model_);
        _told[id].push(SafeCast.toUint48(inbox.delayedCount() - 1), SafeCast.toUint208(_versions[id].length));
    }

    /// @inheritdoc IGasPriceQueue
    function pushGasPrice(uint256 price) external {
        require(msg.sender == gasPrices, NotGasPrices(msg.sender));
        inbox.pushRegistryMessage(abi.encodePacked(Constants.GAS_PRICE_CHANGED, price));
    }

    /// @notice What the model is now; an entry without a manifest if there is none.
    function model(bytes32 id) external view returns (Model memory) {
        return _version(id, _versions[id].length);
    }

    /// @notice What the model was for a message that comes after the first `delayed` delayed messages, and before the next.
    function modelAfter(bytes32 id, uint64 delayed) external view returns (Model memory) {
        return _version(id, delayed == 0 ? 0 : _told[id].upperLookup(SafeCast.toUint48(delayed - 1)));
    }

    /// @notice Whether the account is a gateway or was one.
    function wasGateway(address account) external view returns (bool) {
        return isGateway[account] || lockedUntil[account] > 0;
    }

    function domainSeparator() external view returns (bytes32) {
        return _domainSeparatorV4();
    }

    function _stakes() internal view override returns (IStakeSource) {
        return stakes;
    }

    function _version(bytes32 id, uint256 count) private view returns (Model memory version) {
        if (count > 0) version = _versions[id][count - 1];
    }

    function _setGateway(address gateway, bool active) private {
        require(isGateway[gateway] != active, GatewayUnchanged(gateway, active));
        isGateway[gateway] = active;
        if (!active) lockedUntil[gateway] = SafeCast.toUint64(block.timestamp + contestSeconds);
        emit GatewayChanged(gateway, active);
        inbox.pushRegistryMessage(abi.encodePacked(Constants.GATEWAY_CHANGED, gateway, active));
    }
}
