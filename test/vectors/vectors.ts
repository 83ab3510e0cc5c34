// docs/contracts.md#generated: values of protocol/ in JSON, against which the forge tests hold the Solidity encodings.

import { hashAssertion, toContractCertificate } from '../../contracts/claim.ts';
import { commitmentOf, drawSamples } from '../../dispute/samples.ts';
import { bytesToHex, concatBytes, type Hex } from '../../protocol/hex.ts';
import { encodeMessage } from '../../protocol/messages.ts';
import { encodeStateLeaf, type StateLeaf } from '../../protocol/state.ts';
import { hashLeaf, objectRef, objectRoot, treeProof } from '../../protocol/tree.ts';
import {
  accountProof,
  COMMITTEE_MEMBERS,
  createState,
  feesProof,
  makeCertificate,
  type RunFields,
  runProof,
  USER,
  withdrawalProof,
} from '../network/contracts.fixture.ts';
import { createOpVectors } from './op-vectors.ts';
import { createStepVectors } from './step-vectors.ts';

const FOLDER = 'contracts/test/vectors';
const OBJECT_LENGTHS = [0, 1, 127, 128, 129, 256, 300, 640, 1_000, 4_095, 4_096];
const COMMITTEE = '0x000000000000000000000000000000000000c0de';
const CHAIN_ID = 31_337;

export async function generateVectors(): Promise<{ path: string; content: string }[]> {
  const files = {
    tree: treeVectors(),
    messages: messageVectors(),
    certificate: await certificateVectors(),
    state: await stateVectors(),
    escape: await escapeVectors(),
    samples: sampleVectors(),
    ops: createOpVectors(),
    steps: createStepVectors(),
  };
  return Object.entries(files).map(([name, value]) => ({
    path: `${FOLDER}/${name}.json`,
    content: `${JSON.stringify(value, (_, item) => (typeof item === 'bigint' ? item.toString() : item), 1)}\n`,
  }));
}

function treeVectors() {
  const objects = OBJECT_LENGTHS.map(pattern);
  const leaves = Array.from({ length: 7 }, (_, step) => stateLeaf(step));
  const steps = concatBytes(leaves.map(encodeStateLeaf));
  const post = leaves[6] as StateLeaf;
  const parent = objectRoot(pattern(1));
  return {
    objects: objects.map(bytesToHex),
    roots: objects.map(objectRoot),
    steps: {
      root: objectRoot(steps),
      firstLeaf: hashLeaf(encodeStateLeaf(stateLeaf(0))),
      firstPath: treeProof(steps, 0),
      lastPath: treeProof(steps, 6),
      post: { ...post, hash: hashLeaf(encodeStateLeaf(post)) },
      parent,
      assertion: hashAssertion(parent, steps, 3),
    },
  };
}

function messageVectors() {
  const members = COMMITTEE_MEMBERS.map(({ address }) => address);
  const messages = {
    deposit: encodeMessage({ kind: 'Deposit', account: USER.address, amount: 5n * 10n ** 18n }),
    joined: encodeMessage({ kind: 'GatewayChanged', gateway: USER.address, active: true }),
    retired: encodeMessage({ kind: 'GatewayChanged', gateway: USER.address, active: false }),
    model: encodeMessage({
      kind: 'ModelChanged',
      model: objectRoot(pattern(2)),
      active: true,
      class: 1,
      inputPrice: 3n,
      outputPrice: 2n ** 200n,
      gateways: members.slice(0, 2),
    }),
    committee: encodeMessage({ kind: 'CommitteeChanged', epoch: 1n, threshold: 3, members }),
    gasPrice: encodeMessage({ kind: 'GasPriceChanged', price: 2n * 10n ** 9n }),
  };
  const hex = Object.fromEntries(Object.entries(messages).map(([name, bytes]) => [name, bytesToHex(bytes)]));
  return { account: USER.address, modelId: objectRoot(pattern(2)), members, ...hex };
}

async function certificateVectors() {
  const objects = [100, 1_000, 5_000].map((length) => objectRef(pattern(length)));
  const request = { objects, epoch: 1n, expiry: 1_810_000_000n, chainId: CHAIN_ID, committee: COMMITTEE } as const;
  const certificate = await makeCertificate({ ...request, signers: [0, 2, 3] });
  return {
    chainId: CHAIN_ID,
    committee: COMMITTEE,
    members: COMMITTEE_MEMBERS.map(({ address }) => address),
    roots: objects.map(({ root }) => root),
    lengths: objects.map(({ length }) => length),
    certificate: toContractCertificate(certificate),
  };
}

