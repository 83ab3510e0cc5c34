// SPDX-License-Identifier: MIT
// docs/audits.md: a network whose gateway plants canaries, and whose validators look for them.
pragma solidity 0.8.37;

import {Audits} from "../../src/Audits.sol";
import {AuditSettings} from "../../src/audits/AuditSettings.sol";
import {ShownItem} from "../../src/court/SignedItems.sol";
import {CourtNetwork} from "./CourtNetwork.sol";
import {vm} from "./Vm.sol";

abstract contract AuditNetwork is CourtNetwork {
    uint256 internal constant PERIOD = 1 hours;
    uint256 internal constant FIND = 2 hours;
    uint256 internal constant SHOW = 1 hours;
    uint256 internal constant TELL = 2 hours;
    uint256 internal constant GOOD = 1 days;
    uint256 internal constant REWARD = 1 ether;
    uint256 internal constant OWNER_KEY = 0x0a11ce;
    bytes32 internal constant WORKFLOW = keccak256("workflow");
    bytes32 internal constant TRUTH = keccak256("truth");
    bytes32 internal constant SECRET = keccak256("secret");
    address internal constant PLANTER = address(0xca9a);

    Audits internal audits;

    function setUp() public virtual override {
        super.setUp();
        vm.etch(AUDITS, address(new Audits(court, address(attestations), _auditSettings())).code);
        audits = Audits(AUDITS);
        vm.warp((block.timestamp / PERIOD + 1) * PERIOD);
    }

    /// @dev Every item is drawn for everybody.
    function _auditSettings() internal pure virtual returns (AuditSettings.Settings memory) {
        return AuditSettings.Settings({
            reward: REWARD,
            periodSeconds: uint32(PERIOD),
            commitSeconds: uint32(FIND),
            openSeconds: uint32(SHOW),
            revealSeconds: uint32(TELL),
            plantSeconds: uint32(GOOD),
            rate: 10_000,
            lookBack: 4
        });
    }

    function _run(uint64 nonce) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(bytes1(0x06), vm.addr(OWNER_KEY), nonce, WORKFLOW));
    }

    /// @dev Items of a run of the account that plants, one for each partition.
    function _ownItems(uint64 nonce, uint256 count, bytes32 model) internal pure returns (bytes memory items) {
        for (uint256 i = 0; i < count; ++i) {
            items = bytes.concat(
                items,
                abi.encodePacked(_run(nonce), uint16(1), uint32(i), uint16(0), keccak256("request")),
                abi.encodePacked(keccak256("lie"), uint64(1000), model, uint64(2000), uint64(500), new bytes(96))
            );
        }
    }

    function _commitmentOf(uint64 nonce, uint256 partition) internal view returns (bytes32) {
        return audits.hashCanary(gateway, _run(nonce), 1, uint32(partition), 0, TRUTH, SECRET);
    }

    function _plant(uint64 nonce, uint256 count) internal {
        for (uint256 i = 0; i < count; ++i) {
            bytes32 commitment = _commitmentOf(nonce, i);
            vm.prank(PLANTER);
            audits.plant(commitment);
        }
    }

    /// @dev Plants items of a run, and posts them with the nonce of the run as that of the message.
    /// @return period of the items
    function _plantAndPost(uint64 nonce, uint256 count) internal returns (uint256 period) {
        _plant(nonce, count);
        vm.warp(block.timestamp + 1);
        return _postOwn(nonce, count);
    }

    function _postOwn(uint64 nonce, uint256 count) internal returns (uint256 period) {
        bytes memory items = _ownItems(nonce, count, EXACT);
        _postResult(_message(GATEWAY_KEY, nonce, items), items);
        return audits.periodOf(block.timestamp);
    }

    function _planted(uint64 nonce, uint256 partition) internal view returns (Audits.Planted memory planted) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(OWNER_KEY, audits.digestOf(_commitmentOf(nonce, partition)));
        planted = Audits.Planted(vm.addr(OWNER_KEY), nonce, WORKFLOW, TRUTH, SECRET, bytes.concat(r, s, bytes1(v)));
    }

    function _openCanary(uint64 nonce, uint256 partition) internal {
        ShownItem memory shown = _shown(partition);
        Audits.Planted memory planted = _planted(nonce, partition);
        audits.open(shown, planted);
    }

    function _placeOf(uint256 index) internal view returns (bytes32) {
        return court.placeOf(resultBatch, resultMessage, index);
    }

    /// @dev What a validator has that has run the first items of the last message again.
    function _findings(uint256 count) internal view returns (bytes32[] memory findings) {
        findings = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            findings[i] = audits.hashFinding(_placeOf(i), TRUTH);
        }
    }

    /// @dev Ends the period, closes it and lets the block of its seed go by.
    function _close(uint256 period) internal {
        vm.warp(audits.phasesOf(period).from);
        audits.close(period);
        vm.roll(block.number + 2);
    }

    function _commitFindings(uint256 period, address validator, bytes32[] memory findings) internal {
        bytes32 commitment = audits.hashFindings(period, validator, findings, _salt(validator));
        vm.prank(validator);
        audits.commit(period, commitment);
    }

    function _revealFindings(uint256 period, address validator, bytes32[] memory findings) internal {
        audits.reveal(period, validator, findings, _salt(validator));
    }

    /// @dev The first `honest` voters have found all of the period's canaries, the others commit to an empty list.
    function _play(uint256 period, uint64 nonce, uint256 count, uint256 honest) internal {
        _close(period);
        bytes32[] memory none = new bytes32[](0);
        for (uint256 i = 0; i < voters.length; ++i) {
            _commitFindings(period, voters[i], i < honest ? _findings(count) : none);
        }
        vm.warp(audits.phasesOf(period).commit);
        for (uint256 i = 0; i < count; ++i) {
            _openCanary(nonce, i);
        }
        vm.warp(audits.phasesOf(period).open);
        for (uint256 i = 0; i < voters.length; ++i) {
            _revealFindings(period, voters[i], i < honest ? _findings(count) : none);
        }
        vm.warp(audits.phasesOf(period).reveal);
    }
}
