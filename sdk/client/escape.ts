// docs/sdk.md#escape: what an account leaves a network with that has ended, and the transactions.
import type { Abi } from 'viem';
import type { ContractAddresses } from '../../contracts/deploy.ts';
import { accountKey, countersKey, runKey, withdrawalKey } from '../../kernel/keys.ts';
import {
  accountRecord,
  type Codec,
  countersRecord,
  type RunRecord,
  runRecord,
  withdrawalRecord,
} from '../../kernel/records.ts';
import { deriveBatch } from '../../node/l1/derive.ts';
import type { AssertionRecord } from '../../node/l1/mirror.ts';
import type { NetworkNode } from '../../node/node.ts';
import { createStateProof, readRecord } from '../../node/proof.ts';
import { KIND, RUN_STATUS } from '../../protocol/constants.ts';
import { MizuError } from '../../protocol/errors.ts';
import { bridgeAbi, escapeAbi, rollupAbi } from '../../protocol/generated/abi.ts';
import { type Address, bytesToHex, type Hex, hexToBytes, isSameAddress } from '../../protocol/hex.ts';
import { hashRun, readMessage } from '../../protocol/messages.ts';
import type { ContractCall } from '../../service/l1/call.ts';
import type { L1 } from '../../service/l1/l1.ts';
import type { Sender } from '../../service/l1/send.ts';

/** When a network may be ended, as L1 has it. Unix seconds. */
export type EndStanding = {
  /** Of L1's head. */
  readonly now: bigint;
  readonly confirmedAt: bigint;
  /** Undefined: every batch is confirmed, so the time has not begun. */
  readonly endableFrom: bigint | undefined;
  /** Undefined: it goes on. */
  readonly endedAt: bigint | undefined;
};

/** What one call of the Escape pays, or of the Bridge. */
export type Holding = {
  readonly kind: 'account' | 'run' | 'deposit' | 'refund' | 'withdrawal';
  /** Of the account, the run, the message in the delayed queue, or the withdrawal. */
  readonly id: string;
  readonly amountWei: bigint;
  readonly hasLeft: boolean;
};

export type EscapeParts = {
  readonly node: NetworkNode;
  readonly contracts: ContractAddresses;
  readonly confirmed: AssertionRecord;
  readonly account: Address;
};

const NEVER = 2n ** 256n - 1n;

export async function readStanding({ client }: Pick<L1, 'client'>, contracts: ContractAddresses): Promise<EndStanding> {
  const rollup = { address: contracts.rollup, abi: rollupAbi } as const;
  const [{ timestamp: now }, confirmedAt, from, endedAt] = await Promise.all([
    client.getBlock(),
    client.readContract({ ...rollup, functionName: 'confirmedAt' }),
    client.readContract({ ...rollup, functionName: 'endableFrom' }),
    client.readContract({ ...rollup, functionName: 'endedAt' }),
  ]);
  const endableFrom = from === NEVER ? undefined : from;
  return { now, confirmedAt, endableFrom, endedAt: endedAt === 0n ? undefined : endedAt };
}

/**
 * All that the account could leave with: its balance, its running runs in the order of their start, late deposits and refunds of
 * voided items, withdrawals.
 */
export async function findHoldings(parts: EscapeParts): Promise<Holding[]> {
  const { client } = parts.node.l1;
  const wayOut = { address: parts.contracts.escape, abi: escapeAbi } as const;
  const holdings: Holding[] = [];
  const add = (kind: Holding['kind'], id: string, amountWei: bigint, hasLeft: boolean) => {
    if (amountWei > 0n) holdings.push({ kind, id, amountWei, hasLeft });
  };
  const { account } = parts;
  const accountLeft = await client.readContract({ ...wayOut, functionName: 'accountLeft', args: [account] });
  add('account', account, (await readAccount(parts))?.balance ?? 0n, accountLeft);
  for await (const { id, run } of runningRuns(parts)) {
    const hasLeft = await client.readContract({ ...wayOut, functionName: 'runLeft', args: [id] });
    add('run', id, run.escrow - run.spent, hasLeft);
  }
  for await (const { index, kind, amount } of lateMessages(parts)) {
    const hasLeft = await client.readContract({ ...wayOut, functionName: 'depositLeft', args: [index] });
    add(kind, String(index), amount, hasLeft);
  }
  for await (const { index, amount } of withdrawals(parts)) {
    const bridge = { address: parts.contracts.bridge, abi: bridgeAbi } as const;
    const hasLeft = await client.readContract({ ...bridge, functionName: 'isWithdrawn', args: [index] });
    add('withdrawal', String(index), amount, hasLeft);
  }
  return holdings;
}

