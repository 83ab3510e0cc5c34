// SPDX-License-Identifier: MIT
// docs/disputes.md#start
pragma solidity 0.8.37;

import {Rollup} from "../Rollup.sol";
import {IInbox} from "../interfaces/IInbox.sol";
import {DataObject} from "../lib/Types.sol";
import {ClaimedSteps} from "./ClaimedStep.sol";
import {MessageProof, Messages} from "./Message.sol";
import {Kernel, StartMachine} from "./StartMachine.sol";

/// @title The machine that a step starts with, out of the Inbox and a state leaf alone.
/// @dev A contract of its own, because of the size of contracts; and whoever plays can ask it beforehand.
contract KernelStart {
    IInbox public immutable inbox;
    bytes32 public immutable kernelProgramId;

    constructor(Rollup rollup) {
        inbox = rollup.inbox();
        kernelProgramId = rollup.kernelProgramId();
    }

    /// @param stateLeaf before the step
    /// @param proof of the message out of its batch object; empty for a delayed message
    /// @return start hash of the machine
    /// @return message object root of a message behind which the subtree may hold something: then it would be empty, and
    /// the start another one. Zero if that is settled
    function startOf(bytes calldata stateLeaf, Kernel calldata kernel, MessageProof calldata proof)
        external
        view
        returns (bytes32 start, bytes32 message)
    {
        (DataObject memory object, bytes memory context, bool shaky) =
            Messages.read(inbox, ClaimedSteps.cursorOf(stateLeaf), proof);
        start = StartMachine.hash(kernel, kernelProgramId, stateLeaf, context, object);
        message = shaky ? object.root : bytes32(0);
    }
}
