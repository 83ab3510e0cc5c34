// docs/disputes.md: plays lies one after another against a validator, with the real contracts, and tells what became of them.

import { startValidator, type Validator } from '../../challenger/main.ts';
import { mizuTokenAbi, rollupAbi, stakeManagerAbi } from '../../protocol/generated/abi.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import { LEAF_BYTES } from '../../protocol/tree.ts';
import type { TraceOracle } from '../../prover/game/play.ts';
import { takeSeat } from '../../prover/game/seat.ts';
import { keyOf, LIAR, until, VALIDATOR } from '../../prover/network.fixture.ts';
import { createLogger } from '../../service/log.ts';
import { type Lie, lyingOracle } from './lie.ts';
import { leafAfter, type World } from './world.ts';

export type Told = {
  readonly lie: string;
  readonly caught: boolean;
  /** Lists posted; 0: rejected by its leaf. */
  readonly lists: number;
  readonly how: 'leaf' | 'one-step proof' | 'time' | 'not caught';
  /** Transactions and gas of the game, without the assertion. */
  readonly challenger: { readonly transactions: number; readonly gas: bigint; readonly wonWei: bigint };
  readonly liar: { readonly transactions: number; readonly gas: bigint; readonly lostWei: bigint };
};

export type Stage = {
  /** `onLook` is told again and again how many lists L1 has. */
  play(lie: Lie, onLook?: (lists: number) => Promise<void>): Promise<Told>;
  close(): Promise<void>;
};

const PENDING = 1;
const REJECTED = 3;
const CLOCK_SECONDS = 61;

export async function openStage(world: World): Promise<Stage> {
  const { node, network, sender } = world;
  const contracts = network.deployment.addresses;
  const log = createLogger('lies', process.env.MIZU_LOG ?? 'silent');
  const lies = new Map<Hex, Lie>();
  const told = (own: TraceOracle, { assertion }: { assertion: Hex }) => {
    const lie = lies.get(assertion) as Lie;
    return lyingOracle(own, lie, leafAfter(world, lie.step));
  };
  const seat = await takeSeat({ node, contracts, sender, side: 'asserter', log, told });
  const validator: Validator = await startValidator({ ...network.config('validator'), key: keyOf(4), log });
  const { client } = network.l1;
  const statusOf = (id: Hex) =>
    client.readContract({ address: contracts.rollup, abi: rollupAbi, functionName: 'statusOf', args: [id] });
  const nonceOf = (address: Address) => client.getTransactionCount({ address });
  const stakeOf = (address: Address) =>
    client.readContract({
      address: contracts.stakeManager,
      abi: stakeManagerAbi,
      functionName: 'activeOf',
      args: [address, 0],
    });
  const tokensOf = (address: Address) =>
    client.readContract({ address: contracts.token, abi: mizuTokenAbi, functionName: 'balanceOf', args: [address] });
  const fight = validator.fight;
  if (fight === undefined) throw new Error('the validator has a key and no fight');
  const settled = async () => {
    const rewards = client.readContract({
      address: contracts.stakeManager,
      abi: stakeManagerAbi,
      functionName: 'rewardOf',
      args: [VALIDATOR.address],
    });
    return (await rewards) === 0n && (await node.mirror.openGames()).length === 0;
  };
  const measure = async () => ({
    nonces: await Promise.all([nonceOf(VALIDATOR.address), nonceOf(LIAR.address)]),
    tokens: await tokensOf(VALIDATOR.address),
    stake: await stakeOf(LIAR.address),
    gas: [fight.attack.gasUsed + fight.games.gasUsed, seat.player.counts.gasUsed] as const,
  });

  const gameAbout = async (assertion: Hex) =>
    (await node.mirror.openGames()).find((game) => game.assertion === assertion);

  return {
    async play(lie, onLook = async () => undefined) {
      const steps = world.steps.slice();
      steps.set(lie.leaf, (lie.step + 1) * LEAF_BYTES);
      const start = await measure();
      const timeouts = fight.games.timeouts;
      const id = await world.assert(steps);
      lies.set(id, lie);
      const asserted = await measure();
      let game: Hex | undefined;
      let warped = false;
      const status = await until(`an end of "${lie.name}"`, async () => {
        const open = await gameAbout(id);
        game ??= open?.id;
        await onLook(open?.lists ?? 0);
        const { timestamp } = await client.getBlock();
        if (lie.play !== 'silent') await seat.player.playNext(timestamp);
        else if (game !== undefined && !warped) {
          warped = true;
          await network.chain.increaseTime({ seconds: CLOCK_SECONDS });
        }
        const now = await statusOf(id);
        return now === PENDING ? undefined : now;
      });
      await until('the money', async () => (await settled()) || undefined);
      const lists = game === undefined ? 0 : ((await node.mirror.game(game))?.lists ?? 0);
      const end = await measure();
      lies.delete(id);
      const how = lists === 0 ? 'leaf' : fight.games.timeouts > timeouts ? 'time' : 'one-step proof';
      return {
        lie: lie.name,
        caught: status === REJECTED,
        lists,
        how: status === REJECTED ? how : 'not caught',
        challenger: {
          transactions: end.nonces[0] - start.nonces[0],
          gas: end.gas[0] - start.gas[0],
          wonWei: end.tokens - start.tokens,
        },
        liar: {
          transactions: end.nonces[1] - asserted.nonces[1],
          gas: end.gas[1] - start.gas[1],
          lostWei: start.stake - end.stake,
        },
      };
    },
    async close() {
      await validator.close();
      await seat.close();
    },
  };
}
