// SPDX-License-Identifier: MIT
// docs/contracts.md#deployment: all contracts, wired as contracts/deploy.ts wires them, with staked parties.
pragma solidity 0.8.37;

import {Attestations} from "../../src/Attestations.sol";
import {Bridge} from "../../src/Bridge.sol";
import {DAChallenges} from "../../src/DAChallenges.sol";
import {DACommittee} from "../../src/DACommittee.sol";
import {DelegationPools} from "../../src/DelegationPools.sol";
import {Escape} from "../../src/Escape.sol";
import {Exposure} from "../../src/Exposure.sol";
import {GasPrices} from "../../src/GasPrices.sol";
import {GatewayRegistry} from "../../src/GatewayRegistry.sol";
import {Inbox} from "../../src/Inbox.sol";
import {MizuToken} from "../../src/MizuToken.sol";
import {Rollup} from "../../src/Rollup.sol";
import {StakeManager} from "../../src/StakeManager.sol";
import {Ledger} from "../../src/dispute/Ledger.sol";
import {Constants} from "../../src/generated/Constants.sol";
import {IAudits} from "../../src/interfaces/IAudits.sol";
import {IStakeHook} from "../../src/interfaces/IStakeHook.sol";
import {Objects} from "../../src/lib/Objects.sol";
import {StateLeaf} from "../../src/lib/StateLeaf.sol";
import {Timing} from "../../src/lib/Timing.sol";
import {Tree} from "../../src/lib/Tree.sol";
import {AssertionId, Certificate, DataObject, Role} from "../../src/lib/Types.sol";
import {vm} from "./Vm.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @dev Library functions that take calldata, behind external calls.
contract ObjectsHarness {
    function hashList(DataObject memory first, DataObject[] calldata rest) external pure returns (bytes32, uint64) {
        return Objects.hashList(first, rest);
    }
}

/// @dev Audits that nobody has lost a share by.
contract NoAudits is IAudits {
    function losesShare(address, uint256) external pure returns (bool) {
        return false;
    }

    function withhold(uint256) external pure {
        revert();
    }
}

