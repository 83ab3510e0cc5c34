// docs/disputes.md#game: a seat at the games: a side, an account that pays, and a node whose traces are believed.
import type { GameRecord, Side } from '../node/l1/game-record.ts';
import type { NetworkNode } from '../node/node.ts';
import type { Sender } from '../service/l1/send.ts';
import type { Logger } from '../service/process/log.ts';
import { createL1Trial } from './l1-trial.ts';
import { refuteMessage } from './opening.ts';
import { createOracles, type Oracles } from './oracles.ts';
import { createOneStepVerifier } from './osp.ts';
import type { TraceOracle } from './play.ts';
import { createPlayer, type Player, type PlayerContracts } from './player.ts';
import { createProofTrial } from './proof-trial.ts';
import { locateStep } from './trace/locate.ts';
import { createTraces, type ThreadTrace } from './trace/traces.ts';

export type SeatOptions = {
  readonly node: NetworkNode;
  readonly contracts: PlayerContracts;
  readonly sender: Sender;
  readonly side: Side;
  /** The account whose games are played and who claims what they pay, if the sender is only its delegate. */
  readonly owner?: Sender | undefined;
  readonly log: Logger;
  readonly dryRun?: boolean | undefined;
  /** The number of threads for traces. Default 1. */
  readonly threads?: number | undefined;
  /** Changes what we tell of our own trace: with it tests, and the liar of the demo, lie. */
  readonly told?: Told | undefined;
};

export type Told = (own: ThreadTrace, game: GameRecord) => TraceOracle;

export type Seat = {
  readonly player: Player;
  readonly oracles: Oracles;
  close(): Promise<void>;
};

export async function takeSeat(options: SeatOptions): Promise<Seat> {
  const { node, contracts, sender, side, owner = sender, log, dryRun } = options;
  const threads = options.threads ?? 1;
  const traces = createTraces(threads);
  const oracles = createOracles(node, traces);
  const told = options.told ?? ((own: ThreadTrace) => own);
  const player = createPlayer({
    l1: node.l1,
    mirror: node.mirror,
    contracts,
    sender,
    side,
    owner,
    async oracleOf(game) {
      const assertion = await node.mirror.assertion(game.assertion);
      const own = assertion === undefined ? undefined : await oracles.of(assertion, game.step);
      return own === undefined ? undefined : told(own, game);
    },
    refutationOf: async (game) => {
      const assertion = await node.mirror.assertion(game.assertion);
      const place = assertion === undefined ? undefined : await locateStep(node, assertion, game.step);
      return place === undefined ? undefined : refuteMessage(node, place.message);
    },
    verifier: await createOneStepVerifier(),
    tryProof: createProofTrial({
      trial: createL1Trial(node.l1),
      from: sender.address,
      dispute: contracts.dispute,
      log,
    }),
    log,
    dryRun,
    threads,
  });
  return {
    player,
    oracles,
    async close() {
      await traces.close();
      await player.idle();
    },
  };
}
