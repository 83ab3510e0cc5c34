// docs/disputes.md#lies: a false assertion and its game, in which both sides move only when they are told to.
import type { Abi } from 'viem';
import { createFight, type Fight } from '../../challenger/fight.ts';
import { encodeGameKey, encodePosted, encodeSegment } from '../../dispute/calls.ts';
import { nextAction, type TraceOracle } from '../../dispute/play.ts';
import { type Seat, takeSeat } from '../../dispute/seat.ts';
import type { GameRecord } from '../../node/l1/game-record.ts';
import { turnOf } from '../../node/l1/game-record.ts';
import { disputeAbi, kernelStartAbi, mizuTokenAbi, rollupAbi } from '../../protocol/generated/abi.ts';
import { ASSERTION_STATUS } from '../../protocol/generated/enums.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import { withAccount } from '../../service/l1/l1.ts';
import { createSender, type Sender } from '../../service/l1/send.ts';
import { createLogger } from '../../service/process/log.ts';
import { keyOf, until } from '../network/network.fixture.ts';
import type { Lie } from './lie.ts';
import { END_SECONDS, listOf, playOn, toldOf } from './play.ts';
import type { LieWorld } from './world.ts';

export type Ring<W extends LieWorld = LieWorld> = {
  readonly world: W;
  readonly liar: Seat;
  readonly honest: Fight;
  readonly honestSender: Sender;
  /** Claims a lie; the assertion's id. */
  assert(lie: Lie): Promise<Hex>;
  /** One round of the honest side: its moves, an attack, its money. */
  honestTurn(): Promise<void>;
  liarTurn(): Promise<void>;
  /** Both by turns until the game about the assertion has so many lists. */
  playTo(assertion: Hex, lists: number): Promise<GameRecord>;
  /** Both by turns until the assertion is decided and the honest side has its money; its status. */
  playOut(assertion: Hex): Promise<number>;
  /** The open game of a challenger; default: the honest one. */
  gameOf(assertion: Hex, challenger?: Address): Promise<GameRecord | undefined>;
  statusOf(assertion: Hex): Promise<number>;
  /** The move that the liar would make, as the arguments of `move`. */
  moveOf(game: GameRecord): Promise<readonly unknown[]>;
  /** Seconds on L1, and a block. */
  wait(seconds: number): Promise<void>;
  close(): Promise<void>;
};

export async function openRing<W extends LieWorld>(world: W): Promise<Ring<W>> {
  const { node, network, sender } = world;
  const contracts = network.deployment.addresses;
  const { client } = network.l1;
  const log = createLogger('ring', process.env.MIZU_LOG ?? 'silent');
  const lies = new Map<Hex, Lie>();
  const told = toldOf(world, lies);
  const liar = await takeSeat({ node, contracts, sender, side: 'asserter', log, told });
  const honestSender = createSender(withAccount(network.l1, keyOf(4)));
  const honest = await createFight({ node, contracts, sender: honestSender, log });
  const { signal } = new AbortController();

  const gameOf = async (assertion: Hex, by: Address = honestSender.address) =>
    (await node.mirror.openGames()).find(
      ({ assertion: about, challenger }) => about === assertion && challenger.toLowerCase() === by.toLowerCase(),
    );
  const statusOf = (id: Hex) =>
    client.readContract({ address: contracts.rollup, abi: rollupAbi, functionName: 'statusOf', args: [id] });
  const honestRound = async () => {
    let isBusy = false;
    for (const task of honest.tasks) isBusy = (await task(signal)) || isBusy;
    await honest.idle();
    return isBusy;
  };
  const honestTurn = async () => void (await honestRound());
  const liarTurn = async () => playOn(liar, (await client.getBlock()).timestamp);

  return {
    world,
    liar,
    honest,
    honestSender,
    async assert(lie) {
      const id = await world.assert(listOf(world, lie));
      lies.set(id, lie);
      await until('the assertion', async () => (await node.mirror.assertion(id)) !== undefined || undefined);
      return id;
    },
    honestTurn,
    liarTurn,
    playTo(assertion, lists) {
      return until(
        `list ${lists}`,
        async () => {
          const game = await gameOf(assertion);
          if (game?.lists === lists) return game;
          if (game === undefined || turnOf(game) === 'challenger') await honestTurn();
          else await liarTurn();
          return undefined;
        },
        END_SECONDS,
      );
    },
    playOut(assertion) {
      return until(
        'an end',
        async () => {
          await honestTurn();
          const status = await statusOf(assertion);
          if (status === ASSERTION_STATUS.pending) await liarTurn();
          const isOver = status !== ASSERTION_STATUS.pending && (await gameOf(assertion)) === undefined;
          const isPaid = isOver && !(await honestRound());
          return isPaid ? status : undefined;
        },
        END_SECONDS,
      );
    },
    gameOf,
    statusOf,
    async moveOf(game) {
      const record = await node.mirror.assertion(game.assertion);
      const own = record === undefined ? undefined : await liar.oracles.of(record, game.step);
      if (own === undefined) throw new Error('the liar has no trace');
      const oracle: TraceOracle = told(own, game);
      const action = await nextAction({ ...game, turn: turnOf(game), deadline: 1n }, 'asserter', oracle, 0n);
      if (action.kind !== 'move') throw new Error(`the liar has no move: ${action.kind}`);
      return [encodeGameKey(game), encodePosted(game), encodeSegment(game.list, action.segment), action.list];
    },
    async wait(seconds) {
      await network.clock.advance(seconds);
    },
    async close() {
      await honest.close();
      await liar.close();
    },
  };
}

/** A call of the dispute contract, with every error that may come out of it. */
export function disputeCall({ network }: Pick<LieWorld, 'network'>, functionName: string, args: readonly unknown[]) {
  const { addresses } = network.deployment;
  const errors = [...rollupAbi, ...mizuTokenAbi, ...kernelStartAbi].filter(({ type }) => type === 'error');
  return { address: addresses.dispute, abi: [...disputeAbi, ...errors] as Abi, functionName, args };
}
