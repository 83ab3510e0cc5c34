// docs/attestations.md#validator: the validator's part in samples, put together: it asks, answers, refutes and defends.
import type { ContractAddresses } from '../../contracts/deploy.ts';
import type { PlayerCounts } from '../../dispute/player.ts';
import { takeSampleSeat } from '../../dispute/sample-seat.ts';
import type { Seat } from '../../dispute/seat.ts';
import type { AttestationWeights } from '../../node/attestations/weights.ts';
import type { LoopRound } from '../../node/loop.ts';
import type { NetworkNode } from '../../node/node.ts';
import { readTimes } from '../../node/times.ts';
import { samplesAbi } from '../../protocol/generated/abi.ts';
import type { Sender } from '../../service/l1/send.ts';
import type { Logger } from '../../service/process/log.ts';
import type { Known } from '../attest/known.ts';
import type { Caller } from '../caller.ts';
import { createQuestioner, type QuestionCounts } from './questioner.ts';
import { createRefuter, type RefuterCounts } from './refuter.ts';

export type SamplingOptions = {
  readonly node: NetworkNode;
  readonly contracts: ContractAddresses;
  readonly sender: Sender;
  readonly caller: Caller;
  readonly seat: Pick<Seat, 'oracles' | 'verifier'>;
  readonly known: Pick<Known, 'recorded'>;
  readonly weights: Pick<AttestationWeights, 'createdAt'>;
  readonly log: Logger;
  readonly dryRun?: boolean | undefined;
  /** The number of threads for traces. Default 1. */
  readonly threads?: number | undefined;
};

export type Sampling = {
  readonly tasks: readonly LoopRound[];
  readonly questions: Readonly<QuestionCounts>;
  readonly refutations: Readonly<RefuterCounts>;
  /** Games that we have opened about others' machines. */
  readonly attack: Readonly<PlayerCounts>;
  /** Games that others have opened about ours. */
  readonly defence: Readonly<PlayerCounts>;
  /** The L1 gas of the games since the start. */
  gasUsed(): bigint;
  idle(): Promise<void>;
};

export async function openSampling(options: SamplingOptions): Promise<Sampling> {
  const { node, contracts, caller, log } = options;
  const samples = { address: contracts.samples, abi: samplesAbi } as const;
  const [odds, askSeconds, bondWei] = await Promise.all([
    node.l1.client.readContract({ ...samples, functionName: 'odds' }),
    node.l1.client.readContract({ ...samples, functionName: 'askSeconds' }),
    node.l1.client.readContract({ ...samples, functionName: 'bond' }),
  ]);
  const { oracles } = options.seat;
  const questioner = createQuestioner({ ...options, samples: contracts.samples, oracles, odds, askSeconds });
  const refuter = createRefuter({ node, samples: contracts.samples, caller, oracles, log, bondWei });
  const attack = takeSampleSeat({ ...options, side: 'challenger' });
  const defence = takeSampleSeat({ ...options, side: 'asserter' });
  const now = async () => (await readTimes(node)).headSeconds;
  return {
    questions: questioner.counts,
    refutations: refuter.counts,
    attack: attack.counts,
    defence: defence.counts,
    gasUsed: () => attack.counts.gasUsed + defence.counts.gasUsed,
    tasks: [
      async () => questioner.askNext(await now()),
      async () => questioner.answerNext(await now()),
      async () => refuter.refuteNext(await now()),
      async () => attack.playNext(await now()),
      async () => defence.playNext(await now()),
    ],
    async idle() {
      await Promise.all([questioner.idle(), refuter.idle(), attack.idle(), defence.idle()]);
    },
  };
}
