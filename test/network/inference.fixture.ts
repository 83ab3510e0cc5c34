// A gateway of a test network: it joins on L1, and its results are signed as it signs them; and what the court of L1 does to one.
import { createWalletClient, encodeFunctionData, http } from 'viem';
import type { LocalAccount } from 'viem/accounts';
import { foundry } from 'viem/chains';
import type { Certificate } from '../../protocol/certificate.ts';
import { gatewayRegistryAbi, inboxAbi, mizuTokenAbi, stakeManagerAbi } from '../../protocol/generated/abi.ts';
import { bytesToHex, type Hex } from '../../protocol/hex.ts';
import { hashInferenceItems, type InferenceItem } from '../../protocol/inference.ts';
import { encodeMessage, type L1Message, type Message, type WorkerAccount } from '../../protocol/messages.ts';
import { ROLE } from '../../protocol/roles.ts';
import { type ObjectRef, objectRef } from '../../protocol/tree.ts';
import { createDomain, TYPES } from '../../protocol/typed-data.ts';
import { createRpcClient } from '../../service/http/client.ts';
import { MODEL } from '../kernel/world.fixture.ts';
import { MODEL_OWNER } from './contracts.fixture.ts';
import { VALIDATOR as GATEWAY, OWNER, type TestNetwork } from './network.fixture.ts';

type ItemVoided = L1Message & { kind: 'ItemVoided' };

/** As `mizu_getInferenceTasks` lists it. */
export type ListedTask = {
  readonly run: Hex;
  readonly stage: number;
  readonly partition: number;
  readonly attempt: number;
  readonly requestRoot: Hex;
  readonly requestLength: number;
};

/** Of class A, with a manifest of no meaning, unless it says otherwise. */
export type RegisteredModel = {
  readonly inputPrice: bigint;
  readonly outputPrice: bigint;
  readonly class?: number;
  readonly manifest?: ObjectRef;
};

/** The gateway joins with a stake, and serves a model, at 1 and 2 wei a token that of the kernel's tests. */
export async function joinGateway(
  network: TestNetwork,
  id: Hex = MODEL,
  gateway: LocalAccount = GATEWAY,
  registered: RegisteredModel = { inputPrice: 1n, outputPrice: 2n },
): Promise<void> {
  const { token, stakeManager, gatewayRegistry } = network.deployment.addresses;
  const amount = 10_000n * 10n ** 18n;
  await writeAs(network, OWNER, token, mizuTokenAbi, 'mint', [OWNER.address, amount]);
  await writeAs(network, OWNER, token, mizuTokenAbi, 'approve', [stakeManager, amount]);
  await writeAs(network, OWNER, stakeManager, stakeManagerAbi, 'stake', [gateway.address, ROLE.gateway, amount]);
  await writeAs(network, gateway, gatewayRegistry, gatewayRegistryAbi, 'join', []);
  const { class: modelClass = 0, manifest = { root: id, length: 1 }, ...prices } = registered;
  const model = {
    active: true,
    class: modelClass,
    ...prices,
    manifest: { root: manifest.root, length: BigInt(manifest.length) },
    gateways: [gateway.address],
  };
  await writeAs(network, MODEL_OWNER, gatewayRegistry, gatewayRegistryAbi, 'setModel', [id, model]);
}

/** A result for each task, of 10 and 3 tokens unless `fields` says otherwise, on DA and signed by the gateway. */
export async function signResults(
  network: TestNetwork,
  open: readonly ListedTask[],
  results: readonly Uint8Array[],
  nonce: bigint,
  fields: Partial<InferenceItem> = {},
): Promise<Message> {
  const items = open.map((task, i): InferenceItem => {
    const { root: resultRoot, length: resultLength } = objectRef(results[i]!);
    const { run, stage, partition, attempt, requestRoot } = task;
    const names = { run, stage, partition, attempt, requestRoot };
    return { ...names, resultRoot, resultLength, model: MODEL, inputTokens: 10n, outputTokens: 3n, ...fields };
  });
  const { certificate } = await network.da.put(results, { expiry: BigInt(Math.floor(Date.now() / 1000) + 24 * 3600) });
  return signItems(network, items, nonce, certificate);
}

/** The message in which the gateway signs these items. */
export async function signItems(
  { deployment }: TestNetwork,
  items: readonly InferenceItem[],
  nonce: bigint,
  certificate: Certificate,
  gateway: LocalAccount = GATEWAY,
): Promise<Message> {
  const signature = await gateway.signTypedData({
    domain: createDomain(deployment.chainId, deployment.addresses.gatewayRegistry),
    types: TYPES,
    primaryType: 'InferenceBatch',
    message: { gateway: gateway.address, nonce, itemsRoot: hashInferenceItems(items) },
  });
  return { kind: 'InferenceResult', signature, gateway: gateway.address, nonce, items, certificate };
}

/** What the gateway signs for a worker of it, or another signer in its name. */
export async function signWorkerAccount(
  network: TestNetwork,
  worker: Hex,
  total: bigint,
  signer = GATEWAY,
): Promise<WorkerAccount> {
  const message = { gateway: GATEWAY.address, worker, total };
  const domain = createDomain(network.deployment.chainId, network.deployment.addresses.gatewayRegistry);
  const accountSignature = await signer.signTypedData({ domain, types: TYPES, primaryType: 'WorkerAccount', message });
  return { ...message, accountSignature };
}

/** Puts the message into the Inbox's queue, in the name of a contract that may, and its refund into the Bridge. */
export async function pushVoid(network: TestNetwork, message: ItemVoided): Promise<void> {
  const { token, bridge, inbox, gatewayRegistry } = network.deployment.addresses;
  await writeAs(network, OWNER, token, mizuTokenAbi, 'mint', [bridge, message.refund]);
  const hash = await queueVoid(network.anvil.url, { inbox, gatewayRegistry }, message);
  await network.l1.client.waitForTransactionReceipt({ hash, pollingInterval: 20 });
}

/** The transaction that puts the message into the queue of this L1, without a refund in the Bridge. */
export async function queueVoid(
  l1Url: string,
  { inbox, gatewayRegistry }: { readonly inbox: Hex; readonly gatewayRegistry: Hex },
  message: ItemVoided,
): Promise<Hex> {
  const rpc = createRpcClient(l1Url);
  await rpc('anvil_impersonateAccount', [gatewayRegistry]);
  await rpc('anvil_setBalance', [gatewayRegistry, '0xde0b6b3a7640000']);
  const args = [bytesToHex(encodeMessage(message))] as const;
  const data = encodeFunctionData({ abi: inboxAbi, functionName: 'pushRegistryMessage', args });
  return (await rpc('eth_sendTransaction', [{ from: gatewayRegistry, to: inbox, data }])) as Hex;
}

/** A transaction of this account to a contract of the network's L1, mined. */
export async function writeAs(
  network: TestNetwork,
  account: LocalAccount,
  address: Hex,
  abi: readonly unknown[],
  functionName: string,
  args: unknown[],
): Promise<void> {
  const wallet = createWalletClient({ account, chain: foundry, transport: http(network.anvil.url) });
  const hash = await wallet.writeContract({ address, abi, functionName, args } as never);
  await network.l1.client.waitForTransactionReceipt({ hash, pollingInterval: 20 });
}
