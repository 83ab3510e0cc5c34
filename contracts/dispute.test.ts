// docs/disputes.md#game: a whole game on a real chain, with the encoders that both sides use and the real verifier.
import { readFileSync } from 'node:fs';
import {
  createPublicClient,
  createTestClient,
  encodeFunctionData,
  type HDAccount,
  type Hex,
  http,
  keccak256,
  numberToHex,
  type PublicClient,
  parseEventLogs,
} from 'viem';
import { foundry } from 'viem/chains';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Anvil, startAnvil } from '../devnet/anvil.ts';
import { encodeClaimedStep, encodePosted, encodeSegment, proveMessage } from '../dispute/calls.ts';
import { createL1Trial, type L1Trial } from '../dispute/l1-trial.ts';
import { encodeBatch } from '../protocol/batch.ts';
import { disputeAbi, inboxAbi, mizuTokenAbi, rollupAbi, stakeManagerAbi } from '../protocol/generated/abi.ts';
import { ASSERTION_STATUS } from '../protocol/generated/enums.ts';
import { bytesToHex, concatBytes, hexToBytes, ZERO_HASH } from '../protocol/hex.ts';
import { encodeContext, encodeExecInputs, encodeStateLeaf, type StateLeaf } from '../protocol/state.ts';
import { toStepInAssertion } from '../protocol/step-numbers.ts';
import { hashObject, keccakHex, type ObjectRef, objectRef } from '../protocol/tree.ts';
import {
  COMMITTEE_MEMBERS,
  certifyNow,
  createSend,
  EXECUTOR,
  HOLDERS,
  OTHERS,
  powerWallets,
  SEQUENCER,
  type Send,
} from '../test/network/contracts.fixture.ts';
import { createClaim, hashAssertion, toContractCertificate } from './claim.ts';
import { DEVNET_CONFIG } from './config.ts';
import { type ContractAddresses, deployContracts } from './deploy.ts';
import { setUpNetwork } from './network.ts';

const MIZU = 10n ** 18n;
const STAKE = 10_000n * MIZU;
const STATE: Hex = keccak256('0x11');
const CHALLENGER = OTHERS[5] as HDAccount;
const BODY = objectRef(new TextEncoder().encode('body'));
/** Step of the second sequenced message, behind the CommitteeChanged of the set-up. */
const STEP = 2;
const SEGMENT = 18;
/** Two leaves of memory and two of slots: dearer than most. */
const PROOF = 'load64 over two leaves';
/** Every slot is written for the first time; what a later game takes is in snapshots/dispute.json. */
const MAX_GAS = 1_200_000n;
const CODE_COUNT = 1_000;
const CODE_TREE = keccak256('0xc0de');
const HEADER = concatBytes([
  hexToBytes(numberToHex(1, { size: 8 })),
  hexToBytes(hashObject(CODE_TREE, 16 * CODE_COUNT)),
  hexToBytes(keccak256('0x01')),
  hexToBytes(keccak256('0x02')),
  hexToBytes(keccak256('0x03')),
  ...[3, 1_024, 7, 9].map((field) => hexToBytes(numberToHex(field, { size: 4 }))),
]);
const KERNEL = keccakHex(concatBytes([Uint8Array.of(3), HEADER]));

const vectors = JSON.parse(readFileSync(new URL('test/vectors/steps.json', import.meta.url), 'utf8')) as {
  names: string[];
  proofs: Hex[];
  befores: Hex[];
};

let anvil: Anvil;
let send: Send;
let client: PublicClient;
let trial: L1Trial;
let at: ContractAddresses;
let batch: Uint8Array;
let steps: Uint8Array;
let assertion: Hex;

