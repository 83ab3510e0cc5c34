// SPDX-License-Identifier: MIT
// docs/court.md#settings
pragma solidity 0.8.37;

import {InferenceCourt} from "../../src/InferenceCourt.sol";
import {CourtSettings} from "../../src/court/Settings.sol";
import {SettingTooLarge} from "../../src/lib/Settings.sol";
import {CourtNetwork} from "../support/CourtNetwork.sol";
import {vm} from "../support/Vm.sol";

contract CourtSettingsTest is CourtNetwork {
    function test_RevertWhen_TheVotesAreTooShort() public {
        CourtSettings.Settings memory settings = _courtSettings();
        settings.vetoSeconds += uint32(1 days - 2 * (COMMIT + REVEAL) - APPEAL - VETO);
        _make(settings);
        settings.vetoSeconds += 1;
        vm.expectRevert(abi.encodeWithSelector(CourtSettings.VotesTooShort.selector, 1 days + 1, 1 days));
        _make(settings);
    }

    function test_RevertWhen_APhaseHasNoTime() public {
        for (uint256 i = 0; i < 4; ++i) {
            CourtSettings.Settings memory settings = _courtSettings();
            if (i == 0) settings.commitSeconds = 0;
            if (i == 1) settings.revealSeconds = 0;
            if (i == 2) settings.appealSeconds = 0;
            if (i == 3) settings.vetoSeconds = 0;
            vm.expectRevert(abi.encodeWithSelector(CourtSettings.PhaseIsZero.selector));
            _make(settings);
        }
    }

    function test_RevertWhen_TheBondDoesNotPayTheVoters() public {
        CourtSettings.Settings memory settings = _courtSettings();
        settings.bond = 4 * FEE - 1;
        vm.expectRevert(abi.encodeWithSelector(CourtSettings.BondTooSmall.selector, 4 * FEE, 4 * FEE - 1));
        _make(settings);
        settings.bond = token.cap() + 1;
        vm.expectRevert(abi.encodeWithSelector(SettingTooLarge.selector, token.cap(), token.cap() + 1));
        _make(settings);
        settings.fee = 0;
        vm.expectPartialRevert(CourtSettings.BondTooSmall.selector);
        _make(settings);
    }

    function test_RevertWhen_ThePenaltyDoesNotPayWhatIsOwed() public {
        CourtSettings.Settings memory settings = _courtSettings();
        uint256 least = 2 * (2 * FEE + REFUND_MAX) + 2;
        settings.itemPenalty = least - 1;
        vm.expectRevert(abi.encodeWithSelector(CourtSettings.PenaltyTooSmall.selector, least, least - 1));
        _make(settings);
        settings.itemPenalty = MINIMUM + 1;
        vm.expectRevert(abi.encodeWithSelector(SettingTooLarge.selector, MINIMUM, MINIMUM + 1));
        _make(settings);
    }

    function test_RevertWhen_SilenceIsCheaperThanAbsence() public {
        CourtSettings.Settings memory settings = _courtSettings();
        settings.silentPenalty = settings.absentPenalty;
        vm.expectRevert(abi.encodeWithSelector(CourtSettings.PenaltyTooSmall.selector, 11, 10));
        _make(settings);
        settings.absentPenalty = 0;
        vm.expectRevert(abi.encodeWithSelector(CourtSettings.PenaltyTooSmall.selector, 1, 0));
        _make(settings);
    }

    function test_RevertWhen_APenaltyIsMoreThanTheStake() public {
        CourtSettings.Settings memory settings = _courtSettings();
        settings.silentPenalty = 10_001;
        vm.expectRevert(abi.encodeWithSelector(SettingTooLarge.selector, 10_000, 10_001));
        _make(settings);
        settings = _courtSettings();
        settings.minorityPenalty = 10_001;
        vm.expectRevert(abi.encodeWithSelector(SettingTooLarge.selector, 10_000, 10_001));
        _make(settings);
    }

    function _make(CourtSettings.Settings memory settings) private {
        new InferenceCourt(stakes, signedItems, settings);
    }
}