/** Ends the network, unless it has ended. @throws MizuError `sdk/network-goes-on` */
export async function endNetwork(l1: Pick<L1, 'client'>, contracts: ContractAddresses, sender: Sender): Promise<void> {
  const standing = await readStanding(l1, contracts);
  if (standing.endedAt !== undefined) return;
  if (standing.endableFrom === undefined || standing.now < standing.endableFrom) throw goesOn(standing);
  await sender.sendAndWait({
    address: contracts.rollup,
    abi: rollupAbi as Abi,
    functionName: 'end',
    args: [],
    isDone: async () => (await readStanding(l1, contracts)).endedAt !== undefined,
  });
}

/** Has the Escape pay what has not left yet; the network must have ended. @throws MizuError `sdk/nothing-to-leave-with` */
export async function leave(
  parts: EscapeParts,
  sender: Sender,
  onLeft: (holding: Holding) => void,
): Promise<Holding[]> {
  const left: Holding[] = [];
  const holdings = await findHoldings(parts);
  for (const holding of holdings.filter(({ hasLeft }) => !hasLeft)) {
    await sender.sendAndWait(await callOf(parts, holding));
    left.push({ ...holding, hasLeft: true });
    onLeft(holding);
  }
  if (left.length === 0) throw nothing(parts.account, holdings.length);
  return left;
}

async function callOf(parts: EscapeParts, { kind, id, amountWei }: Holding): Promise<ContractCall> {
  const { client } = parts.node.l1;
  const wayOut = { address: parts.contracts.escape, abi: escapeAbi } as const;
  const call = { ...wayOut, abi: escapeAbi as Abi };
  const proofOf = async (key: Uint8Array): Promise<Hex[]> =>
    (await createStateProof(parts.node.nodes, parts.confirmed.post.stateRoot, key)).nodes.map(bytesToHex);
  if (kind === 'account') {
    const { account } = parts;
    const record = await readAccount(parts);
    const args = [account, record?.nonce, record?.balance, await proofOf(accountKey(account))];
    const isDone = () => client.readContract({ ...wayOut, functionName: 'accountLeft', args: [account] });
    return { ...call, functionName: 'leaveAccount', args, isDone };
  }
  if (kind === 'run') {
    const run = id as Hex;
    const args = [run, toRecord((await readRun(parts, run)) as RunRecord), await proofOf(runKey(run))];
    const isDone = () => client.readContract({ ...wayOut, functionName: 'runLeft', args: [run] });
    return { ...call, functionName: 'leaveRun', args, isDone };
  }
  const index = BigInt(id);
  if (kind === 'withdrawal') {
    const bridge = { address: parts.contracts.bridge, abi: bridgeAbi } as const;
    const args = [parts.confirmed.id, index, parts.account, amountWei, await proofOf(withdrawalKey(index))];
    const isDone = () => client.readContract({ ...bridge, functionName: 'isWithdrawn', args: [index] });
    return { ...bridge, abi: bridgeAbi as Abi, functionName: 'withdraw', args, isDone };
  }
  const isDone = () => client.readContract({ ...wayOut, functionName: 'depositLeft', args: [index] });
  if (kind === 'deposit')
    return { ...call, functionName: 'leaveDeposit', args: [index, parts.account, amountWei], isDone };
  const { voided, run } = (await readRefund(parts, index)) as Refund;
  const args = [
    ...[index, voided.message, amountWei, BigInt(run.status), toRecord(run)],
    await proofOf(runKey(voided.run)),
  ];
  return { ...call, functionName: 'leaveRefund', args, isDone };
}

/** A record of the confirmed state. */
async function read<T>({ node, confirmed }: EscapeParts, key: Uint8Array, codec: Codec<T>): Promise<T | undefined> {
  const value = await readRecord(node.nodes, confirmed.post.stateRoot, key);
  return value === undefined ? undefined : codec.decode(value);
}

const readAccount = (parts: EscapeParts) => read(parts, accountKey(parts.account), accountRecord);
const readRun = (parts: EscapeParts, run: Hex) => read(parts, runKey(run), runRecord);

/** A run's id follows from the message that started it: every message of the account is looked at. */
async function* runningRuns(parts: EscapeParts): AsyncIterable<{ id: Hex; run: RunRecord }> {
  const { node, confirmed, account } = parts;
  const seen = new Set<Hex>();
  for (let index = 0n; index < confirmed.post.batch; index++) {
    const batch = await node.mirror.batch(index);
    if (batch === undefined) throw new Error(`batch ${index} is not known`);
    for (const { message } of await deriveBatch(node.mirror, node.objects, batch)) {
      const started = message.bytes[0] === KIND.Run ? message.message : undefined;
      if (started?.kind !== 'Run' || !isSameAddress(started.sender, account)) continue;
      const id = hashRun(started.sender, started.nonce, started.workflow);
      const run = seen.has(id) ? undefined : await readRun(parts, id);
      seen.add(id);
      if (run?.status === RUN_STATUS.running) yield { id, run };
    }
  }
}