beforeAll(async () => {
  anvil = await startAnvil();
  client = createPublicClient({ chain: foundry, transport: http(anvil.url), pollingInterval: 20 }) as PublicClient;
  trial = createL1Trial({ client, chainId: foundry.id });
  send = tryFirst(createSend(client, anvil.url));
  const wallets = powerWallets(anvil.url);
  const deployed = await deployContracts({
    publicClient: client,
    walletClient: wallets.token,
    config: { ...DEVNET_CONFIG, windowSeconds: 10 },
    holders: HOLDERS,
    genesis: () => ({ kernelProgramId: KERNEL, stateRoot: STATE }),
  });
  at = deployed.addresses;
  await setUpNetwork({
    publicClient: client,
    wallets,
    addresses: at,
    setup: {
      grants: [{ account: CHALLENGER.address, amountWei: 100n * MIZU }],
      stakes: [
        { account: SEQUENCER.address, role: 'sequencer', amountWei: STAKE },
        { account: EXECUTOR.address, role: 'executor', amountWei: STAKE },
        ...COMMITTEE_MEMBERS.map(({ address }) => ({ account: address, role: 'daMember' as const, amountWei: STAKE })),
      ],
      committee: { members: COMMITTEE_MEMBERS.map(({ address }) => address), threshold: 3 },
      models: [],
    },
  });
  await send(SEQUENCER, at.inbox, inboxAbi, 'join', []);
  await send(CHALLENGER, at.token, mizuTokenAbi, 'approve', [at.dispute, 50n * MIZU]);
  batch = encodeBatch([Uint8Array.of(1, 2, 3), new Uint8Array(300).fill(7)]);
  const { root, length } = objectRef(batch);
  const { timestamp } = await client.getBlock();
  const certificate = toContractCertificate(await certify([{ root, length }]));
  await send(SEQUENCER, at.inbox, inboxAbi, 'postBatch', [0n, root, length, 2, timestamp, 1n, certificate]);
  await assertRange();
});

afterAll(() => anvil.close());

test('eight lists and one instruction reject a false step', async () => {
  const lists = Array.from({ length: 8 }, (_, round) => hashes(round));
  const chosen = vectors.names.indexOf(PROOF);
  (lists[7] as Hex[])[SEGMENT - 1] = vectors.befores[chosen] as Hex;
  const gas: Record<string, bigint> = {};
  const opening = {
    step: encodeClaimedStep(assertion, steps, toStepInAssertion(STEP)),
    kernel: { header: bytesToHex(HEADER), codeTreeRoot: CODE_TREE, codeCount: CODE_COUNT },
    message: proveMessage(batch, 1, 2),
    list: lists[0],
  };
  const opened = await send(CHALLENGER, at.dispute, disputeAbi, 'open', [opening]);
  gas.open = opened.gasUsed;
  const [event] = parseEventLogs({ abi: disputeAbi, logs: opened.logs, eventName: 'GameOpened' });
  if (event === undefined) throw new Error('no GameOpened');
  expect(event.args).toMatchObject({ assertion, index: BigInt(STEP), list: lists[0], start: await startHash() });
  const { game } = event.args;
  const key = { assertion, index: BigInt(STEP), challenger: CHALLENGER.address };
  let { start, message } = event.args;
  for (let round = 1; round < 8; round++) {
    const list = lists[round - 1] as Hex[];
    const [answered, segment] = [encodePosted({ lists: round, list, start, message }), segmentOf(list)];
    const player = round % 2 === 1 ? EXECUTOR : CHALLENGER;
    const moved = await send(player, at.dispute, disputeAbi, 'move', [key, answered, segment, lists[round]]);
    gas[`move ${round}`] = moved.gasUsed;
    const [log] = parseEventLogs({ abi: disputeAbi, logs: moved.logs, eventName: 'Moved' });
    expect(log?.args).toMatchObject({
      game,
      lists: round + 1,
      start: segment.start,
      end: segment.end,
      list: lists[round],
    });
    [start, message] = [segment.start, ZERO_HASH];
  }
  const answered = encodePosted({ lists: 8, list: lists[7] as Hex[], start, message });
  const last = [key, answered, segmentOf(lists[7] as Hex[]), vectors.proofs[chosen]];
  // A later second than the stakes': the slash writes new checkpoints.
  await createTestClient({ chain: foundry, mode: 'anvil', transport: http(anvil.url) }).increaseTime({ seconds: 2 });
  gas.prove = (await send(CHALLENGER, at.dispute, disputeAbi, 'prove', last)).gasUsed;
  const status = await client.readContract({
    address: at.rollup,
    abi: rollupAbi,
    functionName: 'statusOf',
    args: [assertion],
  });
  expect(status).toBe(ASSERTION_STATUS.rejected);

  const before = await balance(CHALLENGER);
  await send(CHALLENGER, at.dispute, disputeAbi, 'withdraw', []);
  expect((await balance(CHALLENGER)) - before).toBe(DEVNET_CONFIG.challengeBondWei);
  await send(CHALLENGER, at.stakeManager, stakeManagerAbi, 'claimReward', []);
  expect(await balance(CHALLENGER)).toBeGreaterThan(100n * MIZU);
  const total = Object.values(gas).reduce((sum, used) => sum + used, 0n);
  console.info('gas', gas, 'whole game', total);
  expect(Object.keys(gas)).toHaveLength(9);
  expect(total).toBeLessThan(MAX_GAS);
});

