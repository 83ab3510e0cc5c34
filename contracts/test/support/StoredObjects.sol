// SPDX-License-Identifier: MIT
// docs/da.md#challenges: objects that the committee has promised, and challenges of their pieces.
pragma solidity 0.8.37;

import {DAChallenges} from "../../src/DAChallenges.sol";
import {Tree} from "../../src/lib/Tree.sol";
import {Certificate} from "../../src/lib/Types.sol";
import {Network} from "./Network.sol";
import {Trees} from "./Trees.sol";
import {vm} from "./Vm.sol";

abstract contract StoredObjects is Network {
    address internal constant CHALLENGER = address(0xc4a);
    address internal constant PUBLISHER = address(0x9b1);
    /// @dev Three of four members.
    uint64 internal constant SIGNERS = 0xd;
    uint64 internal constant OTHER_LENGTH = 777;

    function setUp() public virtual override {
        super.setUp();
        token.mint(CHALLENGER, 1_000_000 ether);
        vm.prank(CHALLENGER);
        token.approve(address(challenges), type(uint256).max);
    }

    function _bytes(uint256 length) internal pure returns (bytes memory data) {
        data = new bytes(length);
        for (uint256 i = 0; i < length; ++i) {
            data[i] = bytes1(uint8(1 + (i * 7 + (i >> 8)) % 250));
        }
    }

    /// @dev The object is the second of two.
    function _list(bytes32 root, uint64 length) internal pure returns (bytes memory) {
        return abi.encodePacked(keccak256("other"), OTHER_LENGTH, root, length);
    }

    function _promise(bytes32 root, uint64 length, uint64 expiry, uint64 signers)
        internal
        view
        returns (Certificate memory)
    {
        return _sign(keccak256(_list(root, length)), OTHER_LENGTH + length, committee.epoch(), expiry, signers);
    }

    function _challenge(bytes memory data, uint64 piece) internal returns (uint256) {
        uint64 expiry = uint64(block.timestamp) + RETENTION;
        bytes32 root = Trees.objectRoot(data);
        return _challengeRoot(root, uint64(data.length), piece, _promise(root, uint64(data.length), expiry, SIGNERS));
    }

    function _challengeRoot(bytes32 root, uint64 length, uint64 piece, Certificate memory certificate)
        internal
        returns (uint256)
    {
        vm.prank(CHALLENGER);
        return challenges.challenge(_list(root, length), OTHER_LENGTH + length, certificate, 1, piece);
    }

    function _answer(uint256 id, bytes memory data) internal view returns (DAChallenges.Answer memory) {
        uint64 piece = challenges.challengeOf(id).piece;
        uint256 depth = Tree.depthOf(Tree.leafCount(data.length));
        uint256 height = depth < 5 ? depth : 5;
        uint256 left = data.length - piece * 4096;
        bytes memory part = Trees.slice(data, piece * 4096, left < 4096 ? left : 4096);
        return DAChallenges.Answer(id, part, Trees.pathOf(data, piece, height));
    }

    function _publish(uint256 id, bytes memory data) internal {
        DAChallenges.Answer memory answer = _answer(id, data);
        vm.prank(PUBLISHER);
        challenges.publish(id, answer.data, answer.path);
    }

    function _member(uint256 i) internal view returns (address) {
        return committee.members()[i];
    }
}
