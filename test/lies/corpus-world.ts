// docs/disputes.md#lies: the world of the corpus: a range with a step for every kind of message, a gateway and a model.

import type { Abi } from 'viem';
import { DEVNET_CONFIG } from '../../contracts/config.ts';
import { gatewayRegistryAbi, mizuTokenAbi, stakeManagerAbi } from '../../protocol/generated/abi.ts';
import { type Address, bytesToHex, type Hex } from '../../protocol/hex.ts';
import { ROLE } from '../../protocol/roles.ts';
import { withAccount } from '../../service/l1/l1.ts';
import { createSender, type Sender } from '../../service/l1/send.ts';
import { GATEWAY, MODEL } from '../kernel/world.fixture.ts';
import { pushVoid } from '../network/inference.fixture.ts';
import { keyOf, LIAR, MODEL_OWNER_KEY, type TestNetwork } from '../network/network.fixture.ts';
import { createInbox, type Inbox } from './inbox.ts';
import { createLieWorld, type LieWorld } from './world.ts';

export type CorpusWorld = LieWorld & {
  readonly inbox: Inbox;
  /** Index in the range of the step of a message of the inbox. */
  stepOf(name: string): number;
};

/** Longer than a challenger can play for time. */
const WINDOW_SECONDS = 4 * DEVNET_CONFIG.clockSeconds;
export const TIMES = {
  windowSeconds: WINDOW_SECONDS,
  committeeDelaySeconds: DEVNET_CONFIG.committeeDelaySeconds + WINDOW_SECONDS,
  unbondingSeconds: DEVNET_CONFIG.unbondingSeconds + 2 * WINDOW_SECONDS,
  retentionSeconds: DEVNET_CONFIG.retentionSeconds + 2 * WINDOW_SECONDS,
};
/** What messages offer stays enough when L1 halves it. */
const GAS_PRICE = { initialWei: 2n, highestWei: 2n, restSeconds: 1 };
const MIZU = 10n ** 18n;
const REFUND = 7n;
/** Each lie costs 100 of it. */
const LIAR_STAKE = 1_000_000n * MIZU;
const GATEWAY_KEY: Hex = `0x${'3'.padStart(64, '0')}`;

export async function createCorpusWorld(): Promise<CorpusWorld> {
  const made: Inbox[] = [];
  const world = await createLieWorld({
    network: { ...TIMES, gasPrice: GAS_PRICE },
    messages: async (network) => {
      await enrol(network);
      const { chainId, addresses } = network.deployment;
      const inbox = await createInbox({ author: network.author, chainId, gatewayRegistry: addresses.gatewayRegistry });
      made.push(inbox);
      return [...inbox.messages.values()];
    },
  });
  const inbox = made[0] as Inbox;
  const names = [...inbox.messages.keys()];
  return {
    ...world,
    inbox,
    stepOf(name) {
      if (!names.includes(name)) throw new Error(`the inbox has no message "${name}"`);
      return world.inputs.length - names.length + names.indexOf(name);
    },
  };
}

/** A model, a gateway that may sign its results, a void and a gas price: the next batch begins with them. */
async function enrol(network: TestNetwork): Promise<void> {
  const { chain, l1, deployment } = network;
  const { token, stakeManager, gatewayRegistry } = deployment.addresses;
  await chain.setBalance({ address: GATEWAY.address, value: MIZU });
  const owner = createSender(withAccount(l1, keyOf(0)));
  const gateway = createSender(withAccount(l1, GATEWAY_KEY));
  const send = (by: Sender, address: Address, abi: Abi, functionName: string, args: readonly unknown[]) =>
    by.sendAndWait({ address, abi, functionName, args });
  const stake = 1_000n * MIZU;
  const total = stake + LIAR_STAKE;
  await send(owner, token, mizuTokenAbi as Abi, 'mint', [owner.address, total]);
  await send(owner, token, mizuTokenAbi as Abi, 'approve', [stakeManager, total]);
  await send(owner, stakeManager, stakeManagerAbi as Abi, 'stake', [LIAR.address, ROLE.executor, LIAR_STAKE]);
  await send(owner, stakeManager, stakeManagerAbi as Abi, 'stake', [GATEWAY.address, ROLE.gateway, stake]);
  await send(gateway, gatewayRegistry, gatewayRegistryAbi as Abi, 'join', []);
  const manifest = { root: bytesToHex(new Uint8Array(32).fill(1)), length: 1n };
  const model = { active: true, class: 0, inputPrice: 5n, outputPrice: 7n, manifest, gateways: [GATEWAY.address] };
  const models = createSender(withAccount(l1, MODEL_OWNER_KEY));
  await send(models, gatewayRegistry, gatewayRegistryAbi as Abi, 'setModel', [MODEL, model]);
  // Of a run that nobody has started: its refund goes into the fees.
  const hash: Hex = `0x${'55'.repeat(32)}`;
  const place = { run: hash, stage: 0, partition: 0, attempt: 0, resultRoot: hash };
  await pushVoid(network, { kind: 'ItemVoided', ...place, refund: REFUND });
  await network.setGasPrice(GAS_PRICE.initialWei / 2n);
}
