// docs/contracts.md: the life of a deposit, a batch, an assertion and a withdrawal on a real chain, and what each costs.
import type { MerklePatriciaTrie } from '@ethereumjs/mpt';
import { TypedDataEncoder } from 'ethers';
import {
  type Abi,
  createPublicClient,
  createTestClient,
  type Hex,
  http,
  keccak256,
  type PublicClient,
  type TestClient,
} from 'viem';
import { foundry } from 'viem/chains';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Anvil, startAnvil } from '../devnet/anvil.ts';
import {
  bridgeAbi,
  daCommitteeAbi,
  escapeAbi,
  gatewayRegistryAbi,
  inboxAbi,
  mizuTokenAbi,
  rollupAbi,
} from '../protocol/generated/abi.ts';
import { bytesToHex, concatBytes, ZERO_HASH } from '../protocol/hex.ts';
import { encodeMessage } from '../protocol/messages.ts';
import { encodeStateLeaf, type StateLeaf } from '../protocol/state.ts';
import { type ObjectRef, objectRef, objectRoot } from '../protocol/tree.ts';
import {
  COMMITTEE_MEMBERS,
  certifyNow,
  createSend,
  createState,
  EXECUTOR,
  feesProof,
  HOLDERS,
  OWNER,
  powerWallets,
  SEQUENCER,
  type Send,
  USER,
  withdrawalProof,
} from '../test/network/contracts.fixture.ts';
import { createClaim, hashAssertion, toContractCertificate } from './claim.ts';
import { DEVNET_CONFIG } from './config.ts';
import { type ContractAddresses, type Deployment, deployContracts } from './deploy.ts';
import { setUpNetwork } from './network.ts';

const MIZU = 10n ** 18n;
const STAKE = 10_000n * MIZU;
const RECEIPTS = objectRef(new TextEncoder().encode('{"kind":"Empty"}'));
const WITHDRAWAL = { index: 0n, recipient: USER.address, amountWei: 7n * MIZU };

let anvil: Anvil;
let send: Send;
let client: PublicClient;
let chain: TestClient;
let deployment: Deployment;
let at: ContractAddresses;
let before: MerklePatriciaTrie;
let after: MerklePatriciaTrie;

beforeAll(async () => {
  anvil = await startAnvil();
  client = createPublicClient({ chain: foundry, transport: http(anvil.url), pollingInterval: 20 }) as PublicClient;
  send = createSend(client, anvil.url);
  chain = createTestClient({ chain: foundry, mode: 'anvil', transport: http(anvil.url) });
  before = await createState({ feesWei: 0n, withdrawals: [], fillers: 0 });
  after = await createState({ feesWei: 10n * MIZU, withdrawals: [WITHDRAWAL], fillers: 2_000 });
  const wallets = powerWallets(anvil.url);
  deployment = await deployContracts({
    publicClient: client,
    walletClient: wallets.token,
    config: DEVNET_CONFIG,
    holders: HOLDERS,
    genesis: () => ({ kernelProgramId: keccak256('0x01'), stateRoot: bytesToHex(before.root()) }),
  });
  at = deployment.addresses;
  await setUpNetwork({
    publicClient: client,
    wallets,
    addresses: at,
    setup: {
      grants: [{ account: USER.address, amountWei: 100n * MIZU }],
      stakes: [
        { account: SEQUENCER.address, role: 'sequencer', amountWei: STAKE },
        { account: EXECUTOR.address, role: 'executor', amountWei: STAKE },
        ...COMMITTEE_MEMBERS.map(({ address }) => ({ account: address, role: 'daMember' as const, amountWei: STAKE })),
      ],
      committee: { members: COMMITTEE_MEMBERS.map(({ address }) => address), threshold: 3 },
      models: [
        {
          id: keccak256('0x02'),
          class: 0,
          inputPrice: 1n,
          outputPrice: 2n,
          manifest: RECEIPTS,
          gateways: [COMMITTEE_MEMBERS[0]!.address],
        },
      ],
    },
  });
  await send(SEQUENCER, at.inbox, inboxAbi, 'join', []);
});

afterAll(() => anvil.close());

test('every contract knows the others', async () => {
  const inbox = { address: at.inbox, abi: inboxAbi } as const;
  const rollup = { address: at.rollup, abi: rollupAbi } as const;
  const wayOut = { address: at.escape, abi: escapeAbi } as const;
  const addresses = await Promise.all([
    client.readContract({ ...inbox, functionName: 'bridge' }),
    client.readContract({ ...inbox, functionName: 'committee' }),
    client.readContract({ ...inbox, functionName: 'gatewayRegistry' }),
    client.readContract({ ...rollup, functionName: 'inbox' }),
    client.readContract({ ...rollup, functionName: 'stakes' }),
    client.readContract({ address: at.bridge, abi: bridgeAbi, functionName: 'rollup' }),
    client.readContract({ address: at.bridge, abi: bridgeAbi, functionName: 'escape' }),
    client.readContract({ ...wayOut, functionName: 'rollup' }),
    client.readContract({ ...wayOut, functionName: 'bridge' }),
  ]);
  expect(addresses.map((address) => address.toLowerCase())).toEqual([
    at.bridge,
    at.daCommittee,
    at.gatewayRegistry,
    at.inbox,
    at.stakeManager,
    at.rollup,
    at.escape,
    at.rollup,
    at.bridge,
  ]);
});

