// docs/contracts.md#double-nonce: two batches with one nonce cost the gateway its stake, on a network, whoever shows them.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { proveDoubleNonce, type SignedBatchRoot } from '../../dispute/double-nonce.ts';
import { gatewayRegistryAbi, mizuTokenAbi, stakeManagerAbi } from '../../protocol/generated/abi.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import { hashInferenceItems, type InferenceItem } from '../../protocol/inference.ts';
import { ROLE } from '../../protocol/roles.ts';
import { createDomain } from '../../protocol/typed-data.ts';
import { withAccount } from '../../service/l1/l1.ts';
import { createSender } from '../../service/l1/send.ts';
import { keyOf, startTestNetwork, type TestNetwork, USER } from '../../test/network/network.fixture.ts';
import { createSigner, hashInferenceBatch } from '../signing.ts';

const MINIMUM = 1_000n * 10n ** 18n;
const HASH: Hex = `0x${'22'.repeat(32)}`;
const HASH_OF_ANOTHER: Hex = `0x${'33'.repeat(32)}`;
const ITEM: InferenceItem = {
  ...{ run: HASH, stage: 1, partition: 0, attempt: 0, requestRoot: HASH, model: HASH },
  ...{ resultRoot: HASH, resultLength: 5, inputTokens: 1n, outputTokens: 1n },
};
const [OWNER_KEY, GATEWAY_KEY, USER_KEY] = [keyOf(0), keyOf(10), keyOf(3)];
const signer = createSigner(GATEWAY_KEY);

let network: TestNetwork;
const by = (key: Hex) => createSender(withAccount(network.l1, key));
const read = (functionName: 'activeOf' | 'lockedOf') =>
  network.l1.client.readContract({
    address: network.deployment.addresses.stakeManager,
    abi: stakeManagerAbi,
    functionName,
    args: [signer.address, ROLE.gateway],
  });
const isGateway = () =>
  network.l1.client.readContract({ ...registry(), functionName: 'isGateway', args: [signer.address] });
const registry = () => ({ address: network.deployment.addresses.gatewayRegistry, abi: gatewayRegistryAbi }) as const;

beforeAll(async () => {
  network = await startTestNetwork();
  const { token, stakeManager } = network.deployment.addresses;
  const [owner, mizu] = [by(OWNER_KEY), { address: token, abi: mizuTokenAbi }];
  await owner.sendAndWait({ ...mizu, functionName: 'mint', args: [owner.address, MINIMUM] });
  await owner.sendAndWait({ ...mizu, functionName: 'approve', args: [stakeManager, MINIMUM] });
  const args = [signer.address, ROLE.gateway, MINIMUM];
  await owner.sendAndWait({ address: stakeManager, abi: stakeManagerAbi, functionName: 'stake', args });
  await by(GATEWAY_KEY).sendAndWait({ ...registry(), functionName: 'join', args: [] });
});

afterAll(async () => {
  await network?.close();
});

function sign(nonce: bigint, items: readonly InferenceItem[], gateway: Address = signer.address): SignedBatchRoot {
  const domain = createDomain(network.deployment.chainId, registry().address);
  const signature = signer.sign(hashInferenceBatch(domain, { gateway, nonce, items }));
  return { gateway, nonce, itemsRoot: hashInferenceItems(items), signature };
}

test('two batches with one nonce and other items: slashed once, out at once, half to who has shown them', async () => {
  const first = sign(7n, [ITEM]);
  const others = [{ ...ITEM, resultRoot: HASH_OF_ANOTHER }];
  const second = sign(7n, others);
  const user = by(USER_KEY);
  const prove = (one: SignedBatchRoot, other: SignedBatchRoot) => {
    const { isDone: _, ...call } = proveDoubleNonce(network.l1, registry().address, one, other);
    return user.sendAndWait(call);
  };
  await expect(prove(first, sign(7n, [ITEM]))).rejects.toMatchObject({
    actual: expect.stringContaining('ItemsAreEqual'),
  });
  await expect(prove(first, sign(8n, others))).rejects.toMatchObject({
    actual: expect.stringContaining('WrongSigner'),
  });
  expect(await Promise.all([read('activeOf'), read('lockedOf'), isGateway()])).toEqual([MINIMUM, MINIMUM, true]);

  expect((await prove(first, second)).kind).toBe('mined');
  expect(await Promise.all([read('activeOf'), isGateway()])).toEqual([0n, false]);
  const reward = await network.l1.client.readContract({
    address: network.deployment.addresses.stakeManager,
    abi: stakeManagerAbi,
    functionName: 'rewardOf',
    args: [USER.address],
  });
  expect(reward).toBe(MINIMUM / 2n);
  await expect(prove(second, first)).rejects.toMatchObject({ actual: expect.stringContaining('NonceSettled') });
});
