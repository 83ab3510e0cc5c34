// SPDX-License-Identifier: MIT
// docs/court.md#attacks: for each attack, who has won and lost what.
pragma solidity 0.8.37;

import {InferenceCourt} from "../../src/InferenceCourt.sol";
import {Verdict} from "../../src/court/Ballots.sol";
import {Purse} from "../../src/court/Purse.sol";
import {Role} from "../../src/lib/Types.sol";
import {CourtNetwork} from "../support/CourtNetwork.sol";
import {bound, vm} from "../support/Vm.sol";

contract CourtMoneyTest is CourtNetwork {
    uint256 private constant VOTERS = 12;

    function setUp() public override {
        super.setUp();
        _addVoters(VOTERS, STAKE);
    }

    /// A gateway that has itself disputed by a second account, before others can, and is convicted: half is burned.
    function test_SelfDisputeOfALieLosesHalf() public {
        uint256 id = _openCase(EXACT);
        _vote(id, 1, VOTERS, 0);
        _execute(id);
        uint256 lost = 2 * MINIMUM - stakes.activeOf(gateway, Role.GATEWAY);
        uint256 won = _wealthOf(CHALLENGER) - (FUNDS - COURT_BOND) - COURT_BOND;
        vm.assertEq(lost, PENALTY);
        vm.assertEq(won, PENALTY / 2 - _cost() - FEE);
    }

    /// A self-dispute of an item that is right, so that nobody else can dispute it: it was right anyway, and the bond is lost.
    function test_SelfDisputeOfATruthLosesTheBond() public {
        uint256 id = _openCase(EXACT);
        _vote(id, 1, 0, VOTERS);
        _execute(id);
        vm.assertEq(_wealthOf(CHALLENGER), FUNDS - COURT_BOND);
    }

    /// A self-dispute that stays without a quorum blocks nobody: the next one opens the item again.
    function test_SelfDisputeWithoutVotersBlocksNobody() public {
        uint256 id = _openCase(EXACT);
        vm.warp(court.deadlinesOf(id).secondReveal);
        court.tally(id);
        uint256 again = _open(0, APPELLANT);
        _vote(again, 1, VOTERS, 0);
        _execute(again);
        _assertStatus(again, InferenceCourt.Status.VOIDED);
        vm.assertEq(_wealthOf(CHALLENGER), FUNDS - FEE);
        vm.assertEq(_wealthOf(APPELLANT), FUNDS + PENALTY / 2 - _cost() - FEE);
    }

    /// A gateway is convicted, appeals, and bribes a third of the voters: the others are two thirds, and it loses both.
    function test_ABribedAppealLosesItsBond() public {
        uint256 id = _openCase(EXACT);
        _vote(id, 1, VOTERS, 0);
        _appeal(id, APPELLANT);
        _vote(id, 2, VOTERS * 2 / 3, VOTERS / 3);
        _execute(id);
        _assertStatus(id, InferenceCourt.Status.VOIDED);
        vm.assertEq(_wealthOf(APPELLANT), FUNDS - 2 * COURT_BOND);
        // Half of the appellant's bond and half of the penalty, less the refund and two fees.
        vm.assertEq(_wealthOf(CHALLENGER), FUNDS + COURT_BOND + PENALTY / 2 - _cost() - 2 * FEE);
        // The bribed ones have voted like the others in the first round, and have earned nothing in the second.
        vm.assertEq(court.claim(id, 1, voters[VOTERS - 1]), FEE / VOTERS);
        vm.expectRevert(abi.encodeWithSelector(Purse.NothingToClaim.selector, voters[VOTERS - 1]));
        court.claim(id, 2, voters[VOTERS - 1]);
    }

    /// One voter more, and the lie stands: the honest ones lose a bond, and no stake. This is what a third can do.
    function test_MoreThanAThirdSavesALiarAndSlashesNobody() public {
        uint256 id = _openCase(EXACT);
        _vote(id, 1, VOTERS * 2 / 3 - 1, VOTERS / 3 + 1);
        _execute(id);
        _assertStatus(id, InferenceCourt.Status.UPHELD);
        for (uint256 i = 0; i < VOTERS; ++i) {
            vm.expectRevert(abi.encodeWithSelector(InferenceCourt.NothingToPunish.selector, voters[i]));
            court.punish(id, 1, voters[i]);
        }
        vm.assertEq(_wealthOf(CHALLENGER), FUNDS - COURT_BOND);
    }

    /// A bare majority that accuses an honest gateway reaches nothing but the challenger's bond.
    function test_FiftyOnePercentCannotSlash() public {
        uint256 id = _openCase(EXACT);
        _vote(id, 1, VOTERS / 2 + 1, VOTERS / 2 - 1);
        _execute(id);
        _assertStatus(id, InferenceCourt.Status.UPHELD);
        vm.assertEq(stakes.activeOf(gateway, Role.GATEWAY), 2 * MINIMUM);
    }

    /// Two thirds can slash an honest gateway, unless the guardian vetoes it.
    function test_TwoThirdsCanSlashAndTheGuardianCanSave() public {
        uint256 id = _openCase(EXACT);
        _vote(id, 1, VOTERS * 2 / 3, VOTERS / 3);
        vm.prank(GUARDIAN);
        court.veto(id);
        vm.assertEq(stakes.activeOf(gateway, Role.GATEWAY), 2 * MINIMUM);
        vm.assertEq(court.balanceOf(CHALLENGER), COURT_BOND);
    }

    /// A third that stays away can keep a case from being decided, and pays for it each time.
    function test_AThirdThatStaysAwayPays() public {
        uint256 id = _openCase(EXACT);
        _vote(id, 1, VOTERS * 2 / 3 - 1, 0);
        _vote(id, 2, VOTERS * 2 / 3 - 1, 0);
        court.tally(id);
        _assertStatus(id, InferenceCourt.Status.DISMISSED);
        uint256 total = 0;
        for (uint256 i = VOTERS * 2 / 3 - 1; i < VOTERS; ++i) {
            total += court.punish(id, 1, voters[i]) + court.punish(id, 2, voters[i]);
        }
        vm.assertEq(total, (VOTERS / 3 + 1) * 2 * STAKE / 1000);
        vm.assertEq(_wealthOf(CHALLENGER), FUNDS - FEE);
    }

    /// Whoever disputes item after item that is right pays the voters for each.
    function test_GriefingPaysTheVoters() public {
        _post(EXACT);
        uint256[3] memory ids;
        for (uint256 i = 0; i < 3; ++i) {
            ids[i] = _open(i, CHALLENGER);
        }
        for (uint256 i = 0; i < 3; ++i) {
            for (uint256 j = 0; j < VOTERS; ++j) {
                _commit(ids[i], 1, voters[j], Verdict.UPHELD);
            }
        }
        vm.warp(court.deadlinesOf(ids[0]).commit);
        for (uint256 i = 0; i < 3; ++i) {
            for (uint256 j = 0; j < VOTERS; ++j) {
                _reveal(ids[i], 1, voters[j], Verdict.UPHELD);
            }
        }
        vm.warp(court.deadlinesOf(ids[0]).appeal);
        for (uint256 i = 0; i < 3; ++i) {
            court.execute(ids[i], _item(i, EXACT));
            court.claim(ids[i], 1, voters[0]);
        }
        vm.assertEq(court.balanceOf(voters[0]), 3 * (FEE / VOTERS));
        vm.assertEq(_wealthOf(CHALLENGER), FUNDS - 3 * COURT_BOND);
    }

    /// Whoever stakes ten times as much as all others together once a lie is out cannot vote about it.
    function test_ACourtCannotBeStuffedAfterwards() public {
        _post(EXACT);
        address stuffer = address(0xbad);
        stakes.stake(stuffer, Role.VALIDATOR, 30 * STAKE);
        vm.warp(block.timestamp + 1 days);
        uint256 id = _open(0, CHALLENGER);
        vm.assertEq(court.weightIn(id, 1, stuffer), 0);
        vm.assertEq(court.weightIn(id, 2, stuffer), 0);
        _vote(id, 1, VOTERS, 0);
        _execute(id);
        _assertStatus(id, InferenceCourt.Status.VOIDED);
    }

    /// An appeal that saves an honest gateway from a first round that was wrong is paid by the challenger's bond.
    function test_AnAppealThatSavesAGatewayIsPaid() public {
        uint256 id = _openCase(EXACT);
        _vote(id, 1, VOTERS * 2 / 3, VOTERS / 3);
        _appeal(id, APPELLANT);
        _vote(id, 2, 0, VOTERS);
        _execute(id);
        _assertStatus(id, InferenceCourt.Status.UPHELD);
        vm.assertEq(_wealthOf(CHALLENGER), FUNDS - COURT_BOND);
        vm.assertEq(_wealthOf(APPELLANT), FUNDS + COURT_BOND / 2 - 2 * FEE);
        // The pot of the first round is that of its minority, which was right.
        vm.assertEq(court.claim(id, 1, voters[VOTERS - 1]), FEE / (VOTERS / 3));
        vm.expectRevert(abi.encodeWithSelector(Purse.NothingToClaim.selector, voters[0]));
        court.claim(id, 1, voters[0]);
    }

    /// An appeal that convicts after a first round had let a liar go shares the reward.
    function test_AnAppealThatConvictsSharesTheReward() public {
        uint256 id = _openCase(EXACT);
        _vote(id, 1, VOTERS / 2, VOTERS / 2);
        _appeal(id, APPELLANT);
        _vote(id, 2, VOTERS, 0);
        _execute(id);
        uint256 rest = PENALTY / 2 - _cost() - 2 * FEE;
        vm.assertEq(_wealthOf(CHALLENGER), FUNDS + rest - rest / 2);
        vm.assertEq(_wealthOf(APPELLANT), FUNDS + rest / 2);
    }

    /// Both accusers were wrong twice.
    function test_AnAppealAgainstATruthIsLost() public {
        uint256 id = _openCase(EXACT);
        _vote(id, 1, 0, VOTERS);
        _appeal(id, APPELLANT);
        _vote(id, 2, 0, VOTERS);
        uint256 supply = token.totalSupply();
        _execute(id);
        vm.assertEq(_wealthOf(APPELLANT), FUNDS - 2 * COURT_BOND);
        vm.assertEq(_wealthOf(CHALLENGER), FUNDS - COURT_BOND);
        vm.assertEq(supply - token.totalSupply(), 3 * COURT_BOND - 2 * FEE);
    }

    function test_AnAppealThatNobodyVotesOnIsDismissed() public {
        uint256 id = _openCase(EXACT);
        _vote(id, 1, VOTERS, 0);
        _appeal(id, APPELLANT);
        vm.warp(court.deadlinesOf(id).secondReveal);
        court.tally(id);
        _assertStatus(id, InferenceCourt.Status.DISMISSED);
        vm.assertEq(_wealthOf(APPELLANT), FUNDS - FEE);
        vm.assertEq(_wealthOf(CHALLENGER), FUNDS - FEE);
        vm.assertEq(token.balanceOf(COURT), court.balanceOf(APPELLANT) + court.balanceOf(CHALLENGER));
    }

    function test_RevertWhen_AnAppealComesLateOrTwice() public {
        uint256 id = _openCase(EXACT);
        _vote(id, 1, VOTERS, 0);
        uint256 end = court.deadlinesOf(id).appeal;
        vm.warp(end);
        vm.expectRevert(abi.encodeWithSelector(InferenceCourt.TooLate.selector, end, end));
        vm.prank(APPELLANT);
        court.appeal(id);
        vm.warp(end - 1);
        _appeal(id, APPELLANT);
        vm.expectRevert(
            abi.encodeWithSelector(
                InferenceCourt.CaseStatusMismatch.selector,
                id,
                InferenceCourt.Status.TALLIED,
                InferenceCourt.Status.VOTING
            )
        );
        vm.prank(WATCHER);
        court.appeal(id);
    }

    /// What is slashed is halved, burned half rounded up; refund, fees and reward are the other half, to the wei.
    /// forge-config: default.fuzz.runs = 48
    function testFuzz_HalfOfWhatIsLostIsBurned(uint256 stakeLeft, uint256 faulty, bool appealed) public {
        uint256 id = _openCase(EXACT);
        // As if others had taken what is above it.
        stakeLeft = bound(stakeLeft, 0, 2 * MINIMUM);
        vm.prank(DISPUTE);
        stakes.slash(gateway, Role.GATEWAY, 2 * MINIMUM - stakeLeft, address(0), 0);
        faulty = bound(faulty, VOTERS * 2 / 3, VOTERS);
        _vote(id, 1, faulty, VOTERS - faulty);
        if (appealed) {
            _appeal(id, APPELLANT);
            _vote(id, 2, faulty, VOTERS - faulty);
        }
        uint256 supply = token.totalSupply();
        _execute(id);
        uint256 slashed = stakeLeft < PENALTY ? stakeLeft : PENALTY;
        uint256 lost = appealed ? 2 * COURT_BOND : 0;
        vm.assertEq(supply - token.totalSupply(), slashed - slashed / 2 + lost / 2);
        uint256 paid = token.balanceOf(address(bridge));
        vm.assertLe(paid, slashed / 2);
        for (uint256 round = 1; round <= court.caseOf(id).round; ++round) {
            for (uint256 i = 0; i < faulty; ++i) {
                try court.claim(id, round, voters[i]) returns (uint256 amount) {
                    paid += amount;
                } catch {}
            }
        }
        paid += court.balanceOf(CHALLENGER) - COURT_BOND;
        vm.assertEq(paid, slashed / 2 + lost / 2);
        vm.assertEq(token.balanceOf(COURT), paid - token.balanceOf(address(bridge)) + COURT_BOND);
    }

    function test_PayoutsArePulled() public {
        uint256 id = _openCase(EXACT);
        _vote(id, 1, VOTERS, 0);
        _execute(id);
        uint256 due = court.balanceOf(CHALLENGER);
        vm.prank(CHALLENGER);
        vm.assertEq(court.withdraw(), due);
        vm.assertEq(token.balanceOf(CHALLENGER), FUNDS - COURT_BOND + due);
        vm.expectRevert(abi.encodeWithSelector(Purse.NothingToWithdraw.selector, CHALLENGER));
        vm.prank(CHALLENGER);
        court.withdraw();
        court.claim(id, 1, voters[0]);
        vm.expectRevert(abi.encodeWithSelector(Purse.NothingToClaim.selector, voters[0]));
        court.claim(id, 1, voters[0]);
    }
}
