// docs/disputes.md#game: a seat at the games: a side, an account that pays, and a node whose traces are believed.
import type { GameRecord, Side } from '../node/l1/game-record.ts';
import type { NetworkNode } from '../node/node.ts';
import type { Address } from '../protocol/hex.ts';
import type { Sender } from '../service/l1/send.ts';
import type { Logger } from '../service/process/log.ts';
import { createStepArena } from './arena.ts';
import { createClaims } from './claims.ts';
import { createL1Trial } from './l1-trial.ts';
import { refuteMessage } from './opening.ts';
import { createOracles, type Oracles } from './oracles.ts';
import { createOneStepVerifier, type OneStepVerifier } from './osp.ts';
import type { TraceOracle } from './play.ts';
import { createPlayer, type Player } from './player.ts';
import { createProofTrial } from './proof-trial.ts';
import { locateStep } from './trace/locate.ts';
import { createTraces, type ThreadTrace } from './trace/traces.ts';

export type SeatContracts = {
  readonly dispute: Address;
  readonly demands: Address;
  readonly rollup: Address;
  readonly stakeManager: Address;
  /** Where games about samples are paid, for who plays these too. */
  readonly samples?: Address | undefined;
};

export type SeatOptions = {
  readonly node: NetworkNode;
  readonly contracts: SeatContracts;
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
  readonly verifier: OneStepVerifier;
  /** Claims what all games and demands of the owner have paid. The result is true if something was sent. */
  claim(): Promise<boolean>;
  close(): Promise<void>;
};

export async function takeSeat(options: SeatOptions): Promise<Seat> {
  const { node, contracts, sender, side, owner = sender, log, dryRun } = options;
  const threads = options.threads ?? 1;
  const traces = createTraces(threads);
  const oracles = createOracles(node, traces);
  const told = options.told ?? ((own: ThreadTrace) => own);
  const verifier = await createOneStepVerifier();
  const arena = createStepArena(node.l1, node.mirror, contracts);
  const player = createPlayer({
    l1: node.l1,
    arena,
    sender,
    side,
    owner: owner.address,
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
    verifier,
    tryProof: createProofTrial({
      trial: createL1Trial(node.l1),
      from: sender.address,
      arena,
      log,
    }),
    log,
    dryRun,
    threads,
  });
  const { dispute, demands, samples, stakeManager } = contracts;
  const claim = createClaims({
    l1: node.l1,
    mirror: node.mirror,
    ledgers: [dispute, demands, ...(samples === undefined ? [] : [samples])],
    stakeManager,
    owner,
    onGas(gasUsed) {
      player.counts.gasUsed += gasUsed;
    },
  });
  return {
    player,
    // A dry run sends nothing, so nothing is owed for it.
    claim: dryRun ? async () => false : claim,
    oracles,
    verifier,
    async close() {
      await traces.close();
      await player.idle();
    },
  };
}