test('registry changes wait in the delayed queue, in the bytes of the protocol', async () => {
  const logs = await client.getContractEvents({
    address: at.inbox,
    abi: inboxAbi,
    eventName: 'MessageDelayed',
    fromBlock: 0n,
  });
  const expected = [
    encodeMessage({
      kind: 'CommitteeChanged',
      epoch: 1n,
      threshold: 3,
      members: COMMITTEE_MEMBERS.map(({ address }) => address),
    }),
    encodeMessage({
      kind: 'ModelChanged',
      model: keccak256('0x02'),
      active: true,
      class: 0,
      inputPrice: 1n,
      outputPrice: 2n,
      gateways: [COMMITTEE_MEMBERS[0]!.address],
    }),
  ];
  expect(logs.map(({ args }) => args.message)).toEqual(expected.map(bytesToHex));
  expect(logs.map(({ args }) => args.objectRoot)).toEqual(expected.map(objectRoot));
});

test('a deposit, a batch, an assertion, a withdrawal and the fees', async () => {
  await send(USER, at.token, mizuTokenAbi, 'approve', [at.inbox, 50n * MIZU]);
  const gas: Record<string, bigint> = {};
  gas.deposit = (await send(USER, at.inbox, inboxAbi, 'deposit', [USER.address, 50n * MIZU])).gasUsed;

  const batch = objectRef(new Uint8Array(5_000).fill(7));
  const post: StateLeaf = {
    stateRoot: bytesToHex(after.root()),
    receiptHash: keccak256('0x03'),
    batch: 1n,
    message: 0n,
    step: 7n,
  };
  const timestamp = (await client.getBlock()).timestamp;
  const certificate = toContractCertificate(await certify([batch]));
  const batchArgs = [0n, batch.root, batch.length, 4, timestamp, 3n, certificate];
  gas.postBatch = (await send(SEQUENCER, at.inbox, inboxAbi, 'postBatch', batchArgs)).gasUsed;
  // Sent again after a crash, it must not post a second batch.
  await expect(send(SEQUENCER, at.inbox, inboxAbi, 'postBatch', batchArgs)).rejects.toThrow('UnexpectedBatchIndex');

  await send(EXECUTOR, at.rollup, rollupAbi, 'join', []);
  const genesis = await client.readContract({ address: at.rollup, abi: rollupAbi, functionName: 'genesis' });
  const steps = stepList(post);
  const claim = createClaim({
    parent: genesis,
    steps,
    post,
    objects: [RECEIPTS],
    certificate: await certify([objectRef(steps), RECEIPTS]),
  });
  gas.createAssertion = (await send(EXECUTOR, at.rollup, rollupAbi, 'createAssertion', [claim])).gasUsed;
  const id = hashAssertion(genesis, steps);
  const created = await client.readContract({
    address: at.rollup,
    abi: rollupAbi,
    functionName: 'assertionOf',
    args: [id],
  });
  expect(created).toMatchObject({ parent: genesis, stepRoot: objectRoot(steps), batch: 1n, stateRoot: post.stateRoot });

  await expect(send(EXECUTOR, at.rollup, rollupAbi, 'confirm', [id])).rejects.toThrow('WindowOpen');
  await chain.increaseTime({ seconds: DEVNET_CONFIG.windowSeconds });
  await chain.mine({ blocks: 1 });
  gas.confirm = (await send(EXECUTOR, at.rollup, rollupAbi, 'confirm', [id])).gasUsed;

  const { index, recipient, amountWei } = WITHDRAWAL;
  const withdrawal = [id, index, recipient, amountWei, await withdrawalProof(after, index)];
  const balance = () =>
    client.readContract({ address: at.token, abi: mizuTokenAbi, functionName: 'balanceOf', args: [recipient] });
  const held = await balance();
  gas.withdraw = (await send(OWNER, at.bridge, bridgeAbi, 'withdraw', withdrawal)).gasUsed;
  expect((await balance()) - held).toBe(7n * MIZU);
  await expect(send(OWNER, at.bridge, bridgeAbi, 'withdraw', withdrawal)).rejects.toThrow('AlreadyWithdrawn');

  const fees = [id, 0n, await feesProof(before), 10n * MIZU, await feesProof(after)];
  gas.claimFees = (await send(OWNER, at.bridge, bridgeAbi, 'claimFees', fees)).gasUsed;
  gas.payEarnings = (await send(OWNER, at.bridge, bridgeAbi, 'payEarnings', [EXECUTOR.address])).gasUsed;
  const paid = await client.readContract({
    address: at.token,
    abi: mizuTokenAbi,
    functionName: 'balanceOf',
    args: [EXECUTOR.address],
  });
  expect(paid).toBe(8n * MIZU);
  console.info('gas', gas);
});

test('the domain separators are those of the protocol', async () => {
  const domain = (verifyingContract: Hex) =>
    TypedDataEncoder.hashDomain({ name: 'MIZU', version: '1', chainId: foundry.id, verifyingContract });
  for (const [address, abi] of [
    [at.inbox, inboxAbi],
    [at.daCommittee, daCommitteeAbi],
    [at.gatewayRegistry, gatewayRegistryAbi],
  ] as const) {
    const separator = await client.readContract({ address, abi: abi as Abi, functionName: 'domainSeparator' });
    expect(separator).toBe(domain(address));
  }
});

function stepList(post: StateLeaf): Uint8Array {
  const genesis = {
    stateRoot: bytesToHex(before.root()),
    receiptHash: ZERO_HASH,
    batch: 0n,
    message: 0n,
    step: 0n,
  } as const;
  const leaves = [encodeStateLeaf(genesis)];
  for (let i = 1n; i < post.step; i++) leaves.push(encodeStateLeaf({ ...post, batch: 0n, message: i, step: i }));
  return concatBytes([...leaves, encodeStateLeaf(post)]);
}

const certify = (objects: readonly ObjectRef[]) => certifyNow(client, at.daCommittee, objects);
