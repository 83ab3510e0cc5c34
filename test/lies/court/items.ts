// docs/court.md#attacks: items that a gateway signs and the kernel takes: what the model says, something else, or what nobody has.

import { proveMessage } from '../../../dispute/calls.ts';
import { type ShownItem, showItem } from '../../../dispute/shown-item.ts';
import { createBuiltinBackend } from '../../../edge/backends/builtin.ts';
import { toRowUsage } from '../../../edge/backends/row-failure.ts';
import { encodeRequests, encodeResultLine, encodeResults } from '../../../edge/rows.ts';
import { encodeBatch } from '../../../protocol/batch.ts';
import { inboxAbi } from '../../../protocol/generated/abi.ts';
import type { InferenceItem } from '../../../protocol/inference.ts';
import { encodeMessage, type Message } from '../../../protocol/messages.ts';
import { modelId } from '../../../protocol/model-id.ts';
import { objectRef } from '../../../protocol/tree.ts';
import { type AskedRun, createInferWorkflow } from '../../network/infer-workflow.fixture.ts';
import { signItems } from '../../network/inference.fixture.ts';
import type { TestNetwork } from '../../network/network.fixture.ts';
import { type Actor, MIZU } from './actors.ts';

export const MODEL_NAME = 'builtin/small';
export const BUILTIN = modelId(MODEL_NAME);
/** An item costs some tenths of a MIZU. */
export const PRICES = { inputPrice: MIZU / 100n, outputPrice: MIZU / 50n };

/** `withheld`: promised by a dishonest committee, and had by nobody. */
export type Kind = 'truth' | 'lie' | 'withheld';

/** An item in a batch on L1. */
export type Posted = { readonly item: InferenceItem; readonly shown: ShownItem };

export type Items = {
  /** A run of so many partitions, whose results stand in one message of one batch. `before` that is posted. */
  post(kind: Kind, count?: number, before?: (asked: AskedRun) => Promise<void>): Promise<readonly Posted[]>;
  /** Batches posted so far. */
  batches(): bigint;
};

const HOURS = 24;
/** Of a run, wei. */
export const MAX_COST = 5n * MIZU;

/** A row's request, and no two of them are the same. */
export function requestOf(number: number) {
  return { messages: [{ role: 'user', content: `Say the first sentence.\n\nFish ${number} swims. It is wet.` }] };
}

export async function createItems(network: TestNetwork, gateway: Actor): Promise<Items> {
  const backend = createBuiltinBackend();
  const workflow = await createInferWorkflow(network, {
    model: BUILTIN,
    gateways: [gateway.address],
    maxCost: MAX_COST,
  });
  let [signed, posted, requested] = [0n, 1n, 0];
  await network.postBatch([workflow.deploy]);

  async function answerOf(request: ReturnType<typeof requestOf>, lie: string) {
    const { content, finishReason, usage } = await backend.complete(request, new AbortController().signal);
    const row = { content: `${content}${lie}`, finish_reason: finishReason, usage: toRowUsage(usage) };
    const tokens = { input: usage.promptTokens, output: usage.completionTokens };
    return { result: encodeResults(MODEL_NAME, [encodeResultLine(0, row)], tokens), tokens };
  }

  return {
    batches: () => posted,
    async post(kind, count = 1, before) {
      const requests = Array.from({ length: count }, () => requestOf(++requested));
      const rows = requests.map((request) => encodeRequests(MODEL_NAME, [JSON.stringify([0, request])]));
      const { message, ...asked } = await workflow.run(rows);
      const { run } = asked;
      await before?.(asked);
      const answers = await Promise.all(requests.map((request) => answerOf(request, kind === 'lie' ? '!' : '')));
      const items = answers.map(({ result, tokens }, partition): InferenceItem => {
        const { root: resultRoot, length: resultLength } = objectRef(result);
        const place = { run, stage: 1, partition, attempt: 0, requestRoot: objectRef(rows[partition]!).root };
        const used = { inputTokens: BigInt(tokens.input), outputTokens: BigInt(tokens.output) };
        return { ...place, resultRoot, resultLength, model: BUILTIN, ...used };
      });
      const expiry = BigInt(Math.floor(Date.now() / 1000) + HOURS * 3600);
      const objects = answers.map(({ result }) => result);
      const certificate =
        kind === 'withheld'
          ? await network.certifyUnheld(objects.map(objectRef), expiry)
          : (await network.da.put(objects, { expiry })).certificate;
      const results = await signItems(network, items, ++signed, certificate, gateway.account);
      const advances = items.map(({ partition }): Message => ({ kind: 'Advance', run, stage: 0, partition }));
      const show = await postResults(network, [message, ...advances], results);
      posted++;
      return items.map((item, index) => ({ item, shown: show(index) }));
    },
  };
}

/** Posts a batch of these messages and the results behind them. Gives what shows an item of the results to the court. */
export async function postResults(
  network: TestNetwork,
  before: readonly Message[],
  results: Message,
): Promise<(index: number) => ShownItem> {
  const { client } = network.l1;
  const inbox = { address: network.deployment.addresses.inbox, abi: inboxAbi } as const;
  const delayedBefore = async (batch: bigint) =>
    (await client.readContract({ ...inbox, functionName: 'batch', args: [batch] })).delayedUpTo;
  const messages = [...before, results];
  const batch = await client.readContract({ ...inbox, functionName: 'batchCount' });
  await network.postBatch(messages);
  const delayed = Number((await delayedBefore(batch)) - (await delayedBefore(batch - 1n)));
  const proof = proveMessage(encodeBatch(messages.map(encodeMessage)), before.length, messages.length);
  const bytes = encodeMessage(results);
  return (index) => showItem(bytes, proof, { batch: Number(batch), message: delayed + before.length, index });
}