type LateMessage = { readonly index: bigint; readonly kind: 'deposit' | 'refund'; readonly amount: bigint };

async function* lateMessages(parts: EscapeParts): AsyncIterable<LateMessage> {
  const { node, confirmed } = parts;
  const last = confirmed.post.batch === 0n ? undefined : await node.mirror.batch(confirmed.post.batch - 1n);
  const { delayed } = await node.mirror.head();
  for (let index = last?.delayedUpTo ?? 0n; index < delayed; index++) {
    const deposit = await readDeposit(parts, index);
    if (deposit !== undefined) yield { index, kind: 'deposit', amount: deposit.amount };
    const refund = await readRefund(parts, index);
    if (refund !== undefined) yield { index, kind: 'refund', amount: refund.voided.refund };
  }
}

async function* withdrawals(parts: EscapeParts): AsyncIterable<{ index: bigint; amount: bigint }> {
  const count = (await read(parts, countersKey(), countersRecord))?.withdrawals ?? 0n;
  for (let index = 0n; index < count; index++) {
    const record = await read(parts, withdrawalKey(index), withdrawalRecord);
    if (record !== undefined && isSameAddress(record.recipient, parts.account)) yield { index, amount: record.amount };
  }
}

/** Undefined if the message is another, or the deposit another account's. */
async function readDeposit({ node, account }: EscapeParts, index: bigint): Promise<{ amount: bigint } | undefined> {
  const record = await node.mirror.delayed(index);
  const message = record === undefined ? undefined : readMessage(hexToBytes(record.message));
  return message?.kind === 'Deposit' && isSameAddress(message.account, account) ? message : undefined;
}

type Refund = { readonly voided: { message: Hex; run: Hex; refund: bigint }; readonly run: RunRecord };

/** Undefined if the message voids no item, or one of a run that is another's or that the state does not have. */
async function readRefund(parts: EscapeParts, index: bigint): Promise<Refund | undefined> {
  const bytes = hexToBytes((await parts.node.mirror.delayed(index))?.message ?? '0x');
  const message = readMessage(bytes);
  if (message?.kind !== 'ItemVoided') return undefined;
  const run = await readRun(parts, message.run);
  if (run === undefined || !isSameAddress(run.owner, parts.account)) return undefined;
  // The contract puts the kind before it and the refund behind it.
  return { voided: { message: bytesToHex(bytes.subarray(1, -32)), run: message.run, refund: message.refund }, run };
}

/** As the contract has it: without the status, and every number a bigint. */
function toRecord({ status: _status, voided, ...run }: RunRecord) {
  const [partitions, tasksLeft, sinkTasks] = [run.partitions, run.tasksLeft, run.sinkTasks].map(BigInt);
  return { ...run, partitions, tasksLeft, sinkTasks, voided: voided ? [BigInt(voided.items), voided.at] : [] };
}

function goesOn({ now, confirmedAt, endableFrom }: EndStanding): MizuError {
  const at = (seconds: bigint) => new Date(Number(seconds) * 1000).toISOString();
  return new MizuError({
    code: 'sdk/network-goes-on',
    message: 'The network goes on: nobody can leave yet.',
    expected: endableFrom === undefined ? 'a batch that is not confirmed' : `no confirmation until ${at(endableFrom)}`,
    actual: `the latest confirmation was at ${at(confirmedAt)}, and it is ${at(now)} on L1`,
    hint:
      endableFrom === undefined
        ? 'Every batch is confirmed. If nobody serves the network: Inbox.forceMessage, then Inbox.forceInclude, and the time begins.'
        : 'Withdraw as long as the network works; else come back then.',
    retryable: true,
  });
}

function nothing(account: Address, before: number): MizuError {
  return new MizuError({
    code: 'sdk/nothing-to-leave-with',
    message: 'There is nothing that the account could leave with.',
    expected: 'a balance, a running run, a late deposit or a withdrawal that was not paid yet',
    actual:
      before === 0 ? `none of ${account} in the last confirmed state` : `all ${before} of ${account} have left already`,
    hint: 'Fees of confirmed ranges are paid by Bridge.claimFees, which executors call.',
  });
}
