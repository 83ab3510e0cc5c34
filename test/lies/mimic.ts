// docs/disputes.md#lies: a fake challenger who knows the truth, and follows it as far as that serves him.
import type { TraceOracle } from '../../dispute/play.ts';
import { type Seat, takeSeat } from '../../dispute/seat.ts';
import type { GameRecord } from '../../node/l1/game-record.ts';
import type { NetworkNode } from '../../node/node.ts';
import { LEAF_BYTES } from '../../protocol/tree.ts';
import type { Sender } from '../../service/l1/send.ts';
import { createLogger } from '../../service/process/log.ts';
import type { TestNetwork } from '../network/network.fixture.ts';
import { type Conduct, lyingOracle } from './lie.ts';
import { playOn } from './play.ts';

export type Mimic = Pick<Seat, 'oracles' | 'close'> & { play(): Promise<void> };

const NOT_THE_TRUTH = new Uint8Array(LEAF_BYTES).fill(7);

/** `steps`: the true step list of the assertion. */
export function conductOracle(
  own: TraceOracle,
  steps: Uint8Array,
  step: number,
  conduct: Conduct,
  game?: GameRecord,
): TraceOracle {
  const truth = steps.slice((step + 1) * LEAF_BYTES, (step + 2) * LEAF_BYTES);
  return lyingOracle(own, { name: 'fake', step, leaf: NOT_THE_TRUTH, conduct }, truth, game);
}

export async function openSeat(
  network: TestNetwork,
  node: NetworkNode,
  sender: Sender,
  conduct: Conduct,
): Promise<Mimic> {
  const contracts = network.deployment.addresses;
  const log = createLogger('fake', process.env.MIZU_LOG ?? 'silent');
  const told = (own: TraceOracle, game: GameRecord): TraceOracle => ({
    prove: own.prove,
    async hashesAt(positions) {
      const assertion = await node.mirror.assertion(game.assertion);
      if (assertion === undefined) throw new Error('the assertion is not known');
      const from = assertion.post.step - BigInt(assertion.stepCount);
      const steps = await node.execution.leaves(from, assertion.post.step);
      return conductOracle(own, steps, game.step, conduct, game).hashesAt(positions);
    },
  });
  const seat = await takeSeat({ node, contracts, sender, side: 'challenger', log, told });
  return {
    oracles: seat.oracles,
    close: seat.close,
    play: async () => playOn(seat, (await network.l1.client.getBlock()).timestamp),
  };
}