async function stateVectors() {
  const withdrawals = [0n, 1n, 300n].map((index) => ({
    index,
    recipient: USER.address,
    amountWei: (index + 1n) * 10n ** 17n,
  }));
  const before = await createState({ feesWei: 0n, withdrawals: [], fillers: 0 });
  const after = await createState({ feesWei: 123_456_789n, withdrawals, fillers: 500 });
  return {
    before: { root: root(before), fees: 0, proof: await feesProof(before) },
    after: { root: root(after), fees: 123_456_789, proof: await feesProof(after) },
    recipient: USER.address,
    indexes: withdrawals.map(({ index }) => index),
    amounts: withdrawals.map(({ amountWei }) => amountWei),
    proofs: await Promise.all(withdrawals.map(({ index }) => withdrawalProof(after, index))),
  };
}

/** Draws of assertions of 1 to 65,536 steps. */
function sampleVectors() {
  const drawn = Array.from({ length: 32 }, (_, i) => {
    const assertion = objectRoot(pattern(i));
    const attester = objectRoot(pattern(1_000 + i)).slice(0, 42) as Hex;
    const stepCount = Math.min(2 ** (i % 18), 65_536) - (i % 3 === 1 && i % 18 > 0 ? 1 : 0);
    const machines = [objectRoot(pattern(2 * i)), objectRoot(pattern(2 * i + 1))] as const;
    const samples = drawSamples(assertion, attester, stepCount);
    return {
      assertion,
      attester,
      stepCount,
      machines,
      samples,
      commitment: commitmentOf(assertion, attester, machines),
    };
  });
  return {
    assertions: drawn.map(({ assertion }) => assertion),
    attesters: drawn.map(({ attester }) => attester),
    stepCounts: drawn.map(({ stepCount }) => stepCount),
    // Both of each attestation, one after another.
    steps: drawn.flatMap(({ samples }) => samples.map(({ step }) => step)),
    positions: drawn.flatMap(({ samples }) => samples.map(({ position }) => Number(position))),
    machines: drawn.flatMap(({ machines }) => machines),
    commitments: drawn.map(({ commitment }) => commitment),
  };
}

/** A state that three accounts leave: one with a balance, one with three runs of which one is done and one has void items, one with nothing. */
async function escapeVectors() {
  const accounts = COMMITTEE_MEMBERS.slice(0, 3).map(({ address }, i) => ({
    account: address,
    nonce: 300n * BigInt(i),
    balanceWei: [123n * 10n ** 16n, 1n, 0n][i] as bigint,
  }));
  const runs = [1n, 2n, 1n].map((status, i): RunFields => {
    const owner = COMMITTEE_MEMBERS[1]?.address as Hex;
    return {
      ...{ id: objectRoot(pattern(10 + i)), workflow: objectRoot(pattern(20)), owner, status },
      ...{ escrow: 5n * 10n ** 18n, spent: 2n * 10n ** 18n + 7n, timestamp: 1_800_000_000n, deadline: 1_800_009_999n },
      ...{
        partitions: 3n,
        taskGasLimit: 10n ** 9n,
        tasksLeft: status === 1n ? 2n : 0n,
        inputsHash: objectRoot(pattern(30)),
      },
      ...{ expiry: 1_810_000_000n, maxItemCost: 0n, maxInferenceCost: 10n ** 18n, inferenceSpent: 10n ** 17n },
      ...{ sinkTasks: 0n, gasPrice: 10n ** 9n + BigInt(i) },
      ...{ gateways: status === 1n ? COMMITTEE_MEMBERS.slice(2).map(({ address }) => address) : [] },
      voided: i === 2 ? [3n, 1_800_000_500n] : [],
    };
  });
  const withdrawals = [{ index: 0n, recipient: USER.address, amountWei: 10n ** 17n }];
  const state = await createState({ feesWei: 2n * 10n ** 18n, withdrawals, accounts, runs, fillers: 100 });
  return {
    root: root(state),
    fees: { total: 2n * 10n ** 18n, proof: await feesProof(state) },
    withdrawal: { recipient: USER.address, amount: 10n ** 17n, proof: await withdrawalProof(state, 0n) },
    accounts: await Promise.all(
      accounts.map(async ({ account, nonce, balanceWei }) => {
        return { account, nonce, balance: balanceWei, proof: await accountProof(state, account) };
      }),
    ),
    runs: await Promise.all(runs.map(async (run) => ({ ...run, proof: await runProof(state, run.id) }))),
  };
}

function root(trie: { root(): Uint8Array }): Hex {
  return bytesToHex(trie.root());
}

function stateLeaf(step: number): StateLeaf {
  const filled = (byte: number): Hex => bytesToHex(new Uint8Array(32).fill(byte));
  return {
    stateRoot: filled(16 + step),
    receiptHash: filled(64 + step),
    batch: 2n,
    message: 0n,
    step: BigInt(40 + step),
  };
}

/** Bytes that differ from leaf to leaf, without zeros. */
function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => 1 + ((i * 7 + (i >> 7)) % 255));
}