test('a trial says what the contract would say', async () => {
  const key = { assertion, index: BigInt(STEP), challenger: SEQUENCER.address };
  const data = encodeFunctionData({ abi: disputeAbi, functionName: 'timeout', args: [key] });
  const call = { name: 'timeout', from: SEQUENCER.address, to: at.dispute, data, errors: disputeAbi };
  const id = await client.readContract({ address: at.dispute, abi: disputeAbi, functionName: 'gameIdOf', args: [key] });
  const outcome = await trial(call);
  expect(outcome.kind === 'revert' && outcome.error.actual).toBe(`GameStatusMismatch(${id}, 1, 0)`);
});

/** Each transaction is tried on L1's state before it is sent: it costs what the trial has said, to the gas. */
function tryFirst(sendNow: Send): Send {
  return async (account, address, abi, functionName, args) => {
    const data = encodeFunctionData({ abi, functionName, args });
    const outcome = await trial({ name: functionName, from: account.address, to: address, data, errors: abi });
    const receipt = await sendNow(account, address, abi, functionName, args);
    expect(outcome).toMatchObject({ kind: 'success', gas: { transaction: receipt.gasUsed } });
    return receipt;
  };
}

function segmentOf(list: Hex[]) {
  return encodeSegment(list, { index: SEGMENT, start: list[SEGMENT - 1] as Hex, end: list[SEGMENT] as Hex });
}

function hashes(salt: number): Hex[] {
  return Array.from({ length: 32 }, (_, i) => keccakHex(Uint8Array.of(salt, i)));
}

/** Start machine of the step, from the protocol's own encodings. */
async function startHash(): Promise<Hex> {
  const posted = await client.readContract({ address: at.inbox, abi: inboxAbi, functionName: 'batch', args: [0n] });
  const context = encodeContext({
    timestamp: posted.timestamp,
    origin: 'sequencer',
    batch: 0n,
    message: 2n,
    batchCount: 3n,
  });
  const state = steps.subarray(STEP * 128, STEP * 128 + 128);
  const message = new Uint8Array(300).fill(7);
  const inputs = encodeExecInputs([new Uint8Array(), state, context, message].map(objectRef));
  const roots = [keccak256('0x03'), objectRef(inputs).root, ZERO_HASH, KERNEL].map(hexToBytes);
  const gasLimit = hexToBytes(numberToHex(1n << 39n, { size: 8 }));
  const numbers = [new Uint8Array(8), gasLimit, Uint8Array.of(0, 0, 0, 4, 0, 0, 0, 0)];
  const contextHash = keccakHex(concatBytes([Uint8Array.of(10), ...roots, ...numbers]));
  const u32 = (value: number) => hexToBytes(numberToHex(value, { size: 4 }));
  const first = [Uint8Array.of(8, 1, 0, 0, 0), u32(7), u32(9), gasLimit, u32(3), u32(1_024), u32(CODE_COUNT)];
  const empty = keccakHex(new Uint8Array(129));
  const words = [CODE_TREE, keccak256('0x02'), keccak256('0x01'), empty, ZERO_HASH, contextHash, ZERO_HASH].map(
    hexToBytes,
  );
  return keccakHex(concatBytes([...first, ...words]));
}

async function assertRange(): Promise<void> {
  const leaf = (message: bigint, step: bigint): StateLeaf => ({
    stateRoot: keccak256(numberToHex(step, { size: 32 })),
    receiptHash: keccak256('0x03'),
    batch: 0n,
    message,
    step,
  });
  const post = { ...leaf(0n, 3n), batch: 1n };
  const genesis = { stateRoot: STATE, receiptHash: ZERO_HASH, batch: 0n, message: 0n, step: 0n } as const;
  steps = concatBytes([genesis, leaf(1n, 1n), leaf(2n, 2n), post].map(encodeStateLeaf));
  const parent = await client.readContract({ address: at.rollup, abi: rollupAbi, functionName: 'genesis' });
  const claim = createClaim({
    parent,
    steps,
    post,
    objects: [BODY],
    certificate: await certify([objectRef(steps), BODY]),
  });
  await send(EXECUTOR, at.rollup, rollupAbi, 'createAssertion', [claim]);
  assertion = hashAssertion(parent, steps);
}

function balance({ address }: HDAccount): Promise<bigint> {
  return client.readContract({ address: at.token, abi: mizuTokenAbi, functionName: 'balanceOf', args: [address] });
}

const certify = (objects: readonly ObjectRef[]) => certifyNow(client, at.daCommittee, objects);
