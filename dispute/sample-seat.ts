// docs/attestations.md#sample-games: one account's side in the games about samples, played as those about steps are.
import type { Side } from '../node/l1/game-record.ts';
import type { NetworkNode } from '../node/node.ts';
import type { Address } from '../protocol/hex.ts';
import type { Sender } from '../service/l1/send.ts';
import type { Logger } from '../service/process/log.ts';
import { createL1Trial } from './l1-trial.ts';
import { refuteMessage } from './opening.ts';
import type { TraceOracle } from './play.ts';
import { createPlayer, type Player } from './player.ts';
import { createProofTrial } from './proof-trial.ts';
import { createSampleArena, type SampleGame, standStillFrom } from './sample-arena.ts';
import type { Seat } from './seat.ts';
import { locateStep } from './trace/locate.ts';

export type SampleSeatOptions = {
  readonly node: NetworkNode;
  readonly contracts: { readonly samples: Address };
  readonly sender: Sender;
  /** The attester has the side of the asserter. */
  readonly side: Side;
  /** Whose traces and verifier it shares. */
  readonly seat: Pick<Seat, 'oracles' | 'verifier'>;
  readonly log: Logger;
  readonly dryRun?: boolean | undefined;
  /** The number of threads for traces. Default 1. */
  readonly threads?: number | undefined;
  /** Changes what we tell of our own trace: with it tests lie. */
  readonly told?: ((own: TraceOracle, game: SampleGame) => TraceOracle) | undefined;
};

export function takeSampleSeat(options: SampleSeatOptions): Player {
  const { node, contracts, sender, side, seat, log, dryRun, threads = 1 } = options;
  const told = options.told ?? ((own: TraceOracle) => own);
  const arena = createSampleArena(node, contracts.samples);
  return createPlayer<SampleGame>({
    l1: node.l1,
    arena,
    sender,
    owner: sender.address,
    side,
    async oracleOf(game): Promise<TraceOracle | undefined> {
      const assertion = await node.mirror.assertion(game.assertion);
      const own = assertion === undefined ? undefined : await seat.oracles.of(assertion, game.step);
      return own === undefined ? undefined : told(standStillFrom(own, game.position), game);
    },
    async refutationOf(game) {
      const assertion = await node.mirror.assertion(game.assertion);
      const place = assertion === undefined ? undefined : await locateStep(node, assertion, game.step);
      return place === undefined ? undefined : refuteMessage(node, place.message);
    },
    verifier: seat.verifier,
    tryProof: createProofTrial({ trial: createL1Trial(node.l1), from: sender.address, arena, log }),
    log,
    dryRun,
    threads,
  });
}
