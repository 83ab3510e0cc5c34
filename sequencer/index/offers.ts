// docs/rpc.md: from whom a run takes results of a model, and what it pays for one.
import { itemGas, resultGas } from '../../kernel/fees.ts';
import { RUN_STATUS } from '../../protocol/constants.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import { LEAST_RESULT_BYTES } from '../../protocol/inference.ts';
import type { InferenceResult } from '../admission/signatures.ts';
import type { StateReader } from './state.ts';

export type Offer = {
  /** What the tokens and bytes of one item may cost now, in wei. */
  readonly maxCost: string;
  /** Wei per token. */
  readonly inputPrice: string;
  readonly outputPrice: string;
  /** Wei per byte of the result. */
  readonly bytePrice: string;
  /** What is left of the run's escrow, in wei. */
  readonly escrowLeft: string;
  /** What is left of the amount that the tokens and bytes of all its items may cost together, in wei. */
  readonly inferenceLeft: string;
  /** The most that an item pays from the escrow beside its tokens and bytes, in wei. */
  readonly itemFee: string;
};

/** An item pays its share of a message's signatures: that of one among `items`. */
type Signed = { readonly signatures: number; readonly items: number };

/**
 * The offers of one state. An offer is undefined if the run takes nothing from this gateway, or cannot pay for an item
 * without rows.
 */
export function createOffers(state: StateReader, gateway: Address | undefined) {
  const known = new Map<string, Promise<Offer | undefined>>();
  return (run: Hex, model: Hex): Promise<Offer | undefined> => {
    const key = `${run}${model}`;
    const offer = known.get(key) ?? readPaying(state, gateway, run, model);
    known.set(key, offer);
    return offer;
  };
}

/** Whether the kernel would take any of these items in this state. For an item that is taken somebody pays. */
export async function isAnyTaken(
  state: StateReader,
  { gateway, items, certificate }: InferenceResult,
): Promise<boolean> {
  const signed = { signatures: 1 + certificate.signatures.length, items: items.length };
  for (const { run, stage, partition, attempt, model, resultLength, inputTokens, outputTokens } of items) {
    const offer = await readOffer(state, gateway, run, model, signed);
    if (offer === undefined || (await state.openAttempt(run, stage, partition)) !== attempt) continue;
    const tokens = inputTokens * BigInt(offer.inputPrice) + outputTokens * BigInt(offer.outputPrice);
    if (tokens + BigInt(resultLength) * BigInt(offer.bytePrice) <= BigInt(offer.maxCost)) return true;
  }
  return false;
}

/**
 * The dearest message that an item may be in: the item is alone in it, and every member of the committee has signed.
 */
async function signedAlone(state: StateReader): Promise<Signed> {
  const [current, former] = await Promise.all([state.committee(), state.formerCommittee()]);
  return { signatures: 1 + Math.max(current.members.length, former?.members.length ?? 0), items: 1 };
}

async function readPaying(
  state: StateReader,
  gateway: Address | undefined,
  run: Hex,
  model: Hex,
): Promise<Offer | undefined> {
  const offer = await readOffer(state, gateway, run, model, await signedAlone(state));
  if (offer === undefined) return undefined;
  const least = BigInt(offer.bytePrice) * BigInt(LEAST_RESULT_BYTES);
  return BigInt(offer.maxCost) >= least ? offer : undefined;
}

async function readOffer(
  state: StateReader,
  gateway: Address | undefined,
  runId: Hex,
  modelId: Hex,
  signed: Signed,
): Promise<Offer | undefined> {
  const [run, model] = await Promise.all([state.run(runId), state.model(modelId)]);
  if (run?.status !== RUN_STATUS.running || model === undefined || !model.active) return undefined;
  const trusted = run.gateways.length > 0 ? run.gateways : model.gateways;
  if (gateway !== undefined && !trusted.includes(gateway.toLowerCase() as Address)) return undefined;
  const itemFee = itemGas({ sink: true, ...signed, resultLength: 0 }) * run.gasPrice;
  const escrowLeft = run.escrow - run.spent;
  const inferenceLeft = run.maxInferenceCost - run.inferenceSpent;
  let maxCost = escrowLeft - itemFee;
  for (const limit of [run.maxItemCost, inferenceLeft]) {
    if (limit < maxCost) maxCost = limit;
  }
  if (maxCost < 0n) return undefined;
  return {
    maxCost: String(maxCost),
    inputPrice: String(model.inputPrice),
    outputPrice: String(model.outputPrice),
    bytePrice: String(resultGas(1n) * run.gasPrice),
    escrowLeft: String(escrowLeft),
    inferenceLeft: String(inferenceLeft),
    itemFee: String(itemFee),
  };
}
