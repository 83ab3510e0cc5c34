// docs/da.md#answers: the data-availability challenges that can still be answered, as any of the L1 nodes tells them.
import type { PublicClient } from 'viem';
import { daChallengesAbi } from '../protocol/generated/abi.ts';
import { CHALLENGE_STATUS } from '../protocol/generated/enums.ts';
import type { Address, Hex } from '../protocol/hex.ts';

export type OpenChallenge = {
  readonly id: bigint;
  readonly objectRoot: Hex;
  readonly length: bigint;
  readonly piece: bigint;
  readonly epoch: bigint;
  /** Bits of the epoch's members that have signed. */
  readonly signers: number;
  /** Unix seconds. */
  readonly deadline: number;
};

const READ_AT_ONCE = 64n;
/** The most that are read in one round: who makes more at once has paid 10^7 bonds. */
const MAX_READ = 4_096n;
/** STRETCH of the contract. */
const STRETCH = 4;

/**
 * A node that hides a challenge hides nothing as long as another one tells it; one that invents one costs a failed
 * estimate. So all are asked, and what any of them says counts.
 * @throws the first node's error if none answers
 */
export async function readOpenChallenges(
  nodes: readonly PublicClient[],
  contract: Address,
  answerSeconds: number,
  now: number,
): Promise<OpenChallenge[]> {
  const answers = await Promise.allSettled(nodes.map((node) => readFrom(node, contract, answerSeconds, now)));
  const found = new Map<string, OpenChallenge>();
  for (const answer of answers) {
    if (answer.status === 'rejected') continue;
    for (const one of answer.value) found.set(`${one.id} ${one.objectRoot} ${one.piece}`, one);
  }
  if (answers.every(({ status }) => status === 'rejected')) throw (answers[0] as PromiseRejectedResult).reason;
  return [...found.values()].sort((a, b) => a.deadline - b.deadline);
}

async function readFrom(
  client: PublicClient,
  address: Address,
  answerSeconds: number,
  now: number,
): Promise<OpenChallenge[]> {
  const contract = { address, abi: daChallengesAbi } as const;
  if ((await client.readContract({ ...contract, functionName: 'openCount' })) === 0n) return [];
  const count = await client.readContract({ ...contract, functionName: 'challengeCount' });
  const open: OpenChallenge[] = [];
  for (let end = count; end > 0n && count - end < MAX_READ; ) {
    const first = end > READ_AT_ONCE ? end - READ_AT_ONCE : 0n;
    const some = await client.readContract({ ...contract, functionName: 'challengesFrom', args: [first, end - first] });
    some.forEach((one, i) => {
      const isOpen = one.status === CHALLENGE_STATUS.open && now < one.deadline;
      if (isOpen) open.push({ ...one, id: first + BigInt(i) });
    });
    // Made before now - STRETCH * answerSeconds, as all before it: too late whatever they had for an answer.
    if (some.some(({ deadline }) => deadline <= now - (STRETCH - 1) * answerSeconds)) break;
    end = first;
  }
  return open;
}
