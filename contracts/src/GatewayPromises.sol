// SPDX-License-Identifier: MIT
// docs/contracts.md#double-nonce
pragma solidity 0.8.37;

import {Constants} from "./generated/Constants.sol";
import {IStakeSource} from "./interfaces/IStakeSource.sol";
import {Role} from "./lib/Types.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

/// @title What a gateway promises by its signature, that no other batch has this nonce, and what it costs to break it.
abstract contract GatewayPromises is EIP712 {
    /// @notice Nonces that a gateway has been slashed for.
    mapping(address gateway => mapping(uint64 nonce => bool)) public isSettled;

    event DoubleNonce(
        address indexed gateway, uint64 indexed nonce, bytes32 firstRoot, bytes32 secondRoot, address indexed prover
    );

    error NonceSettled(address gateway, uint64 nonce);
    error ItemsAreEqual(bytes32 itemsRoot);
    error WrongSigner(address expected, address actual);
    error NothingAtStake(address gateway);

    /// @notice Slashes a gateway that has signed two batches with one nonce; the sender gets the reward. It need not be a
    /// gateway any more.
    /// @param firstRoot object root of the items of the one batch, `secondRoot` of the other
    function proveDoubleNonce(
        address gateway,
        uint64 nonce,
        bytes32 firstRoot,
        bytes calldata firstSignature,
        bytes32 secondRoot,
        bytes calldata secondSignature
    ) external {
        require(firstRoot != secondRoot, ItemsAreEqual(firstRoot));
        _requireSigned(gateway, nonce, firstRoot, firstSignature);
        _requireSigned(gateway, nonce, secondRoot, secondSignature);
        // Its signatures can be shown for ever, but a nonce costs one stake.
        require(!isSettled[gateway][nonce], NonceSettled(gateway, nonce));
        isSettled[gateway][nonce] = true;
        emit DoubleNonce(gateway, nonce, firstRoot, secondRoot, msg.sender);
        IStakeSource stakes_ = _stakes();
        uint256 amount = stakes_.minimumOf(Role.GATEWAY);
        (uint256 slashed,) = stakes_.slash(gateway, Role.GATEWAY, amount, msg.sender, amount);
        // Else it could settle nonces for nothing before it is staked, and use them twice afterwards.
        require(slashed > 0, NothingAtStake(gateway));
    }

    /// @notice What a gateway signs.
    function digestOf(address gateway, uint64 nonce, bytes32 itemsRoot) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(Constants.INFERENCE_TYPEHASH, gateway, nonce, itemsRoot)));
    }

    function _stakes() internal view virtual returns (IStakeSource);

    function _requireSigned(address gateway, uint64 nonce, bytes32 itemsRoot, bytes calldata signature) private view {
        address signer = ECDSA.recoverCalldata(digestOf(gateway, nonce, itemsRoot), signature);
        require(signer == gateway, WrongSigner(gateway, signer));
    }
}
