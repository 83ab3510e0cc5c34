// docs/disputes.md#lies: challengers of true assertions: accounts with a bond each, that post lists of garbage.
import type { Abi } from 'viem';
import { encodeGameKey, encodePosted, encodeSegment } from '../../dispute/calls.ts';
import type { AssertionRecord } from '../../node/l1/mirror.ts';
import type { NetworkNode } from '../../node/node.ts';
import { disputeAbi, mizuTokenAbi } from '../../protocol/generated/abi.ts';
import { type Address, bytesToHex, type Hex } from '../../protocol/hex.ts';
import { withAccount } from '../../service/l1/l1.ts';
import { createSender, type Sender } from '../../service/l1/send.ts';
import { keyOf, type TestNetwork } from '../network/network.fixture.ts';
import { GARBAGE } from './moves.ts';
import { openingOf } from './openings.ts';
import { disputeCall } from './ring.ts';

export type Fakes = {
  readonly addresses: readonly Address[];
  readonly senders: readonly Sender[];
  /** Fake i opens a game about step i, modulo the number of steps. */
  open(assertion: AssertionRecord): Promise<void>;
  /** One move in each of their games that has fewer lists than `lists` and is theirs to go on. */
  move(lists: number): Promise<void>;
};

const MIZU = 10n ** 18n;
const FIRST_KEY = 0xfa4e0000n;

/** Each has 60 MIZU, for one bond. */
export async function createFakes(network: TestNetwork, node: NetworkNode, count: number, from = 0): Promise<Fakes> {
  const { token, dispute } = network.deployment.addresses;
  const owner = createSender(withAccount(network.l1, keyOf(0)));
  const abi = mizuTokenAbi as Abi;
  const senders: Sender[] = [];
  for (let i = 0; i < count; i++) {
    const key: Hex = `0x${(FIRST_KEY + BigInt(from + i)).toString(16).padStart(64, '0')}`;
    const sender = createSender(withAccount(network.l1, key));
    await network.chain.setBalance({ address: sender.address, value: MIZU });
    await owner.sendAndWait({ address: token, abi, functionName: 'mint', args: [sender.address, 60n * MIZU] });
    senders.push(sender);
  }
  await Promise.all(
    senders.map((by) => by.sendAndWait({ address: token, abi, functionName: 'approve', args: [dispute, 60n * MIZU] })),
  );
  const listsOf = async (id: Hex) => {
    const read = { address: dispute, abi: disputeAbi, functionName: 'gameOf', args: [id] } as const;
    return (await network.l1.client.readContract(read)).lists;
  };
  return {
    addresses: senders.map(({ address }) => address),
    senders,
    async open(assertion) {
      const parent = await node.mirror.assertion(assertion.parent);
      if (parent === undefined) throw new Error('the assertion has no parent');
      const steps = await node.execution.leaves(parent.post.step, assertion.post.step);
      await Promise.all(
        senders.map(async (by, i) => {
          const step = i % assertion.stepCount;
          const opening = await openingOf(node, assertion, { steps, step, list: GARBAGE });
          await by.sendAndWait(disputeCall({ network }, 'open', [opening]));
        }),
      );
    },
    async move(lists) {
      const games = await node.mirror.openGames();
      await Promise.all(
        games.map(async (game) => {
          const by = senders.find(({ address }) => address.toLowerCase() === game.challenger.toLowerCase());
          if (by === undefined || game.lists % 2 === 1 || game.lists >= lists) return;
          const index = game.lists % 32;
          const [start, end] = [game.list[index - 1], game.list[index]] as [Hex, Hex];
          const segment = encodeSegment(game.list, { index, start, end });
          const list = GARBAGE.map((hash) => bytesToHex(Buffer.from(hash.slice(2), 'hex').reverse()));
          const call = disputeCall({ network }, 'move', [encodeGameKey(game), encodePosted(game), segment, list]);
          // The mirror may be behind: the move has been made already.
          await by.sendAndWait({ ...call, isDone: async () => (await listsOf(game.id)) > game.lists });
        }),
      );
    },
  };
}
