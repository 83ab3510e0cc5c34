// docs/da.md#answers: a member publishes on L1 what it is challenged to show, by itself; nothing of it need be remembered.
import { setTimeout as delay } from 'node:timers/promises';
import type { Abi } from 'viem';
import { MizuError } from '../protocol/errors.ts';
import { daChallengesAbi, daCommitteeAbi } from '../protocol/generated/abi.ts';
import { type Address, type Hex, isSameAddress } from '../protocol/hex.ts';
import type { FeeCapConfig } from '../service/l1/fees.ts';
import { connectL1, type L1Account, withAccount } from '../service/l1/l1.ts';
import { readTime } from '../service/l1/logs.ts';
import { createSender, type Sender } from '../service/l1/send.ts';
import type { Logger } from '../service/process/log.ts';
import { type OpenChallenge, readOpenChallenges } from './open-challenges.ts';
import { provePiece } from './piece.ts';
import { readChallenges } from './read-committee.ts';

/** Where a member answers, and who pays for it. */
export type AnswerOptions = FeeCapConfig & {
  readonly l1Url: string | readonly string[];
  /** Of the account that pays. */
  readonly key: Hex;
  /** How often L1 is asked, in milliseconds. Default: a twentieth of the time for an answer, 0.5 to 12 s. */
  readonly pollMs?: number | undefined;
};

/** The bytes as they are on the disk: they are verified here, in pieces, so that nobody waits for a long object. */
export type ReadObjects = { read(root: Hex, length: number): Promise<Uint8Array | undefined> };

export type AnswerParts = {
  readonly options: AnswerOptions;
  /** The DACommittee, which names the contract of the challenges. */
  readonly committee: Address;
  readonly member: Address;
  readonly objects: ReadObjects;
  readonly log: Logger;
};

export type Answers = { readonly counts: { published: number; lacking: number }; close(): Promise<void> };

/** In one transaction: with their paths 60 KB, and L1 nodes take transactions of up to 128 KB. */
const ANSWERS_AT_ONCE = 12;
const POLLS_AN_ANSWER = 20;
const [FIRST_POLL_MS, LAST_POLL_MS] = [500, 12_000];
const RETRY_MS = 5_000;
const MAX_REMEMBERED = 1_024;

type Watch = {
  readonly l1: L1Account;
  readonly sender: Sender;
  readonly challenges: Address;
  readonly seconds: number;
};
type Answer = { readonly id: bigint; readonly data: Hex; readonly path: readonly Hex[] };

