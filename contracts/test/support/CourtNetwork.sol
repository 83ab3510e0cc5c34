// SPDX-License-Identifier: MIT
// docs/court.md: a network with gateways that sign items, validators that vote on them, and a court.
pragma solidity 0.8.37;

import {GatewayRegistry} from "../../src/GatewayRegistry.sol";
import {InferenceCourt} from "../../src/InferenceCourt.sol";
import {Outcome, Tally, Verdict} from "../../src/court/Ballots.sol";
import {CourtSettings} from "../../src/court/Settings.sol";
import {ShownItem, SignedItems} from "../../src/court/SignedItems.sol";
import {Certificate, DataObject, Role} from "../../src/lib/Types.sol";
import {Network} from "./Network.sol";
import {Trees} from "./Trees.sol";
import {vm} from "./Vm.sol";

abstract contract CourtNetwork is Network {
    uint256 internal constant FUNDS = 10_000 ether;
    uint256 internal constant COURT_BOND = 50 ether;
    uint256 internal constant FEE = 5 ether;
    uint256 internal constant PENALTY = 500 ether;
    uint256 internal constant REFUND_MAX = 100 ether;
    uint256 internal constant COMMIT = 4 hours;
    uint256 internal constant REVEAL = 2 hours;
    uint256 internal constant APPEAL = 2 hours;
    uint256 internal constant VETO = 2 hours;
    /// @dev Window, pause and clocks.
    uint256 internal constant CONTEST = 5 days;
    uint256 internal constant GATEWAY_KEY = 0x6a7e;
    uint256 internal constant INPUT_PRICE = 1e15;
    uint256 internal constant OUTPUT_PRICE = 2e15;
    bytes32 internal constant EXACT = keccak256("model of class A");
    bytes32 internal constant TOLERANT = keccak256("model of class B");
    bytes32 internal constant PROVENANCE = keccak256("model of class C");
    address internal constant CHALLENGER = address(0xc1);
    address internal constant APPELLANT = address(0xc2);
    address internal constant WATCHER = address(0xc3);
    /// @dev Index of the message in its batch: behind the delayed ones that its batch takes in.
    uint256 internal constant ITEMS = 3;

    InferenceCourt internal court;
    SignedItems internal signedItems;
    address internal gateway;
    address[] internal voters;
    /// @dev The batch object and the items of the batch that was posted last.
    bytes internal batchObject;
    bytes internal signed;
    uint64 internal resultBatch;
    uint64 internal resultMessage;

    function setUp() public virtual override {
        super.setUp();
        gateway = vm.addr(GATEWAY_KEY);
        stakes.stake(gateway, Role.GATEWAY, 2 * MINIMUM);
        vm.prank(gateway);
        registry.join();
        _setModel(EXACT, 0);
        _setModel(TOLERANT, 1);
        _setModel(PROVENANCE, 2);
        signedItems = new SignedItems(inbox, registry);
        vm.etch(COURT, address(new InferenceCourt(stakes, signedItems, _courtSettings())).code);
        court = InferenceCourt(COURT);
        vm.prank(COURT);
        token.approve(address(inbox), type(uint256).max);
        _fund(CHALLENGER);
        _fund(APPELLANT);
        vm.warp(block.timestamp + 1 hours);
    }

    function _courtSettings() internal pure returns (CourtSettings.Settings memory) {
        return CourtSettings.Settings({
            guardian: GUARDIAN,
            bond: COURT_BOND,
            fee: FEE,
            itemPenalty: PENALTY,
            refundMax: REFUND_MAX,
            bytePrice: 1e10,
            punishedStakeMax: 2 * STAKE,
            absentPenalty: 10,
            silentPenalty: 50,
            minorityPenalty: 100,
            commitSeconds: uint32(COMMIT),
            revealSeconds: uint32(REVEAL),
            appealSeconds: uint32(APPEAL),
            vetoSeconds: uint32(VETO)
        });
    }

    function _fund(address account) internal {
        token.mint(account, FUNDS);
        vm.prank(account);
        token.approve(COURT, type(uint256).max);
    }

    function _setModel(bytes32 id, uint8 class) internal {
        address[] memory gateways = new address[](1);
        gateways[0] = gateway;
        registry.setModel(
            id,
            GatewayRegistry.Model(
                true, class, INPUT_PRICE, OUTPUT_PRICE, DataObject(keccak256("manifest"), 500), gateways
            )
        );
    }

    /// @dev Stakes `count` more validators, and lets time pass so that they may vote about what is posted from now on.
    function _addVoters(uint256 count, uint256 stake) internal {
        for (uint256 i = 0; i < count; ++i) {
            address voter = address(uint160(0xf0000 + voters.length));
            stakes.stake(voter, Role.VALIDATOR, stake);
            voters.push(voter);
        }
        vm.warp(block.timestamp + 1 minutes);
    }

    // Items

    function _item(uint256 partition, bytes32 model) internal pure returns (bytes memory) {
        return bytes.concat(
            abi.encodePacked(keccak256("run"), uint16(1), uint32(partition), uint16(0), keccak256("request")),
            abi.encodePacked(keccak256("result"), uint64(1000), model, uint64(2000), uint64(500), new bytes(96))
        );
    }

    function _items(bytes32 model) internal pure returns (bytes memory items) {
        for (uint256 i = 0; i < ITEMS; ++i) {
            items = bytes.concat(items, _item(i, model));
        }
    }

    function _cost() internal pure returns (uint256) {
        return 2000 * INPUT_PRICE + 500 * OUTPUT_PRICE + 1000 * 1e10;
    }

    /// @dev A message InferenceResult over these items; its certificate is of no interest here.
    function _message(uint256 key, uint64 nonce, bytes memory items) internal view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, registry.digestOf(vm.addr(key), nonce, Trees.objectRoot(items)));
        return bytes.concat(
            abi.encodePacked(bytes1(0x11), r, s, v, vm.addr(key), nonce, uint16(items.length / 256)),
            items,
            new bytes(24)
        );
    }

    /// @dev Posts the message in a batch of its own, with all delayed ones before it.
    function _postResult(bytes memory message, bytes memory items) internal {
        uint256 leaves = 1;
        while (leaves * 128 < message.length) leaves *= 2;
        uint256 start = leaves < 2 ? 2 : leaves;
        bytes memory object = bytes.concat(
            Trees.slice(abi.encodePacked("MIZUBAT1", uint32(1)), 0, 128),
            Trees.slice(abi.encodePacked(uint32(start), uint32(message.length)), 0, (start - 1) * 128),
            Trees.slice(message, 0, leaves * 128)
        );
        (batchObject, signed) = (object, items);
        (uint64 index, uint64 delayed) = (inbox.batchCount(), inbox.delayedCount());
        (resultBatch, resultMessage) = (index, delayed - inbox.delayedIncluded());
        bytes32 root = Trees.objectRoot(object);
        uint32 length = uint32(object.length);
        Certificate memory certificate = _certify(keccak256(abi.encodePacked(root, uint64(length))), length, 0xd);
        vm.prank(SEQUENCER);
        inbox.postBatch(index, root, length, 1, uint64(block.timestamp), delayed, certificate);
    }

    function _post(bytes32 model) internal {
        bytes memory items = _items(model);
        _postResult(_message(GATEWAY_KEY, 1, items), items);
    }

    function _shown(uint256 index) internal view returns (ShownItem memory shown) {
        bytes memory object = batchObject;
        uint256 leaves = object.length / 256;
        uint256 depth = 0;
        while (2 ** depth < leaves) ++depth;
        (shown.batch, shown.message, shown.index) = (resultBatch, resultMessage, index);
        shown.proof.head = Trees.slice(object, 0, 128);
        shown.proof.headPath = Trees.pathOf(object, 0, 0);
        shown.proof.entry = Trees.slice(object, 128, 128);
        shown.proof.entryPath = Trees.pathOf(object, 1, 0);
        shown.proof.subtree = Trees.nodeAt(object, 1, depth);
        shown.proof.subtreePath = Trees.pathOf(object, 1, depth);
        bytes memory message = Trees.slice(object, leaves * 128, leaves * 128);
        shown.head = Trees.slice(message, 0, 128);
        shown.headPath = Trees.pathOf(message, 0, 0);
        shown.item = Trees.slice(signed, index * 256, 256);
        shown.itemPath = Trees.pathOf(signed, index, 1);
    }

    // Cases

    /// @dev Posts three items of the model and disputes one of them.
    function _openCase(bytes32 model) internal returns (uint256 id) {
        _post(model);
        return _open(0, CHALLENGER);
    }

    function _open(uint256 index, address challenger) internal returns (uint256 id) {
        ShownItem memory shown = _shown(index);
        vm.prank(challenger);
        id = court.open(shown);
        // The block whose hash draws the first round, and one behind it.
        vm.roll(block.number + 2);
    }

    function _salt(address voter) internal pure returns (bytes32) {
        return keccak256(abi.encode("salt", voter));
    }

    function _commit(uint256 id, uint256 round, address voter, Verdict verdict) internal {
        bytes32 commitment = court.hashCommitment(id, round, voter, verdict, 0, _salt(voter));
        vm.prank(voter);
        court.commit(id, round, commitment);
    }

    function _reveal(uint256 id, uint256 round, address voter, Verdict verdict) internal {
        court.reveal(id, round, voter, verdict, 0, _salt(voter));
    }

    /// @dev The first `faulty` voters say WRONG, the next `upheld` UPHELD; those behind them do nothing. Ends with the round.
    function _vote(uint256 id, uint256 round, uint256 faulty, uint256 upheld) internal {
        InferenceCourt.Deadlines memory ends = court.deadlinesOf(id);
        for (uint256 i = 0; i < faulty + upheld; ++i) {
            _commit(id, round, voters[i], i < faulty ? Verdict.WRONG : Verdict.UPHELD);
        }
        vm.warp(round == 1 ? ends.commit : ends.secondCommit);
        for (uint256 i = 0; i < faulty + upheld; ++i) {
            _reveal(id, round, voters[i], i < faulty ? Verdict.WRONG : Verdict.UPHELD);
        }
        vm.warp(round == 1 ? ends.reveal : ends.secondReveal);
    }

    function _appeal(uint256 id, address appellant) internal {
        vm.prank(appellant);
        court.appeal(id);
    }

    /// @dev Waits until nobody can appeal or veto, and carries the outcome of the case about item 0 out.
    function _execute(uint256 id) internal {
        (InferenceCourt.Phase phase,, uint256 until) = court.phaseOf(id);
        if (phase == InferenceCourt.Phase.APPEAL) vm.warp(until);
        (phase,, until) = court.phaseOf(id);
        if (phase == InferenceCourt.Phase.VETO) vm.warp(until);
        court.execute(id, Trees.slice(signed, 0, 256));
    }

    function _statusOf(uint256 id) internal view returns (uint256) {
        return uint256(court.caseOf(id).status);
    }

    function _assertStatus(uint256 id, InferenceCourt.Status status) internal view {
        vm.assertEq(_statusOf(id), uint256(status));
    }

    /// @dev All that the account has, but for what it has staked.
    function _wealthOf(address account) internal view returns (uint256) {
        return token.balanceOf(account) + court.balanceOf(account) + stakes.rewardOf(account);
    }
}