abstract contract Network {
    uint256 internal constant MINIMUM = 1000 ether;
    uint256 internal constant STAKE = 10_000 ether;
    uint256 internal constant BOND = 100 ether;
    uint64 internal constant WINDOW = 1 days;
    uint64 internal constant MAX_PAUSE = 2 days;
    /// @dev Window, pause, clocks, votes and grace.
    uint64 internal constant LONGEST = 7 days;
    uint64 internal constant RETENTION = 14 days;
    uint64 internal constant DELAY = 1 hours;
    uint64 internal constant SLOT = 1 minutes;
    uint64 internal constant COMMITTEE_DELAY = 5 days;
    uint64 internal constant OVERLAP = 1 days;
    uint64 internal constant LEADER_SECONDS = 10 minutes;
    uint64 internal constant ESCAPE = 30 days;
    uint256 internal constant DA_BOND = 5 ether;
    uint32 internal constant ANSWER = 4 hours;
    uint256 internal constant GAS_PRICE = 1 gwei;
    uint256 internal constant HIGHEST_PRICE = 1000 gwei;
    uint64 internal constant REST = 1 days;
    uint256 internal constant START = 1_800_000_000;
    bytes32 internal constant GENESIS_STATE = keccak256("genesis");
    bytes32 internal constant KERNEL = keccak256("kernel");

    address internal immutable owner = address(this);
    address internal constant SEQUENCER = address(0x5e9);
    address internal constant EXECUTOR = address(0xe1);
    address internal constant RIVAL = address(0xe2);
    address internal constant USER = address(0xabc);
    address internal constant DISPUTE = address(0xd15);
    address internal constant DEMANDS = address(0xde3);
    address internal constant COURT = address(0xc047);
    address internal constant GUARDIAN = address(0x94a);
    address internal constant AUDITS = address(0xa0d17);

    MizuToken internal token;
    StakeManager internal stakes;
    Inbox internal inbox;
    DACommittee internal committee;
    GatewayRegistry internal registry;
    Rollup internal rollup;
    Bridge internal bridge;
    Escape internal escape;
    DAChallenges internal challenges;
    Attestations internal attestations;
    GasPrices internal gasPrices;
    ObjectsHarness internal objects;
    uint256[] internal memberKeys;

    function setUp() public virtual {
        vm.warp(START);
        _deploy();
        objects = new ObjectsHarness();
        token.mint(owner, 1_000_000 ether);
        token.approve(address(stakes), type(uint256).max);
        stakes.stake(SEQUENCER, Role.SEQUENCER, STAKE);
        stakes.stake(EXECUTOR, Role.EXECUTOR, STAKE);
        stakes.stake(RIVAL, Role.EXECUTOR, STAKE);
        vm.prank(SEQUENCER);
        inbox.join();
        _appoint(4, 3);
    }

    function _deploy() private {
        DelegationPools pools = new DelegationPools();
        vm.etch(AUDITS, address(new NoAudits()).code);
        uint256 nonce = vm.getNonce(address(this));
        address[] memory predicted = new address[](11);
        for (uint256 i = 0; i < 11; ++i) {
            predicted[i] = vm.computeCreateAddress(address(this), nonce + i);
        }
        token = new MizuToken(owner, 10_000_000 ether);
        IStakeHook[5] memory hooks;
        hooks[uint256(Role.GATEWAY)] = IStakeHook(predicted[4]);
        stakes = new StakeManager(token, pools, _timing(), _minimums(), _grants(predicted), hooks);
        inbox = new Inbox(
            token,
            predicted[6],
            stakes,
            DACommittee(predicted[3]),
            predicted[4],
            predicted[5],
            COURT,
            Inbox.Limits(DELAY, 30, 1 hours, SLOT)
        );
        committee = new DACommittee(owner, stakes, inbox, predicted[8], COMMITTEE_DELAY, OVERLAP);
        registry = new GatewayRegistry(owner, stakes, inbox, predicted[10]);
        rollup = new Rollup(
            stakes,
            inbox,
            committee,
            DISPUTE,
            DEMANDS,
            _kernel(),
            GENESIS_STATE,
            Rollup.Settings(BOND, LEADER_SECONDS, GUARDIAN, ESCAPE)
        );
        bridge = new Bridge(token, rollup, Attestations(predicted[9]), 2000, predicted[7]);
        escape = new Escape(rollup, bridge);
        challenges = new DAChallenges(token, committee, Ledger.Settings(DA_BOND, 1e12, 15_000), ANSWER);
        attestations = new Attestations(stakes, rollup, address(bridge), address(0), IAudits(AUDITS), 5000);
        gasPrices = new GasPrices(owner, token, registry, GAS_PRICE, HIGHEST_PRICE, REST);
    }

    /// @dev As contracts/deploy.ts; `DISPUTE` may do all, so that stakes can be tested without the others.
    function _grants(address[] memory all) private pure returns (Exposure.Grant[] memory grants) {
        grants = new Exposure.Grant[](16);
        grants[0] = Exposure.Grant(all[5], Role.EXECUTOR, Exposure.Power.SLASH);
        grants[1] = Exposure.Grant(all[2], Role.SEQUENCER, Exposure.Power.SLASH);
        grants[2] = Exposure.Grant(all[3], Role.DA_MEMBER, Exposure.Power.LOCK);
        grants[3] = Exposure.Grant(all[4], Role.GATEWAY, Exposure.Power.SLASH);
        grants[14] = Exposure.Grant(all[8], Role.DA_MEMBER, Exposure.Power.SLASH);
        grants[15] = Exposure.Grant(all[9], Role.VALIDATOR, Exposure.Power.SLASH);
        for (uint256 i = 0; i < 5; ++i) {
            grants[4 + i] = Exposure.Grant(COURT, Role(i), Exposure.Power.SLASH);
            grants[9 + i] = Exposure.Grant(DISPUTE, Role(i), Exposure.Power.SLASH);
        }
    }

    function _kernel() internal view virtual returns (bytes32) {
        return KERNEL;
    }

    function _timing() internal pure returns (Timing memory) {
        return Timing({
            window: WINDOW,
            maxPause: MAX_PAUSE,
            clocks: 2 days,
            votes: 1 days,
            grace: 1 days,
            unbonding: LONGEST,
            retention: RETENTION
        });
    }

    function _minimums() internal pure returns (uint256[5] memory) {
        return [MINIMUM, MINIMUM, MINIMUM, MINIMUM, MINIMUM];
    }

    /// @dev Members with the keys 1, 2, ... put into ascending order of address.
    function _appoint(uint256 count, uint16 threshold) internal {
        memberKeys = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            uint256 key = i + 1;
            stakes.stake(vm.addr(key), Role.DA_MEMBER, STAKE);
            uint256 place = i;
            for (; place > 0 && vm.addr(memberKeys[place - 1]) > vm.addr(key); --place) {
                memberKeys[place] = memberKeys[place - 1];
            }
            memberKeys[place] = key;
        }
        committee.setCommittee(_members(), threshold);
        if (committee.activeFrom() == 0) return;
        vm.warp(committee.activeFrom());
        committee.activate();
    }

    function _members() internal view returns (address[] memory members) {
        members = new address[](memberKeys.length);
        for (uint256 i = 0; i < members.length; ++i) {
            members[i] = vm.addr(memberKeys[i]);
        }
    }

    /// @dev A certificate by the members whose bits are set.
    function _certify(bytes32 objectsHash, uint64 totalLength, uint64 signers)
        internal
        view
        returns (Certificate memory)
    {
        return
            _sign(objectsHash, totalLength, committee.epoch(), uint64(block.timestamp) + RETENTION + 1 hours, signers);
    }

    function _sign(bytes32 objectsHash, uint64 totalLength, uint64 epoch, uint64 expiry, uint64 signers)
        internal
        view
        returns (Certificate memory certificate)
    {
        (certificate.epoch, certificate.expiry, certificate.signers) = (epoch, expiry, signers);
        bytes32 digest = committee.digestOf(objectsHash, totalLength, epoch, expiry);
        for (uint256 i = 0; i < memberKeys.length; ++i) {
            if ((signers >> i) & 1 == 0) continue;
            (uint8 v, bytes32 r, bytes32 s) = vm.sign(memberKeys[i], digest);
            certificate.signatures = bytes.concat(certificate.signatures, r, s, bytes1(v));
        }
    }

    /// @dev Posts a batch with `sequenced` messages in an object and all delayed messages.
    function _postBatch(uint32 sequenced) internal {
        _postBatch(sequenced, RETENTION + 1 hours);
    }

    /// @param promised seconds from now for which the committee keeps the batch's bytes
    function _postBatch(uint32 sequenced, uint64 promised) internal {
        bytes32 root = keccak256(abi.encode("batch", inbox.batchCount()));
        bytes32 objectsHash = keccak256(abi.encodePacked(root, uint64(1000)));
        Certificate memory certificate =
            _sign(objectsHash, 1000, committee.epoch(), uint64(block.timestamp) + promised, 0xd);
        (uint64 index, uint64 delayed) = (inbox.batchCount(), inbox.delayedCount());
        vm.prank(SEQUENCER);
        inbox.postBatch(index, root, 1000, sequenced, uint64(block.timestamp), delayed, certificate);
    }

    function _leaf(bytes32 stateRoot, uint64 batch) internal view returns (StateLeaf memory) {
        return StateLeaf(stateRoot, keccak256("receipt"), batch, 0, inbox.totalMessagesBefore(batch));
    }

    /// @dev A claim whose step list has the parent's leaf first, `post` last and the same leaf everywhere between.
    function _claim(AssertionId parent, StateLeaf memory post) internal view returns (Rollup.Claim memory claim) {
        Rollup.Assertion memory previous = rollup.assertionOf(parent);
        uint256 steps = post.step - inbox.totalMessagesBefore(previous.batch);
        bytes32 stepRoot;
        (stepRoot, claim.firstPath, claim.lastPath) = _stepList(previous.leafHash, post.hash(), steps + 1);
        claim.parent = parent;
        claim.post = post;
        claim.objects = new DataObject[](1);
        claim.objects[0] = DataObject(keccak256("receipts"), 777);
        (bytes32 hash, uint64 length) = objects.hashList(DataObject(stepRoot, uint64((steps + 1) * 128)), claim.objects);
        claim.certificate = _certify(hash, length, 0xd);
    }

    function _stepList(bytes32 first, bytes32 last, uint256 leaves)
        internal
        pure
        returns (bytes32 stepRoot, bytes32[] memory firstPath, bytes32[] memory lastPath)
    {
        uint256 depth = Tree.depthOf(leaves);
        bytes32[] memory level = new bytes32[](2 ** depth);
        for (uint256 i = 0; i < level.length; ++i) {
            level[i] = i < leaves ? keccak256(abi.encode("leaf", i)) : Constants.ZERO_LEAF_HASH;
        }
        (level[0], level[leaves - 1]) = (first, last);
        (firstPath, lastPath) = (new bytes32[](depth), new bytes32[](depth));
        for (uint256 d = 0; d < depth; ++d) {
            firstPath[d] = level[1];
            lastPath[d] = level[((leaves - 1) >> d) ^ 1];
            for (uint256 i = 0; i < (level.length >> (d + 1)); ++i) {
                level[i] = Tree.hashNode(level[2 * i], level[2 * i + 1]);
            }
        }
        stepRoot = Tree.hashObject(level[0], SafeCast.toUint64(leaves * 128));
    }

    /// @dev A batch and the executor's assertion of it on top of `parent`.
    function _assertNext(AssertionId parent, bytes32 stateRoot) internal returns (AssertionId) {
        _postBatch(3);
        Rollup.Claim memory claim = _claim(parent, _leaf(stateRoot, inbox.batchCount()));
        vm.prank(EXECUTOR);
        return rollup.createAssertion(claim);
    }

    function _confirmNext(bytes32 stateRoot) internal returns (AssertionId id) {
        id = _assertNext(rollup.latestConfirmed(), stateRoot);
        vm.warp(block.timestamp + WINDOW);
        rollup.confirm(id);
    }
}
