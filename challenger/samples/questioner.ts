// docs/attestations.md#asking: asks attesters that the lot falls on, opens what we are asked for, and has those slashed
// who do not open.
import type { Abi } from 'viem';
import type { Oracles } from '../../dispute/oracles.ts';
import { createRounds } from '../../dispute/rounds.ts';
import { encodeQuestion } from '../../dispute/sample-arena.ts';
import { commitmentOf, sampleMachines } from '../../dispute/samples.ts';
import type { Attestation } from '../../node/attestations/attestation.ts';
import type { AttestationWeights } from '../../node/attestations/weights.ts';
import type { AssertionRecord } from '../../node/l1/mirror.ts';
import type { QuestionRecord } from '../../node/l1/sample-record.ts';
import type { NetworkNode } from '../../node/node.ts';
import { samplesAbi } from '../../protocol/generated/abi.ts';
import { QUESTION_STATUS } from '../../protocol/generated/enums.ts';
import { type Address, type Hex, isSameAddress } from '../../protocol/hex.ts';
import type { Logger } from '../../service/process/log.ts';
import type { Known } from '../attest/known.ts';
import type { Caller } from '../caller.ts';
import { createLottery, isDrawn } from './lottery.ts';

export type QuestionerParts = {
  readonly node: NetworkNode;
  readonly samples: Address;
  readonly caller: Caller;
  readonly known: Pick<Known, 'recorded'>;
  readonly weights: Pick<AttestationWeights, 'createdAt'>;
  readonly oracles: Oracles;
  readonly log: Logger;
  /** One attester in so many is asked. */
  readonly odds: bigint;
  /** Seconds after an assertion was made in which its attesters may be asked. */
  readonly askSeconds: bigint;
};

export type QuestionCounts = {
  asked: number;
  opened: number;
  /** Attesters slashed because they did not open. */
  expired: number;
  /** Questions to us that our own execution does not answer. */
  unanswerable: number;
};

export type Questioner = {
  /** Each may be repeated: it looks what L1 has, and does what is missing. The result is true if something was sent. */
  askNext(nowSeconds: bigint): Promise<boolean>;
  answerNext(nowSeconds: bigint): Promise<boolean>;
  readonly counts: QuestionCounts;
  idle(): Promise<void>;
};

/** Assertions before the latest one among which attesters are asked. */
const RECENT = 64n;

export function createQuestioner(parts: QuestionerParts): Questioner {
  const { node, caller, known, weights, oracles, log, odds, askSeconds } = parts;
  const { mirror } = node;
  const samples = { address: parts.samples, abi: samplesAbi } as const;
  const call = { ...samples, abi: samplesAbi as Abi };
  const counts: QuestionCounts = { asked: 0, opened: 0, expired: 0, unanswerable: 0 };
  const lottery = createLottery(node);
  const asking = createRounds<AssertionRecord>({ log });
  const answering = createRounds<QuestionRecord>({ log });
  const told = new Set<Hex>();
  const statusOf = async (id: Hex): Promise<number> =>
    (await node.l1.client.readContract({ ...samples, functionName: 'standingOf', args: [id] })).status;
  const isOurs = (attester: Address) => isSameAddress(attester, caller.address);

  /** Whom the lot falls on. Who was recorded late has a lot of his own. */
  async function drawnOf(id: Hex): Promise<readonly Address[]> {
    const { attested, attesters = [], late = [] } = (await mirror.attestations(id)) ?? {};
    if (attested === undefined) return [];
    const drawn: Address[] = [];
    for (const attester of attesters) {
      const block = late.find((one) => one.attester === attester)?.block ?? attested.block;
      const lot = isOurs(attester) ? undefined : await lottery.lotOf(block);
      if (lot !== undefined && isDrawn(lot, id, attester, odds)) drawn.push(attester);
    }
    return drawn;
  }

  async function askAbout(assertion: AssertionRecord, now: bigint): Promise<boolean> {
    const { id } = assertion;
    const drawn = await drawnOf(id);
    if (drawn.length === 0 || now >= (await weights.createdAt(id)) + askSeconds) return false;
    const signed = await known.recorded(assertion);
    let sent = false;
    for (const attester of drawn) {
      const attestation = signed.get(attester);
      if (attestation !== undefined) sent = (await ask(attester, attestation)) || sent;
    }
    return sent;
  }

  async function ask(attester: Address, { assertion, commitment, signature }: Attestation): Promise<boolean> {
    const key = encodeQuestion({ assertion, attester, commitment });
    const question = await node.l1.client.readContract({ ...samples, functionName: 'questionIdOf', args: [key] });
    const isDone = async () => (await statusOf(question)) !== QUESTION_STATUS.none;
    if ((await mirror.question(question)) !== undefined || (await isDone())) return false;
    log.info({ assertion, attester }, 'the lot falls on an attester: it is asked for its samples');
    const args = [assertion, attester, commitment, signature];
    const sent = await caller.send({ ...call, functionName: 'ask', args, isDone }, `${assertion} of ${attester}`);
    if (sent) counts.asked++;
    return sent;
  }

  async function answer(question: QuestionRecord, now: bigint): Promise<boolean> {
    const isDone = async () => (await statusOf(question.id)) !== QUESTION_STATUS.asked;
    if (isOurs(question.attester)) return now < question.deadline && open(question, isDone);
    return now >= question.deadline && expire(question, isDone);
  }

  async function open(question: QuestionRecord, isDone: () => Promise<boolean>): Promise<boolean> {
    const { id, assertion, attester, commitment, deadline } = question;
    const record = await mirror.assertion(assertion);
    const machines = record === undefined ? undefined : await sampleMachines(oracles, record, attester);
    if (machines === undefined) return false;
    if (commitmentOf(assertion, attester, machines) !== commitment) {
      if (!told.has(id)) counts.unanswerable++;
      if (!told.has(id)) log.error({ assertion, commitment, deadline }, 'we cannot open what we have signed');
      told.add(id);
      return false;
    }
    if (await isDone()) return false;
    const args = [assertion, attester, machines];
    const sent = await caller.send({ ...call, functionName: 'open', args, isDone }, assertion);
    if (sent) counts.opened++;
    if (sent) log.info({ assertion }, 'opened the samples that we were asked for');
    return sent;
  }

  async function expire(question: QuestionRecord, isDone: () => Promise<boolean>): Promise<boolean> {
    const { assertion, attester } = question;
    const stands = () => node.l1.client.readContract({ ...samples, functionName: 'stands', args: [assertion] });
    if ((await isDone()) || !(await stands())) return false;
    const args = [encodeQuestion(question)];
    const isOver = async () => (await isDone()) || !(await stands());
    const expiry = { ...call, functionName: 'expire', args, isDone: isOver };
    const sent = await caller.send(expiry, `${assertion} of ${attester}`);
    if (sent) counts.expired++;
    if (sent) log.warn({ assertion, attester }, 'an attester did not open what it has signed: it is slashed');
    return sent;
  }

  return {
    counts,
    async askNext(now) {
      const { assertions } = await mirror.head();
      const recent: AssertionRecord[] = [];
      const from = assertions > RECENT ? assertions - RECENT : 0n;
      for await (const assertion of mirror.assertions(from)) recent.push(assertion);
      return asking.play(recent, (assertion) => askAbout(assertion, now));
    },
    async answerNext(now) {
      return answering.play(await mirror.askedQuestions(), (question) => answer(question, now));
    },
    async idle() {
      await Promise.all([asking.idle(), answering.idle()]);
    },
  };
}
