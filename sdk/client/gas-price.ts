// docs/sdk.md#gas-price: what a message offers for gas, checked before anything is signed.
import { MAX_GAS_PRICE } from '../../protocol/constants.ts';
import { MizuError } from '../../protocol/errors.ts';
import type { Network } from './network.ts';

/** Wei per gas: what is asked for, else the network's minimum. @throws MizuError `sdk/gas-price-out-of-range` */
export function gasPriceOf({ chain }: Pick<Network, 'chain'>, asked?: bigint): bigint {
  const least = BigInt(chain.minGasPrice);
  if (asked === undefined) return least;
  if (asked >= least && asked <= MAX_GAS_PRICE) return asked;
  throw new MizuError({
    code: 'sdk/gas-price-out-of-range',
    message: 'The network does not take messages with this gas price.',
    expected: `${least} wei per gas, the network's minimum, to ${MAX_GAS_PRICE}`,
    actual: `${asked} wei`,
    hint: 'Nothing was signed. Give a higher gas price, or none: then it is the minimum.',
  });
}
