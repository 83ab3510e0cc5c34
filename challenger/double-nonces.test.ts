// docs/prover.md#double-nonces: a validator finds two batches with one nonce by itself, over a restart too, and has the gateway slashed.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createSigner, hashInferenceBatch } from '../edge/signing.ts';
import { gatewayRegistryAbi, mizuTokenAbi, stakeManagerAbi } from '../protocol/generated/abi.ts';
import type { Hex } from '../protocol/hex.ts';
import type { InferenceItem } from '../protocol/inference.ts';
import type { Message } from '../protocol/messages.ts';
import { ROLE } from '../protocol/roles.ts';
import { createDomain } from '../protocol/typed-data.ts';
import { withAccount } from '../service/l1/l1.ts';
import { createSender } from '../service/l1/send.ts';
import { createLogger } from '../service/process/log.ts';
import { keyOf, startTestNetwork, type TestNetwork, until, VALIDATOR } from '../test/network/network.fixture.ts';
import { startValidator, type Validator } from './main.ts';

const MINIMUM = 1_000n * 10n ** 18n;
const HASH: Hex = `0x${'22'.repeat(32)}`;
const ITEM: InferenceItem = {
  ...{ run: HASH, stage: 1, partition: 0, attempt: 0, requestRoot: HASH, model: HASH },
  ...{ resultRoot: HASH, resultLength: 5, inputTokens: 1n, outputTokens: 1n },
};
const OTHER: InferenceItem = { ...ITEM, resultRoot: `0x${'33'.repeat(32)}` };
const [OWNER_KEY, GATEWAY_KEY, STRANGER_KEY] = [keyOf(0), keyOf(10), keyOf(11)];
const log = createLogger('test', process.env.MIZU_LOG ?? 'silent');

let network: TestNetwork;
let validator: Validator;
const start = async () => {
  validator = await startValidator({ ...network.config('validator'), key: keyOf(4), log });
};
const stakeManager = () => ({ address: network.deployment.addresses.stakeManager, abi: stakeManagerAbi }) as const;
const registry = () => ({ address: network.deployment.addresses.gatewayRegistry, abi: gatewayRegistryAbi }) as const;
const isGateway = () =>
  network.l1.client.readContract({
    ...registry(),
    functionName: 'isGateway',
    args: [createSigner(GATEWAY_KEY).address],
  });

beforeAll(async () => {
  network = await startTestNetwork();
  const owner = createSender(withAccount(network.l1, OWNER_KEY));
  const mizu = { address: network.deployment.addresses.token, abi: mizuTokenAbi };
  const args = [createSigner(GATEWAY_KEY).address, ROLE.gateway, MINIMUM];
  await owner.sendAndWait({ ...mizu, functionName: 'mint', args: [owner.address, MINIMUM] });
  await owner.sendAndWait({ ...mizu, functionName: 'approve', args: [stakeManager().address, MINIMUM] });
  await owner.sendAndWait({ ...stakeManager(), functionName: 'stake', args });
  const gateway = createSender(withAccount(network.l1, GATEWAY_KEY));
  await gateway.sendAndWait({ ...registry(), functionName: 'join', args: [] });
});

afterAll(async () => {
  await validator?.close();
  await network?.close();
});

/** `named`: the gateway that the message names; the signature is by `key`. */
function results(key: Hex, nonce: bigint, items: readonly InferenceItem[], named = createSigner(key).address): Message {
  const signer = createSigner(key);
  const domain = createDomain(network.deployment.chainId, registry().address);
  const signature = signer.sign(hashInferenceBatch(domain, { gateway: named, nonce, items }));
  const certificate = { epoch: 1n, expiry: 0n, signers: 0n, signatures: [] };
  return { kind: 'InferenceResult', signature, gateway: named, nonce, items, certificate };
}

test('what is no double nonce costs nobody a stake; the second batch of a nonce does, whatever the kernel says to it', async () => {
  await start();
  const gateway = createSigner(GATEWAY_KEY).address;
  await network.postBatch([
    results(GATEWAY_KEY, 1n, [ITEM]),
    results(GATEWAY_KEY, 2n, [OTHER]),
    // The same once more, others in its name, and one without a stake that does it.
    results(GATEWAY_KEY, 1n, [ITEM]),
    results(STRANGER_KEY, 1n, [OTHER], gateway),
    results(STRANGER_KEY, 1n, [ITEM]),
    results(STRANGER_KEY, 1n, [OTHER]),
  ]);
  await until('execution', () => validator.node.execution.batches() === 1n);
  await validator.close();
  expect(await isGateway()).toBe(true);
  await start();
  await network.postBatch([results(GATEWAY_KEY, 1n, [OTHER])]);
  await until('the slash', async () => !(await isGateway()));
  const reward = { ...stakeManager(), functionName: 'rewardOf', args: [VALIDATOR.address] } as const;
  expect(await network.l1.client.readContract(reward)).toBe(MINIMUM / 2n);
});
