// docs/court.md: a case on a real chain, in the bytes of the protocol: an item is shown, voted on and voided.
import { type Abi, createPublicClient, http, keccak256, type PublicClient } from 'viem';
import { foundry } from 'viem/chains';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Anvil, startAnvil } from '../devnet/anvil.ts';
import { NO_MESSAGE_PROOF, proveMessage } from '../dispute/calls.ts';
import { type ItemPlace, showItem } from '../dispute/shown-item.ts';
import { encodeBatch } from '../protocol/batch.ts';
import {
  gatewayRegistryAbi,
  inboxAbi,
  inferenceCourtAbi,
  mizuTokenAbi,
  stakeManagerAbi,
} from '../protocol/generated/abi.ts';
import { CASE_PHASE, CASE_STATUS, VERDICT } from '../protocol/generated/enums.ts';
import { bytesToHex, type Hex, ZERO_HASH } from '../protocol/hex.ts';
import { encodeInferenceItem, hashInferenceItems, type InferenceItem } from '../protocol/inference.ts';
import { encodeMessage } from '../protocol/messages.ts';
import { ROLE, type Role } from '../protocol/roles.ts';
import { objectRef, objectRoot } from '../protocol/tree.ts';
import { createDomain, TYPES } from '../protocol/typed-data.ts';
import {
  ACCOUNTS,
  COMMITTEE_MEMBERS,
  certifyNow,
  createSend,
  HOLDERS,
  powerWallets,
  SEQUENCER,
  type Send,
  USER,
} from '../test/network/contracts.fixture.ts';
import { holdClock, type L1Clock } from '../test/network/l1-clock.fixture.ts';
import { toContractCertificate } from './claim.ts';
import { DEVNET_CONFIG } from './config.ts';
import { type ContractAddresses, deployContracts } from './deploy.ts';
import { setUpNetwork } from './network.ts';

const MIZU = 10n ** 18n;
const STAKE = 10_000n * MIZU;
const MODEL = keccak256('0x02');
const [GATEWAY, ...VOTERS] = ACCOUNTS.slice(8, 12) as typeof ACCOUNTS;
const { court: settings } = DEVNET_CONFIG;

let anvil: Anvil;
let clock: L1Clock;
let client: PublicClient;
let send: Send;
let at: ContractAddresses;

beforeAll(async () => {
  anvil = await startAnvil();
  clock = await holdClock(anvil.url);
  client = createPublicClient({ chain: foundry, transport: http(anvil.url), pollingInterval: 20 }) as PublicClient;
  send = createSend(client, anvil.url);
  const wallets = powerWallets(anvil.url);
  const genesis = () => ({ kernelProgramId: keccak256('0x01'), stateRoot: ZERO_HASH });
  const deployment = await deployContracts({
    publicClient: client,
    walletClient: wallets.token,
    config: DEVNET_CONFIG,
    holders: HOLDERS,
    genesis,
  });
  at = deployment.addresses;
  const staked = (role: 'validator' | 'daMember', accounts: typeof ACCOUNTS) =>
    accounts.map(({ address }) => ({ account: address, role, amountWei: STAKE }));
  await setUpNetwork({
    publicClient: client,
    wallets,
    addresses: at,
    setup: {
      grants: [{ account: USER.address, amountWei: 1_000n * MIZU }],
      stakes: [
        { account: SEQUENCER.address, role: 'sequencer', amountWei: STAKE },
        { account: GATEWAY!.address, role: 'gateway', amountWei: STAKE },
        ...staked('validator', VOTERS),
        ...staked('daMember', COMMITTEE_MEMBERS),
      ],
      committee: { members: COMMITTEE_MEMBERS.map(({ address }) => address), threshold: 3 },
      models: [
        {
          id: MODEL,
          class: 0,
          inputPrice: 10n ** 15n,
          outputPrice: 2n * 10n ** 15n,
          manifest: objectRef(new Uint8Array(7)),
          gateways: [GATEWAY!.address],
        },
      ],
    },
  });
  await send(SEQUENCER, at.inbox, inboxAbi as Abi, 'join', []);
  await send(GATEWAY!, at.gatewayRegistry, gatewayRegistryAbi as Abi, 'join', []);
  await send(USER, at.token, mizuTokenAbi as Abi, 'approve', [at.inferenceCourt, 1_000n * MIZU]);
  await clock.advance(2);
});

afterAll(() => anvil.close());

