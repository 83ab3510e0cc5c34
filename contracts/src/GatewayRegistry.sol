// SPDX-License-Identifier: MIT
// docs/contracts.md#registry
pragma solidity 0.8.37;

import {Constants} from "./generated/Constants.sol";
import {IInbox} from "./interfaces/IInbox.sol";
import {IStakeManager} from "./interfaces/IStakeManager.sol";
import {DataObject, Role} from "./lib/Types.sol";
import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

/// @title Who may sign inference results, and which models they may name.
/// @notice Every change reaches the network as a delayed message.
contract GatewayRegistry is EIP712, Ownable2Step {
    /// @param class 0 exact, 1 tolerance, 2 provenance only
    /// @param inputPrice wei per token read
    /// @param outputPrice wei per token written
    /// @param manifest what the model is: file hashes, engine, settings
    struct Model {
        bool active;
        uint8 class;
        uint256 inputPrice;
        uint256 outputPrice;
        DataObject manifest;
    }

    IStakeManager public immutable stakes;
    IInbox public immutable inbox;

    mapping(address account => bool) public isGateway;
    mapping(bytes32 id => Model) private _models;

    event GatewayChanged(address indexed gateway, bool active);
    event ModelChanged(bytes32 indexed id, Model model);

    error GatewayNotStaked(address gateway);
    error GatewayStillStaked(address gateway);
    error GatewayUnchanged(address gateway, bool active);
    error UnknownModelClass(uint256 last, uint256 actual);
    error ManifestMissing(bytes32 id);

    constructor(address owner, IStakeManager stakes_, IInbox inbox_)
        EIP712(Constants.DOMAIN_NAME, Constants.DOMAIN_VERSION)
        Ownable(owner)
    {
        stakes = stakes_;
        inbox = inbox_;
    }

    /// @notice Enters the caller, who must be staked as a gateway.
    function join() external {
        require(stakes.isActive(msg.sender, Role.GATEWAY), GatewayNotStaked(msg.sender));
        _setGateway(msg.sender, true);
    }

    /// @notice Takes the caller out.
    function retire() external {
        _setGateway(msg.sender, false);
    }

    /// @notice Takes out a gateway whose stake has gone. Anyone may call it.
    function expel(address gateway) external {
        require(!stakes.isActive(gateway, Role.GATEWAY), GatewayStillStaked(gateway));
        _setGateway(gateway, false);
    }

    /// @notice Enters or changes a model.
    function setModel(bytes32 id, Model calldata model_) external onlyOwner {
        require(model_.class <= Constants.LAST_MODEL_CLASS, UnknownModelClass(Constants.LAST_MODEL_CLASS, model_.class));
        require(model_.manifest.root != bytes32(0), ManifestMissing(id));
        _models[id] = model_;
        emit ModelChanged(id, model_);
        inbox.pushRegistryMessage(
            abi.encodePacked(
                Constants.MODEL_CHANGED, id, model_.active, model_.class, model_.inputPrice, model_.outputPrice
            )
        );
    }

    function model(bytes32 id) external view returns (Model memory) {
        return _models[id];
    }

    function domainSeparator() external view returns (bytes32) {
        return _domainSeparatorV4();
    }

    function _setGateway(address gateway, bool active) private {
        require(isGateway[gateway] != active, GatewayUnchanged(gateway, active));
        isGateway[gateway] = active;
        emit GatewayChanged(gateway, active);
        inbox.pushRegistryMessage(abi.encodePacked(Constants.GATEWAY_CHANGED, gateway, active));
    }
}
