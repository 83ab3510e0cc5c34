// docs/disputes.md#playing: many fake games at once against one honest executor: blocks until he has answered them all.

import { encodeClaimedStep } from '../../dispute/calls.ts';
import { createOpening } from '../../dispute/opening.ts';
import { LIST_LENGTH } from '../../dispute/play.ts';
import { takeSeat } from '../../dispute/seat.ts';
import { locateStep } from '../../dispute/trace/locate.ts';
import { disputeAbi, mizuTokenAbi } from '../../protocol/generated/abi.ts';
import { bytesToHex, type Hex } from '../../protocol/hex.ts';
import { type StepInAssertion, toStepInAssertion } from '../../protocol/step-numbers.ts';
import { withAccount } from '../../service/l1/l1.ts';
import { createSender, NODE_IN_FLIGHT, type Sender } from '../../service/l1/send.ts';
import { createLogger } from '../../service/process/log.ts';
import { createRunMessages } from '../network/chain.fixture.ts';
import { keyOf, until } from '../network/network.fixture.ts';
import { createLieWorld, LIAR_KEY, type LieWorld, type WorldOptions } from './world.ts';

export type CrowdOptions = {
  readonly games: number;
  /** Transactions of the executor that may wait to be mined at the same time. */
  readonly inFlight: number;
};

export type Crowd = CrowdOptions & {
  /** From the first block with an answer to the last one. */
  readonly blocks: number;
  readonly answered: number;
};

const LIMIT_SECONDS = 300;
const MIZU = 10n ** 18n;
const NETWORK = {
  challengeBondWei: MIZU,
};
/** Deposit, deploy and run; each partition has two tasks. */
const OTHER_STEPS = 3;

export async function playCrowd(options: CrowdOptions): Promise<Crowd> {
  const partitions = Math.ceil((options.games - OTHER_STEPS) / 2);
  const world = await createLieWorld({ messages: runOf(Math.max(1, partitions)), network: NETWORK });
  try {
    return await playIn(world, options);
  } finally {
    await world.close();
  }
}

async function playIn(world: LieWorld, options: CrowdOptions): Promise<Crowd> {
  const { games, inFlight } = options;
  const { node, network } = world;
  const { client } = network.l1;
  const contracts = network.deployment.addresses;
  const assertion = await world.assert(world.steps);
  const fake = createSender(withAccount(network.l1, keyOf(4)), { inFlight: NODE_IN_FLIGHT });
  await allow(world, fake);
  await Promise.all(Array.from({ length: games }, (_, i) => openFake(world, fake, assertion, toStepInAssertion(i))));
  await until('the games', async () => (await node.mirror.openGames()).length === games || undefined, LIMIT_SECONDS);
  const sender = createSender(withAccount(network.l1, LIAR_KEY), { inFlight });
  const log = createLogger('crowd', process.env.MIZU_LOG ?? 'silent');
  const seat = await takeSeat({ node, contracts, sender, side: 'asserter', log });
  try {
    await network.holdBlocks();
    const first = await client.getBlockNumber();
    const answered = async () => (await node.mirror.openGames()).filter(({ lists }) => lists === 2).length;
    // A block holds what the executor has sent when it may send no more: how fast he is does not count, only what he waits for.
    const play = async () => {
      await seat.player.playNext((await client.getBlock()).timestamp);
      const left = games - (await answered());
      if (left > 0 && (await network.pending()) === Math.min(left, inFlight)) await network.mine();
      return left === 0 || undefined;
    };
    await until('an answer in each game', play, LIMIT_SECONDS);
    const args = { address: contracts.dispute, abi: disputeAbi, eventName: 'Moved', fromBlock: first } as const;
    const blocks = (await client.getContractEvents(args)).map(({ blockNumber }) => Number(blockNumber));
    return { ...options, blocks: Math.max(...blocks) - Math.min(...blocks) + 1, answered: await answered() };
  } finally {
    await seat.close();
  }
}

function runOf(partitions: number): NonNullable<WorldOptions['messages']> {
  return async ({ author }) => (await createRunMessages(author, partitions, 0n, author)).messages;
}

async function allow({ network }: LieWorld, fake: Sender): Promise<void> {
  const { token, dispute } = network.deployment.addresses;
  const args = [dispute, 1_000n * MIZU];
  await fake.sendAndWait({ address: token, abi: mizuTokenAbi, functionName: 'approve', args });
}

/** A list of hashes that are none of the step's. */
async function openFake(
  { node, network, steps }: LieWorld,
  fake: Sender,
  id: Hex,
  step: StepInAssertion,
): Promise<void> {
  const assertion = await until('the assertion', () => node.mirror.assertion(id));
  const place = await until('the step', () => locateStep(node, assertion, step));
  const list = Array.from({ length: LIST_LENGTH }, (_, i) => bytesToHex(new Uint8Array(32).fill(i + 1)));
  const opening = await createOpening(node, {
    claimed: encodeClaimedStep(id, steps, step),
    place: place.message,
    list,
  });
  const { dispute: address } = network.deployment.addresses;
  await fake.sendAndWait({ address, abi: disputeAbi, functionName: 'open', args: [opening] });
}