test('an item of a sequenced message is shown, found wrong by all, and voided', async () => {
  const message = await signedMessage(1n, [item(0), item(1), item(2)]);
  const other = new Uint8Array([0x12, ...new Uint8Array(32)]);
  const delayed = await client.readContract({ address: at.inbox, abi: inboxAbi, functionName: 'delayedCount' });
  const object = encodeBatch([other, message]);
  await post(object, 2, delayed);
  const place: ItemPlace = { batch: 0, message: Number(delayed) + 1, index: 2 };
  const shown = showItem(message, proveMessage(object, 1, 2), place);
  await send(USER, at.inferenceCourt, inferenceCourtAbi as Abi, 'open', [shown]);
  const opened = await read('caseOf', [1n]);
  expect(opened).toMatchObject({ gateway: GATEWAY!.address, challenger: USER.address, exact: true });
  expect(opened.itemHash).toBe(keccak256(bytesToHex(encodeInferenceItem(item(2)))));
  const { inputTokens, outputTokens, resultLength } = item(2);
  const cost = inputTokens * 10n ** 15n + outputTokens * 2n * 10n ** 15n + BigInt(resultLength) * settings.bytePriceWei;
  expect(opened.cost).toBe(cost);
  await vote(1n, VERDICT.wrong);
  await clock.advance(settings.appealSeconds + settings.vetoSeconds);
  await send(USER, at.inferenceCourt, inferenceCourtAbi as Abi, 'execute', [1n, shown.item]);
  expect(await read('caseOf', [1n])).toMatchObject({ status: CASE_STATUS.voided });
  const { run, stage, partition, attempt, resultRoot } = item(2);
  const voided = encodeMessage({ kind: 'ItemVoided', run, stage, partition, attempt, resultRoot, refund: cost });
  const [, , events] = await Promise.all([
    expect(tokensOf(at.bridge)).resolves.toBe(cost),
    expect(activeOf(GATEWAY!.address, 'gateway')).resolves.toBe(STAKE - settings.itemPenaltyWei),
    client.getContractEvents({ address: at.inbox, abi: inboxAbi, eventName: 'MessageDelayed', fromBlock: 0n }),
  ]);
  expect(events.at(-1)?.args).toMatchObject({ message: bytesToHex(voided), objectRoot: objectRoot(voided) });
});

test('an item of a forced message is shown, found right, and costs the bond', async () => {
  const message = await signedMessage(2n, [item(7)]);
  await send(USER, at.inbox, inboxAbi as Abi, 'forceMessage', [bytesToHex(message)]);
  const before = await client.readContract({ address: at.inbox, abi: inboxAbi, functionName: 'delayedIncluded' });
  const delayed = await client.readContract({ address: at.inbox, abi: inboxAbi, functionName: 'delayedCount' });
  await post(encodeBatch([new Uint8Array([0x12])]), 1, delayed);
  const place: ItemPlace = { batch: 1, message: Number(delayed - before) - 1, index: 0 };
  const shown = showItem(message, NO_MESSAGE_PROOF, place);
  const balance = await tokensOf(USER.address);
  await send(USER, at.inferenceCourt, inferenceCourtAbi as Abi, 'open', [shown]);
  await vote(2n, VERDICT.upheld);
  const [phase, round] = await read('phaseOf', [2n]);
  expect([phase, round]).toEqual([CASE_PHASE.appeal, 1n]);
  await clock.advance(settings.appealSeconds);
  await send(USER, at.inferenceCourt, inferenceCourtAbi as Abi, 'execute', [2n, shown.item]);
  expect(await read('caseOf', [2n])).toMatchObject({ status: CASE_STATUS.upheld });
  expect(await tokensOf(USER.address)).toBe(balance - settings.bondWei);
});

test('a voter that keeps silent, and one that has not come, pay whoever shows it', async () => {
  const [silent, absent] = VOTERS as [(typeof ACCOUNTS)[number], (typeof ACCOUNTS)[number]];
  const message = await signedMessage(4n, [item(8)]);
  const object = encodeBatch([message]);
  const delayed = await client.readContract({ address: at.inbox, abi: inboxAbi, functionName: 'delayedIncluded' });
  await post(object, 1, delayed);
  const shown = showItem(message, proveMessage(object, 0, 1), { batch: 2, message: 0, index: 0 });
  await send(USER, at.inferenceCourt, inferenceCourtAbi as Abi, 'open', [shown]);
  await send(silent, at.inferenceCourt, inferenceCourtAbi as Abi, 'commit', [3n, 1n, keccak256('0x01')]);
  await clock.advance(settings.commitSeconds + settings.revealSeconds);
  for (const [voter, basisPoints] of [
    [silent, settings.silentBasisPoints],
    [absent, settings.absentBasisPoints],
  ] as const) {
    const before = await activeOf(voter.address, 'validator');
    await send(USER, at.inferenceCourt, inferenceCourtAbi as Abi, 'punish', [3n, 1n, voter.address]);
    const penalty = (STAKE * BigInt(basisPoints)) / 10_000n;
    expect(await activeOf(voter.address, 'validator')).toBe(before - penalty);
  }
  expect((await read('phaseOf', [3n])).slice(0, 2)).toEqual([CASE_PHASE.commit, 2n]);
});

