// docs/disputes.md#lies: plays lies one after another against a validator, with the real contracts, and tells what became of them.
import { startValidator, type Validator } from '../../challenger/main.ts';
import { DEVNET_CONFIG } from '../../contracts/config.ts';
import { type Seat, type Told, takeSeat } from '../../dispute/seat.ts';
import { MizuError } from '../../protocol/errors.ts';
import { rollupAbi } from '../../protocol/generated/abi.ts';
import { ASSERTION_STATUS } from '../../protocol/generated/enums.ts';
import type { Hex } from '../../protocol/hex.ts';
import { LEAF_BYTES } from '../../protocol/tree.ts';
import { createLogger } from '../../service/process/log.ts';
import { keyOf, LIAR, until, VALIDATOR } from '../network/network.fixture.ts';
import { type Lie, lyingOracle } from './lie.ts';
import { type LieOutcome, measure, type Row } from './row.ts';
import { isPaid, type LieWorld, trueLeafAfter } from './world.ts';

export type LiePlayer = {
  /** `onLook` is told again and again how many lists L1 has. */
  play(lie: Lie, onLook?: (lists: number) => Promise<void>): Promise<Row>;
  close(): Promise<void>;
};

export const CLOCK_SECONDS = DEVNET_CONFIG.clockSeconds + 1;
/** On a machine that does much else. */
export const END_SECONDS = 240;

/** As the loop of a process does: what another has decided meanwhile is refused, and looked at again. */
export async function playOn({ player }: Seat, now: bigint): Promise<void> {
  try {
    await player.playNext(now);
  } catch (error) {
    if (!(error instanceof MizuError) || error.code !== 'l1/reverted') throw error;
  }
}

/** The step list with one leaf as the lie has it. */
export function listOf({ steps }: Pick<LieWorld, 'steps'>, { leaf, step }: Pick<Lie, 'leaf' | 'step'>): Uint8Array {
  const list = steps.slice();
  list.set(leaf, (step + 1) * LEAF_BYTES);
  return list;
}

/** What the liar says of its trace; `lies`: by assertion. */
export function toldOf(world: Pick<LieWorld, 'steps'>, lies: ReadonlyMap<Hex, Lie>): Told {
  return (own, game) => {
    const lie = lies.get(game.assertion) as Lie;
    return lyingOracle(own, lie, trueLeafAfter(world, lie.step), game);
  };
}

export async function openStage(world: LieWorld): Promise<LiePlayer> {
  const { node, network, sender } = world;
  const contracts = network.deployment.addresses;
  const log = createLogger('lies', process.env.MIZU_LOG ?? 'silent');
  const lies = new Map<Hex, Lie>();
  const seat = await takeSeat({ node, contracts, sender, side: 'asserter', log, told: toldOf(world, lies) });
  const validator: Validator = await startValidator({ ...network.config('validator'), key: keyOf(4), log });
  const { client } = network.l1;
  const statusOf = (id: Hex) =>
    client.readContract({ address: contracts.rollup, abi: rollupAbi, functionName: 'statusOf', args: [id] });
  const fight = validator.fight;
  if (fight === undefined) throw new Error('the validator has a key and no fight');
  const isSettled = async () => {
    if ((await node.mirror.openGames()).length > 0 || !(await isPaid(network, VALIDATOR.address))) return false;
    await Promise.all([fight.idle(), seat.player.idle()]);
    return true;
  };

  async function playOut(lie: Lie, onLook: (lists: number) => Promise<void>): Promise<LieOutcome> {
    const { timeouts } = fight!.games;
    const id = await world.assert(listOf(world, lie));
    lies.set(id, lie);
    let game: Hex | undefined;
    let warped = false;
    const { lost } = seat.player.counts;
    const look = async () => {
      const open = (await node.mirror.openGames()).find(({ assertion }) => assertion === id);
      game ??= open?.id;
      await onLook(open?.lists ?? 0);
      const { timestamp } = await client.getBlock();
      await playOn(seat, timestamp);
      if (!warped && seat.player.counts.lost > lost) {
        warped = true;
        await network.clock.advance(CLOCK_SECONDS);
      }
      const now = await statusOf(id);
      return now === ASSERTION_STATUS.pending ? undefined : now;
    };
    const status = await until(`an end of "${lie.name}"`, look, END_SECONDS);
    await until('the money', async () => (await isSettled()) || undefined, END_SECONDS);
    lies.delete(id);
    const lists = game === undefined ? 0 : ((await node.mirror.game(game))?.lists ?? 0);
    const how = lists === 0 ? 'leaf' : fight!.games.timeouts > timeouts ? 'time' : 'one-step proof';
    return {
      caught: status === ASSERTION_STATUS.rejected,
      how: status === ASSERTION_STATUS.rejected ? how : 'not caught',
      lists,
    };
  }

  return {
    play: (lie, onLook = async () => undefined) =>
      measure(network, lie.name, { honest: [VALIDATOR.address], liars: [LIAR.address] }, () => playOut(lie, onLook)),
    async close() {
      await validator.close();
      await seat.close();
    },
  };
}
