// docs/prover.md#executor: defends our own assertions in the games that others open about them.
import type { ContractAddresses } from '../contracts/deploy.ts';
import type { PlayerCounts } from '../dispute/player.ts';
import { createPublisher, type Publisher } from '../dispute/publisher.ts';
import { type Told, takeSeat } from '../dispute/seat.ts';
import type { LoopRound } from '../node/loop.ts';
import type { NetworkNode } from '../node/node.ts';
import { readTimes } from '../node/times.ts';
import type { Sender } from '../service/l1/send.ts';
import type { Logger } from '../service/process/log.ts';

export type Defence = {
  /** These rounds run side by side: a move must not wait for what another round has sent. */
  readonly tasks: readonly LoopRound[];
  readonly counts: Readonly<PlayerCounts>;
  readonly published: Readonly<Publisher['counts']>;
  close(): Promise<void>;
};

export type DefenceOptions = {
  readonly node: NetworkNode;
  readonly contracts: ContractAddresses;
  /** The account that plays and publishes. */
  readonly sender: Sender;
  /** The asserter, if the sender is only its delegate. */
  readonly owner?: Sender | undefined;
  readonly log: Logger;
  readonly told?: Told | undefined;
};

export async function createDefence(options: DefenceOptions): Promise<Defence> {
  const seat = await takeSeat({ ...options, side: 'asserter' });
  const { player, close } = seat;
  const publisher = createPublisher(options);
  return {
    counts: player.counts,
    published: publisher.counts,
    tasks: [
      async () => player.playNext((await readTimes(options.node)).headSeconds),
      async () => publisher.publishNext((await readTimes(options.node)).headSeconds),
      async () => publisher.settleNext((await readTimes(options.node)).headSeconds),
      () => seat.claim(),
    ],
    close,
  };
}
