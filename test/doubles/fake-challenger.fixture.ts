// A fake challenger: attacks steps of true assertions, and plays garbage.
import type { Abi } from 'viem';
import { encodeClaimedStep } from '../../dispute/calls.ts';
import { createOpening } from '../../dispute/opening.ts';
import { firstList, type TraceOracle } from '../../dispute/play.ts';
import { takeSeat } from '../../dispute/seat.ts';
import { locateStep } from '../../dispute/trace/locate.ts';
import type { AssertionRecord } from '../../node/l1/mirror.ts';
import type { NetworkNode } from '../../node/node.ts';
import { disputeAbi, mizuTokenAbi } from '../../protocol/generated/abi.ts';
import type { Hex } from '../../protocol/hex.ts';
import { toStepInAssertion } from '../../protocol/step-numbers.ts';
import { keccakHex } from '../../protocol/tree.ts';
import { withAccount } from '../../service/l1/l1.ts';
import { createSender } from '../../service/l1/send.ts';
import { createLogger } from '../../service/process/log.ts';
import type { TestNetwork } from '../network/network.fixture.ts';

export type Fake = {
  /** Opens a game about a step of the assertion, whose true step list the node has. */
  attack(assertion: AssertionRecord, step: number): Promise<void>;
  /** Every move that is its own now. */
  play(): Promise<void>;
  close(): Promise<void>;
};

const GARBAGE: TraceOracle = {
  hashesAt: async (positions) => positions.map((position): Hex => keccakHex(new TextEncoder().encode(`${position}`))),
  prove: async () => new Uint8Array([9, 2]),
};

/** `key`: of an account with tokens for bonds. */
export async function openFake(network: TestNetwork, node: NetworkNode, key: Hex): Promise<Fake> {
  const contracts = network.deployment.addresses;
  const sender = createSender(withAccount(network.l1, key));
  const log = createLogger('fake', process.env.MIZU_LOG ?? 'silent');
  const seat = await takeSeat({ node, contracts, sender, side: 'challenger', log, told: () => GARBAGE });
  const dispute = { address: contracts.dispute, abi: disputeAbi as Abi };
  const token = { address: contracts.token, abi: mizuTokenAbi as Abi };
  await sender.sendAndWait({ ...token, functionName: 'approve', args: [contracts.dispute, 10n ** 30n] });
  return {
    async attack(assertion, index) {
      const step = toStepInAssertion(index);
      const [parent, place] = [await node.mirror.assertion(assertion.parent), await locateStep(node, assertion, step)];
      if (parent === undefined || place === undefined) throw new Error(`step ${step} was not executed`);
      const steps = await node.execution.leaves(parent.post.step, assertion.post.step);
      const list = await firstList(GARBAGE);
      const claimed = encodeClaimedStep(assertion.id, steps, step);
      const opening = await createOpening(node, { claimed, place: place.message, list });
      await sender.sendAndWait({ ...dispute, functionName: 'open', args: [opening] });
    },
    async play() {
      const { timestamp } = await network.l1.client.getBlock();
      await seat.player.playNext(timestamp);
    },
    close: seat.close,
  };
}
