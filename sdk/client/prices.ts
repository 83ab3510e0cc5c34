// docs/kernel.md#money: what gas and tokens cost, read from the state.
import { fromRlp } from 'viem';
import { isProvable } from '../../models/name.ts';
import { MizuError } from '../../protocol/errors.ts';
import type { Hex } from '../../protocol/hex.ts';
import { modelId } from '../../protocol/model-id.ts';
import type { Description } from '../compile/describe-guest.ts';
import type { Network } from './network.ts';

export type ModelPrice = { readonly active: boolean; readonly inputWei: bigint; readonly outputWei: bigint };

/** @throws MizuError `sdk/unknown-model` if the network does not serve it */
export async function modelPrice(network: Network, name: string): Promise<ModelPrice> {
  const proof = (await network.rpc('mizu_getProof', ['M', modelId(name)])) as { readonly value: Hex | null };
  if (proof.value === null || proof.value === '0x') throw unknownModel(name, 'no such model');
  const [active, , inputPrice, outputPrice] = fromRlp(proof.value, 'hex') as Hex[];
  if (toBigInt(active) === 0n) throw unknownModel(name, 'a model that is switched off');
  return { active: true, inputWei: toBigInt(inputPrice), outputWei: toBigInt(outputPrice) };
}

/** Of all models that the operators ask of gateways. @throws MizuError `sdk/unknown-model` for one that the network does not serve */
export async function modelPrices(network: Network, { operators }: Description): Promise<Map<string, ModelPrice>> {
  const names = [
    ...new Set(operators.flatMap(({ model }) => (model === undefined || isProvable(model) ? [] : [model]))),
  ];
  return new Map(await Promise.all(names.map(async (name) => [name, await modelPrice(network, name)] as const)));
}

function toBigInt(value: Hex | undefined): bigint {
  return value === undefined || value === '0x' ? 0n : BigInt(value);
}

function unknownModel(name: string, actual: string): MizuError {
  return new MizuError({
    code: 'sdk/unknown-model',
    message: `The network does not serve the model '${name}'.`,
    expected: 'a model that is registered on the L1',
    actual,
    hint: "Use 'builtin/small', or have the model entered in the GatewayRegistry.",
  });
}
