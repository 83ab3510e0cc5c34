// docs/rpc.md: from whom a run takes results of a model, and what it pays for one.
import { MAX_COMMITTEE, RUN_STATUS, SIGNATURE_GAS, SINK_GAS, TASK_BASE_GAS } from '../protocol/constants.ts';
import type { Address, Hex } from '../protocol/hex.ts';
import type { InferenceResult } from './signatures.ts';
import type { StateReader } from './state.ts';

export type Offer = {
  /** Wei that one item may cost now. */
  readonly maxCost: string;
  /** Wei per token. */
  readonly inputPrice: string;
  readonly outputPrice: string;
};

/** Of one state. Undefined where the run takes nothing from this gateway, or nothing at all. */
export function createOffers(state: StateReader, gateway: Address | undefined) {
  const known = new Map<string, Promise<Offer | undefined>>();
  return (run: Hex, model: Hex): Promise<Offer | undefined> => {
    const key = `${run}${model}`;
    const offer = known.get(key) ?? readOffer(state, gateway, run, model);
    known.set(key, offer);
    return offer;
  };
}

/** Whether the kernel would take any of these items, of this state; what it takes somebody pays for. */
export async function isAnyTaken(state: StateReader, { gateway, items }: InferenceResult): Promise<boolean> {
  const offers = createOffers(state, gateway);
  for (const { run, stage, partition, model, inputTokens, outputTokens } of items) {
    const offer = await offers(run, model);
    if (offer === undefined || (await state.task(run, stage, partition)) !== undefined) continue;
    const cost = inputTokens * BigInt(offer.inputPrice) + outputTokens * BigInt(offer.outputPrice);
    if (cost <= BigInt(offer.maxCost)) return true;
  }
  return false;
}

async function readOffer(
  state: StateReader,
  gateway: Address | undefined,
  runId: Hex,
  modelId: Hex,
): Promise<Offer | undefined> {
  const [run, model] = await Promise.all([state.run(runId), state.model(modelId)]);
  if (run?.status !== RUN_STATUS.running || model === undefined || !model.active) return undefined;
  const trusted = run.gateways.length > 0 ? run.gateways : model.gateways;
  if (gateway !== undefined && !trusted.includes(gateway.toLowerCase() as Address)) return undefined;
  const { gasPriceWei } = await state.config();
  const taskGas = TASK_BASE_GAS + SINK_GAS + SIGNATURE_GAS * BigInt(1 + MAX_COMMITTEE);
  const escrow = run.escrow - run.spent - taskGas * gasPriceWei;
  let maxCost = escrow > 0n ? escrow : 0n;
  for (const limit of [run.maxItemCost, run.maxInferenceCost - run.inferenceSpent]) {
    if (limit < maxCost) maxCost = limit;
  }
  return { maxCost: String(maxCost), inputPrice: String(model.inputPrice), outputPrice: String(model.outputPrice) };
}
