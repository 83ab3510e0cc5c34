// docs/kernel.md#gas-price: what gas costs. A price has 96 bits and a count of gas 64, so no product overflows.

import { minGasPrice } from './config';
import { alloc } from './memory';
import { refuse, refuseWei } from './refusal';
import { fitsBits96, less, multiply } from './u256';

/** What so much gas costs at this price, in wei. */
export function costOf(price: usize, gas: u64): usize {
  const cost = alloc(32);
  multiply(cost, price, gas);
  return cost;
}

/** Whether a user message may offer this, in wei per gas. */
export function checkGasPrice(price: usize): bool {
  if (less(price, minGasPrice())) return refuseWei('gasPrice', 'at least ', minGasPrice(), price);
  return fitsBits96(price) || refuse('gasPrice', 'below 2^96', 'more');
}