/** Goes on until it is closed, whatever L1 does. */
export function startAnswers({ options, committee, member, objects, log }: AnswerParts): Answers {
  const stop = new AbortController();
  const counts = { published: 0, lacking: 0 };
  /** Challenges whose bytes are not here: said once. */
  const lacking = new Set<bigint>();
  const committees = new Map<bigint, readonly Address[]>();
  let watch: Watch | undefined;

  const connect = async (): Promise<Watch> => {
    const l1 = withAccount(await connectL1(options.l1Url), options.key, undefined, options);
    const challenges = await readChallenges(l1, committee);
    const contract = { address: challenges, abi: daChallengesAbi } as const;
    const seconds = await l1.client.readContract({ ...contract, functionName: 'answerSeconds' });
    if ((await l1.client.getBalance({ address: l1.address })) === 0n) log.warn({ account: l1.address }, NO_ETHER);
    return { l1, challenges, seconds, sender: createSender(l1, { signal: stop.signal }) };
  };

  const membersOf = async ({ l1 }: Watch, epoch: bigint): Promise<readonly Address[]> => {
    const known = committees.get(epoch);
    if (known !== undefined) return known;
    const args = [epoch] as const;
    const contract = { address: committee, abi: daCommitteeAbi } as const;
    const { members } = await l1.client.readContract({ ...contract, functionName: 'committeeOf', args });
    committees.set(epoch, members);
    return members;
  };

  // Anyone may answer for all. So that not all pay for it, the signers have turns in the first half of the time.
  const isDue = async (at: Watch, challenge: OpenChallenge, now: number): Promise<boolean> => {
    const members = await membersOf(at, challenge.epoch);
    const signers = members.filter((_, i) => (challenge.signers >>> i) % 2 === 1);
    const place = signers.findIndex((signer) => isSameAddress(signer, member));
    if (place < 0) return false;
    const turn = (place + Number(challenge.id % BigInt(signers.length))) % signers.length;
    return now >= challenge.deadline - at.seconds + Math.floor((turn * at.seconds) / (2 * signers.length));
  };

  const answerOf = async ({ id, objectRoot, length, piece }: OpenChallenge): Promise<Answer | undefined> => {
    const bytes = await objects.read(objectRoot, Number(length)).catch((err: unknown) => {
      log.error({ err, root: objectRoot }, 'an object that this member has promised cannot be read');
      return undefined;
    });
    if (bytes !== undefined) {
      const { root, ...shown } = await provePiece(bytes, Number(piece));
      if (root === objectRoot) return { id, ...shown };
    }
    if (lacking.has(id)) return undefined;
    if (lacking.size >= MAX_REMEMBERED) lacking.clear();
    lacking.add(id);
    counts.lacking += 1;
    log.error({ root: objectRoot, challenge: String(id) }, LACKING);
    return undefined;
  };

  const publish = async (at: Watch, answers: readonly Answer[]): Promise<void> => {
    const contract = { address: at.challenges, abi: daChallengesAbi as Abi } as const;
    const isDone = async () => {
      for (const { id } of answers) {
        const args = [id];
        if (await at.l1.client.readContract({ ...contract, functionName: 'isAnswerable', args })) return false;
      }
      return true;
    };
    log.warn({ challenges: answers.length }, 'bytes are asked for on L1: they are published');
    const sent = await at.sender.sendAndWait({ ...contract, functionName: 'publishAll', args: [answers], isDone });
    if (sent.kind === 'mined') counts.published += answers.length;
  };

  const publishAll = async (at: Watch, answers: readonly Answer[]): Promise<void> => {
    try {
      await publish(at, answers);
    } catch (error) {
      // One that a node has made up must not keep the others from their answers.
      if (!isReverted(error) || answers.length === 1) throw error;
      for (const answer of answers) {
        await publish(at, [answer]).catch((err: unknown) => {
          if (!isReverted(err)) throw err;
          log.warn({ err, challenge: String(answer.id) }, 'L1 does not take an answer');
        });
      }
    }
  };

  /** How long to wait for the next look, in milliseconds. */
  const look = async (): Promise<number> => {
    watch ??= await connect();
    const { l1, challenges, seconds } = watch;
    const now = await readTime(l1.nodes);
    const answers: Answer[] = [];
    for (const challenge of await readOpenChallenges(l1.nodes, challenges, seconds, now)) {
      if (answers.length === ANSWERS_AT_ONCE) break;
      if (!(await isDue(watch, challenge, now))) continue;
      const answer = await answerOf(challenge);
      if (answer !== undefined) answers.push(answer);
    }
    if (answers.length > 0) await publishAll(watch, answers);
    if (answers.length === ANSWERS_AT_ONCE) return 0;
    return options.pollMs ?? Math.min(LAST_POLL_MS, Math.max(FIRST_POLL_MS, (seconds * 1000) / POLLS_AN_ANSWER));
  };

  const run = async () => {
    while (!stop.signal.aborted) {
      const waitMs = await look().catch((err: unknown) => {
        if (!stop.signal.aborted) log.warn({ err }, 'challenges on L1 cannot be looked for or answered now');
        return RETRY_MS;
      });
      await delay(waitMs, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  };
  const running = run();
  return {
    counts,
    close: async () => {
      stop.abort();
      await running;
    },
  };
}

const NO_ETHER =
  'the account that is to answer challenges on L1 has no ether: without it bytes cannot be published, and the stake is at risk';
const LACKING = 'bytes are asked for on L1 that this member has promised and does not have: its stake will be slashed';

function isReverted(error: unknown): boolean {
  return error instanceof MizuError && error.code === 'l1/reverted';
}
