// docs/prover.md#validator: what the validator does about wrong assertions: attacks them, plays the games, claims the money.
import type { ContractAddresses } from '../contracts/deploy.ts';
import { disputeAbi } from '../protocol/generated/abi.ts';
import { readTimes } from '../prover/executor.ts';
import type { Player } from '../prover/game/player.ts';
import { takeSeat } from '../prover/game/seat.ts';
import type { Task } from '../prover/loop.ts';
import type { ProverNode } from '../prover/node.ts';
import type { Sender } from '../service/l1-send.ts';
import type { Logger } from '../service/log.ts';
import { type AttackCounts, createAttacker } from './attack.ts';

export type FightOptions = {
  readonly node: ProverNode;
  readonly contracts: ContractAddresses;
  readonly sender: Sender;
  readonly log: Logger;
  /** Says what would be sent, and sends nothing. */
  readonly dryRun?: boolean | undefined;
  /** For traces. Default 1. */
  readonly threads?: number | undefined;
};

export type Fight = {
  readonly task: Task;
  readonly attack: Readonly<AttackCounts>;
  readonly games: Readonly<Player['counts']>;
  /** Of one game. */
  readonly bondWei: bigint;
  close(): Promise<void>;
};

export async function createFight(options: FightOptions): Promise<Fight> {
  const { node, contracts } = options;
  const bond = { address: contracts.dispute, abi: disputeAbi, functionName: 'bond' } as const;
  const bondWei = await node.l1.client.readContract(bond);
  const { player, oracles, close } = await takeSeat({ ...options, side: 'challenger' });
  const attacker = createAttacker({ ...options, oracles, bondWei });
  return {
    attack: attacker.counts,
    games: player.counts,
    bondWei,
    // Games first: their clocks run.
    async task(signal) {
      const { headSeconds } = await readTimes(node);
      const played = await player.playNext(headSeconds);
      const attacked = !signal.aborted && (await attacker.attackNext(headSeconds));
      const claimed = !signal.aborted && (await player.claim());
      return played || attacked || claimed;
    },
    close,
  };
}
