// docs/rpc.md: from whom a run takes results of a model, and what it pays for one.
import { SINK_GAS, TASK_BASE_GAS } from '../protocol/constants.ts';
import type { Address, Hex } from '../protocol/hex.ts';
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

async function readOffer(
  state: StateReader,
  gateway: Address | undefined,
  runId: Hex,
  modelId: Hex,
): Promise<Offer | undefined> {
  const [run, model] = await Promise.all([state.run(runId), state.model(modelId)]);
  if (run === undefined || model === undefined || !model.active) return undefined;
  const trusted = run.gateways.length > 0 ? run.gateways : model.gateways;
  if (gateway !== undefined && !trusted.includes(gateway.toLowerCase() as Address)) return undefined;
  const { gasPriceWei } = await state.config();
  const escrow = run.escrow - run.spent - (TASK_BASE_GAS + SINK_GAS) * gasPriceWei;
  let maxCost = escrow > 0n ? escrow : 0n;
  for (const limit of [run.maxItemCost, run.maxInferenceCost - run.inferenceSpent]) {
    if (limit < maxCost) maxCost = limit;
  }
  return { maxCost: String(maxCost), inputPrice: String(model.inputPrice), outputPrice: String(model.outputPrice) };
}
