// What thousands of runs send: each has a fate, drawn by a seeded generator, and its messages follow from it.

import type { Hex } from '../../protocol/hex.ts';
import { encodeInputs, hashRun, type Message } from '../../protocol/messages.ts';
import { type ObjectRef, objectRef } from '../../protocol/tree.ts';
import type { Author } from '../network/chain.fixture.ts';
import type { ListedTask } from '../network/inference.fixture.ts';

export const FATES = [
  'done',
  'done after a refused result',
  'voided when done',
  'voided on the way',
  'cancelled at once',
  'cancelled on the way',
  'out of gas',
  'out of escrow',
  'expired',
] as const;
export type Fate = (typeof FATES)[number];

/** Of a hundred runs. */
const SHARES: readonly [Fate, number][] = [
  ['done', 44],
  ['done after a refused result', 8],
  ['voided when done', 5],
  ['voided on the way', 3],
  ['cancelled at once', 8],
  ['cancelled on the way', 8],
  ['out of gas', 8],
  ['out of escrow', 8],
  ['expired', 8],
];

export type PlannedRun = { readonly run: Hex; readonly fate: Fate; readonly author: Author };

export type RunTerms = {
  readonly workflow: Hex;
  /** Wei. */
  readonly gasPrice: bigint;
  readonly inputs: Uint8Array;
  readonly maxCost: bigint;
  /** Unix seconds after which those that are to expire do. */
  readonly soon: bigint;
};

export function drawFate(random: (below: number) => number): Fate {
  let left = random(100);
  for (const [fate, share] of SHARES) {
    if (left < share) return fate;
    left -= share;
  }
  throw new Error('the shares are less than 100');
}

/** The message that starts a run of this fate. */
export async function planRun(
  author: Author,
  nonce: bigint,
  fate: Fate,
  { workflow, gasPrice, inputs, maxCost, soon }: RunTerms,
): Promise<{ readonly planned: PlannedRun; readonly message: Message }> {
  const message = await author.sign({
    kind: 'Run',
    nonce,
    gasPrice,
    workflow,
    // Enough for the first thing that it pays, and not for the program.
    maxCost: fate === 'out of escrow' ? 450_000n : maxCost,
    maxItemCost: maxCost,
    maxInferenceCost: maxCost,
    gateways: [],
    taskGasLimit: fate === 'out of gas' ? 1n : 500_000n,
    deadline: fate === 'expired' ? soon : author.deadline,
    inputs,
  });
  return { planned: { run: hashRun(author.address, nonce, workflow), fate, author }, message };
}

export async function certifiedInputs(author: Author, inputs: readonly ObjectRef[]): Promise<Uint8Array> {
  return encodeInputs(inputs, await author.certify(inputs));
}

/** The task of the second stage as it is asked for: its request is what the first one's program writes. */
export function inferenceTask(run: Hex, request: Uint8Array, attempt = 0): ListedTask {
  const { root, length } = objectRef(request);
  return { run, stage: 1, partition: 0, attempt, requestRoot: root, requestLength: length };
}
