// docs/court.md#hand: finds the answer of a gateway that a run has gone on with, by L1 and DA alone, and what disputes it.
import type { Abi } from 'viem';
import { messageProof } from '../../dispute/opening.ts';
import { type ShownItem, showItem } from '../../dispute/shown-item.ts';
import { decodeReceipt, type ReceiptItem } from '../../kernel/receipt.ts';
import type { ObjectSource } from '../../node/l1/derive.ts';
import { type Snapshot, stepsBackwards, takeSnapshot } from '../../node/replication/locate-run.ts';
import { MizuError } from '../../protocol/errors.ts';
import { inboxAbi } from '../../protocol/generated/abi.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import type { InferenceItem } from '../../protocol/inference.ts';
import { receiveMessage, requireMessage } from '../../protocol/received.ts';
import { decodeContext } from '../../protocol/state.ts';
import { courtOf } from './cases.ts';
import type { Stakes } from './connect.ts';
import { approval, assertTokens, type StakeCall } from './plan.ts';
import { formatTime } from './refusals.ts';

/** A task of a run whose answer is meant. */
export type ItemWish = { readonly run: Hex; readonly stage: number | undefined; readonly partition: number };

/** Where it is looked for. */
export type ItemSource = {
  readonly contracts: { readonly inbox: Address; readonly rollup: Address };
  readonly fromBlock: bigint;
  readonly objects: ObjectSource;
};

export type FoundItem = {
  readonly item: InferenceItem;
  readonly gateway: Address;
  readonly shown: ShownItem;
};

export type DisputePlan = { readonly bondWei: bigint; readonly until: bigint; readonly calls: readonly StakeCall[] };

/** `open` copies an item of three: it takes 1.5 times that at most (contracts/snapshots/court.json). */
const OPEN_GAS = 500_000n;

/** The newest answer that the kernel has taken for the task. @throws MizuError `sdk/no-item`, `da/object-missing` */
export async function findItem({ l1 }: Pick<Stakes, 'l1'>, source: ItemSource, wish: ItemWish): Promise<FoundItem> {
  const snapshot = await takeSnapshot(l1, source.contracts, source.fromBlock);
  try {
    return await searchBodies(snapshot, source.objects, wish);
  } finally {
    await snapshot.close();
  }
}

async function searchBodies({ mirror }: Snapshot, objects: ObjectSource, wish: ItemWish): Promise<FoundItem> {
  const { run, stage, partition } = wish;
  const isMeant = (item: ReceiptItem) =>
    item.ok && item.run === run && item.partition === partition && (stage === undefined || item.stage === stage);
  for await (const { step } of stepsBackwards(mirror, objects)) {
    const index = (decodeReceipt(step.receipt).items ?? []).findIndex(isMeant);
    if (index < 0) continue;
    const message = requireMessage(receiveMessage(step.message));
    if (message.kind !== 'InferenceResult') continue;
    const { batch, message: place } = decodeContext(step.context);
    const proof = await messageProof({ mirror, objects }, { batch, message: Number(place) });
    const shown = showItem(step.message, proof, { batch: Number(batch), message: Number(place), index });
    return { item: message.items[index]!, gateway: message.gateway, shown };
  }
  throw noItem(wish);
}

/** @throws MizuError `sdk/no-tokens`, `sdk/no-item` if it can be disputed no longer, or is already */
export async function planDispute(
  stakes: Stakes,
  account: Address,
  { shown }: FoundItem,
  inbox: Address,
): Promise<DisputePlan> {
  const { client } = stakes.l1;
  const court = courtOf(stakes);
  const { batch, message, index } = shown;
  const [bondWei, contest, postedAt, place, { timestamp: now }] = await Promise.all([
    client.readContract({ ...court, functionName: 'bond' }),
    client.readContract({ ...court, functionName: 'contestSeconds' }),
    client.readContract({ address: inbox, abi: inboxAbi, functionName: 'postedAtOf', args: [batch] }),
    client.readContract({ ...court, functionName: 'placeOf', args: [batch, message, index] }),
    client.getBlock(),
  ]);
  const until = BigInt(postedAt) + BigInt(contest);
  if (now > until) throw tooLate(until, now);
  const about = await client.readContract({ ...court, functionName: 'caseAbout', args: [place] });
  if (about > 0n) throw hasCase(about);
  await assertTokens(stakes, account, bondWei);
  const approve = await approval(stakes, account, court.address, bondWei);
  const open = {
    what: 'open the case',
    call: { ...court, abi: court.abi as Abi, functionName: 'open', args: [shown] },
    ...(approve.length === 0 ? {} : { gasAtMost: OPEN_GAS }),
  };
  return { bondWei, until, calls: [...approve, open] };
}

function noItem({ run, stage, partition }: ItemWish): MizuError {
  const task = `partition ${partition}${stage === undefined ? '' : ` of stage ${stage}`}`;
  return new MizuError({
    code: 'sdk/no-item',
    message: 'No assertion on L1 has an answer of a gateway for this task.',
    expected: `an answer for ${task} of run ${run}`,
    actual: 'none that was taken',
    hint: 'Stages and partitions count from 0. What was answered a moment ago is asserted seconds later.',
    retryable: true,
  });
}

function tooLate(until: bigint, now: bigint): MizuError {
  return new MizuError({
    code: 'sdk/no-item',
    message: 'The answer cannot be disputed any more.',
    expected: `a case before ${formatTime(until)}`,
    actual: `it is ${formatTime(now)} on L1`,
  });
}

function hasCase(id: bigint): MizuError {
  return new MizuError({
    code: 'sdk/no-item',
    message: 'The court has a case about this answer already.',
    expected: 'an answer without a case',
    actual: `case ${id}`,
    hint: `See it with: npx mizu court show ${id}`,
  });
}
