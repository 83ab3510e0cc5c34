// docs/attestations.md#refuting: opens a game about every machine that an attester has opened and that is not our own.
import type { Abi } from 'viem';
import { encodeKernel } from '../../dispute/calls.ts';
import { messageProof } from '../../dispute/opening.ts';
import type { Oracles } from '../../dispute/oracles.ts';
import { firstList } from '../../dispute/play.ts';
import { createRounds } from '../../dispute/rounds.ts';
import { encodeQuestion, encodeSampleKey, SAMPLE_RANGE, standStillFrom } from '../../dispute/sample-arena.ts';
import { drawSamples, type OfSamples, sampleMachines } from '../../dispute/samples.ts';
import { locateStep } from '../../dispute/trace/locate.ts';
import { ownSteps } from '../../node/agreement.ts';
import type { AssertionRecord } from '../../node/l1/mirror.ts';
import type { QuestionRecord } from '../../node/l1/sample-record.ts';
import type { NetworkNode } from '../../node/node.ts';
import { samplesAbi } from '../../protocol/generated/abi.ts';
import { GAME_STATUS } from '../../protocol/generated/enums.ts';
import { type Address, bytesToHex, type Hex, isSameAddress } from '../../protocol/hex.ts';
import { leafAt, leafBefore } from '../../protocol/step-numbers.ts';
import { treeProof } from '../../protocol/tree.ts';
import type { Logger } from '../../service/process/log.ts';
import type { Caller } from '../caller.ts';

export type RefuterParts = {
  readonly node: NetworkNode;
  readonly samples: Address;
  readonly caller: Caller;
  readonly oracles: Oracles;
  readonly log: Logger;
  /** The bond of one game. */
  readonly bondWei: bigint;
};

export type RefuterCounts = {
  /** Answers to questions that are what we have executed. */
  agreed: number;
  challenged: number;
};

export type Refuter = {
  /** Looks at every answer about which a game may begin. The result is true if something was sent. */
  refuteNext(nowSeconds: bigint): Promise<boolean>;
  readonly counts: RefuterCounts;
  idle(): Promise<void>;
};

type Opened = Required<Pick<QuestionRecord, 'opened'>> & QuestionRecord;

export function createRefuter({ node, samples: address, caller, oracles, log, bondWei }: RefuterParts): Refuter {
  const { client } = node.l1;
  const samples = { address, abi: samplesAbi } as const;
  const { verdictOf } = node;
  const counts: RefuterCounts = { agreed: 0, challenged: 0 };
  const rounds = createRounds<QuestionRecord>({ log });
  /** Our own machines by question, for as long as games about it may begin, and the batches that they are of. */
  const own = new Map<Hex, { readonly fingerprint: Hex | undefined; readonly machines: OfSamples<Hex> }>();

  async function machinesOf(question: Opened, assertion: AssertionRecord): Promise<OfSamples<Hex> | undefined> {
    const fingerprint = (await node.execution.batch(assertion.post.batch - 1n))?.fingerprint;
    const known = own.get(question.id);
    if (known !== undefined && known.fingerprint === fingerprint) return known.machines;
    const machines = await sampleMachines(oracles, assertion, question.attester);
    if (machines === undefined) return undefined;
    own.set(question.id, { fingerprint, machines });
    if (wrongOf(machines, question) === undefined) counts.agreed++;
    return machines;
  }

  async function judge(question: Opened): Promise<boolean> {
    const assertion = await node.mirror.assertion(question.assertion);
    // A step of a wrong assertion may begin with a leaf that nobody can execute from. Whoever has attested it is slashed
    // for that.
    if (assertion === undefined || (await verdictOf(assertion)) !== 'agrees') return false;
    const machines = await machinesOf(question, assertion);
    const wrong = machines === undefined ? undefined : wrongOf(machines, question);
    return wrong !== undefined && challenge(question, assertion, wrong);
  }

  async function challenge(question: Opened, assertion: AssertionRecord, sample: 0 | 1): Promise<boolean> {
    const key = encodeSampleKey({ ...question, sample, challenger: caller.address });
    const [game, stands] = await Promise.all([
      client.readContract({ ...samples, functionName: 'gameIdOf', args: [key] }),
      client.readContract({ ...samples, functionName: 'stands', args: [assertion.id] }),
    ]);
    const isDone = async () =>
      (await client.readContract({ ...samples, functionName: 'gameOf', args: [game] })).status !== GAME_STATUS.none;
    if (!stands || (await isDone())) return false;
    const argument = await challengeOf(question, assertion, sample);
    if (argument === undefined) return false;
    const { attester } = question;
    log.warn({ assertion: assertion.id, attester, sample, game }, 'an attester has opened a machine that is not ours');
    await caller.allowBond(address, bondWei);
    const call = { address, abi: samplesAbi as Abi, functionName: 'challenge', args: [argument], isDone };
    const sent = await caller.send(call, `${assertion.id} of ${attester}`);
    if (sent) counts.challenged++;
    return sent;
  }

  /** `Challenge` of contracts/src/Samples.sol. It is undefined while we have not executed the range. */
  async function challengeOf(question: Opened, assertion: AssertionRecord, sample: 0 | 1) {
    const { step, position } = drawSamples(assertion.id, question.attester, assertion.stepCount)[sample];
    const [parent, place, oracle] = await Promise.all([
      node.mirror.assertion(assertion.parent),
      locateStep(node, assertion, step),
      oracles.of(assertion, step),
    ]);
    const steps = parent === undefined ? undefined : await ownSteps(node.execution, parent, assertion);
    if (place === undefined || oracle === undefined || steps === undefined) return undefined;
    return {
      question: encodeQuestion(question),
      machines: question.opened.machines,
      sample: BigInt(sample),
      leaf: bytesToHex(leafAt(steps, leafBefore(step))),
      path: treeProof(steps, leafBefore(step)),
      kernel: encodeKernel(node.kernel),
      message: await messageProof(node, place.message),
      list: await firstList(standStillFrom(oracle, position), SAMPLE_RANGE),
    };
  }

  return {
    counts,
    idle: rounds.idle,
    async refuteNext(now) {
      const answered = await node.mirror.challengeable(now);
      const ids = new Set(answered.map(({ id }) => id));
      for (const id of own.keys()) if (!ids.has(id)) own.delete(id);
      const others = answered.filter(({ attester }) => !isSameAddress(attester, caller.address));
      return rounds.play(others, async (question) => isOpened(question) && judge(question));
    },
  };
}

const isOpened = (question: QuestionRecord): question is Opened => question.opened !== undefined;

/** The first sample whose opened machine is not our own. */
function wrongOf(machines: OfSamples<Hex>, { opened }: Opened): 0 | 1 | undefined {
  if (machines[0] !== opened.machines[0]) return 0;
  return machines[1] === opened.machines[1] ? undefined : 1;
}