test('a message that is none, or has no such item, cannot be shown', async () => {
  const message = await signedMessage(3n, [item(1)]);
  const place: ItemPlace = { batch: 0, message: 0, index: 1 };
  expect(() => showItem(message, NO_MESSAGE_PROOF, place)).toThrow(/no such item/);
  const expire = encodeMessage({ kind: 'Expire', run: ZERO_HASH });
  expect(() => showItem(expire, NO_MESSAGE_PROOF, { ...place, index: 0 })).toThrow(/no such item/);
});

function item(partition: number): InferenceItem {
  return {
    run: keccak256('0x11'),
    stage: 1,
    partition,
    attempt: 0,
    requestRoot: keccak256('0x12'),
    resultRoot: keccak256('0x13'),
    resultLength: 1_000,
    model: MODEL,
    inputTokens: 2_000n,
    outputTokens: 500n,
  };
}

async function signedMessage(nonce: bigint, items: readonly InferenceItem[]): Promise<Uint8Array> {
  const gateway = GATEWAY!.address;
  const signature = await GATEWAY!.signTypedData({
    domain: createDomain(foundry.id, at.gatewayRegistry),
    types: { InferenceBatch: TYPES.InferenceBatch },
    primaryType: 'InferenceBatch',
    message: { gateway, nonce, itemsRoot: hashInferenceItems(items) },
  });
  const certificate = { epoch: 1n, expiry: 2n ** 40n, signers: 0n, signatures: [] };
  return encodeMessage({ kind: 'InferenceResult', signature, gateway, nonce, items, certificate });
}

async function post(object: Uint8Array, count: number, delayed: bigint): Promise<void> {
  const now = await clock.now();
  const index = await client.readContract({ address: at.inbox, abi: inboxAbi, functionName: 'batchCount' });
  const ref = objectRef(object);
  const certificate = toContractCertificate(await certifyNow(client, at.daCommittee, [ref]));
  await send(SEQUENCER, at.inbox, inboxAbi as Abi, 'postBatch', [
    index,
    ref.root,
    ref.length,
    count,
    now,
    delayed,
    certificate,
  ]);
  await clock.advance(2);
}

/** All voters say the same, in the first round; ends with its reveal. */
async function vote(id: bigint, verdict: number): Promise<void> {
  const saltOf = (address: Hex) => keccak256(address);
  for (const voter of VOTERS) {
    const args = [id, 1n, voter.address, verdict, ZERO_HASH, saltOf(voter.address)] as const;
    const commitment = await read('hashCommitment', args);
    await send(voter, at.inferenceCourt, inferenceCourtAbi as Abi, 'commit', [id, 1n, commitment]);
  }
  await clock.advance(settings.commitSeconds);
  for (const { address } of VOTERS) {
    const args = [id, 1n, address, verdict, ZERO_HASH, saltOf(address)];
    await send(USER, at.inferenceCourt, inferenceCourtAbi as Abi, 'reveal', args);
  }
  await clock.advance(settings.revealSeconds);
}

// biome-ignore lint/suspicious/noExplicitAny: the views of the court, by their names
function read(functionName: string, args: readonly unknown[]): Promise<any> {
  return client.readContract({ address: at.inferenceCourt, abi: inferenceCourtAbi as Abi, functionName, args });
}

function tokensOf(account: Hex): Promise<bigint> {
  return client.readContract({ address: at.token, abi: mizuTokenAbi, functionName: 'balanceOf', args: [account] });
}

function activeOf(account: Hex, role: Role): Promise<bigint> {
  const args = [account, ROLE[role]] as const;
  return client.readContract({ address: at.stakeManager, abi: stakeManagerAbi, functionName: 'activeOf', args });
}
