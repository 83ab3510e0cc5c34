// docs/sdk.md#renew: the bytes of a run are promised for longer, so that it does not expire.
import { renewGas } from '../../kernel/fees.ts';
import { MAX_STAGES } from '../../protocol/constants.ts';
import { MizuError } from '../../protocol/errors.ts';
import type { Hex } from '../../protocol/hex.ts';
import { encodeInputs } from '../../protocol/messages.ts';
import type { ObjectRef } from '../../protocol/tree.ts';
import { retention, USER_HEADER_BYTES } from './deploy.ts';
import { ensureBalance } from './deposit.ts';
import { gasPriceOf } from './gas-price.ts';
import { sendMessage, signMessage } from './message.ts';
import type { Network } from './network.ts';
import { withNewCommittee } from './patience.ts';

/** What `renewRun` has promised anew. */
export type Renewed = {
  readonly run: Hex;
  /** Unix seconds until which its inputs and results are promised. */
  readonly expiry: number;
  readonly objects: number;
  readonly feeWei: bigint;
};

/**
 * Promises the inputs and results of a running run for 30 days more. Only its owner can. `gasPrice`: wei per gas of this
 * message, by default the network's minimum.
 *
 * @example
 * const { expiry } = await renewRun(network, run);
 * @throws MizuError `sdk/unknown-run`, `sdk/message-failed`, `sdk/gas-price-out-of-range`
 */
export async function renewRun(network: Network, run: Hex, gasPrice?: bigint): Promise<Renewed> {
  const price = gasPriceOf(network, gasPrice);
  const objects = (await network.rpc('mizu_getRunObjects', [run])) as ObjectRef[] | null;
  if (objects === null) throw unknownRun(run);
  return withNewCommittee(async () => {
    const certificate = await network.da.certify(objects, retention());
    const bytes = encodeInputs(objects, certificate);
    const gas = renewGas(bytes.length + USER_HEADER_BYTES, objects, MAX_STAGES);
    await ensureBalance(network, gas * price);
    const message = await signMessage(network, { kind: 'Renew', gasPrice: price, run, objects: bytes });
    const receipt = await sendMessage(network, message);
    const { expiry } = certificate;
    return { run, expiry: Number(expiry), objects: objects.length, feeWei: BigInt(receipt.feeWei ?? 0) };
  });
}

function unknownRun(run: Hex): MizuError {
  return new MizuError({
    code: 'sdk/unknown-run',
    message: 'The network knows no such run.',
    expected: 'the id of a run, as `npx mizu runs` lists them',
    actual: run,
  });
}
