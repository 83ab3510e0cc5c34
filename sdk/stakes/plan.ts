// docs/staking.md#cost: what a command would send, what that costs at most, and sending it.
import { type Abi, type Log, parseEventLogs } from 'viem';
import { MizuError } from '../../protocol/errors.ts';
import { delegationPoolAbi, inferenceCourtAbi, mizuTokenAbi, stakeManagerAbi } from '../../protocol/generated/abi.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import type { ContractCall } from '../../service/l1/call.ts';
import { capFees } from '../../service/l1/fees.ts';
import type { L1Account } from '../../service/l1/l1.ts';
import { createSender } from '../../service/l1/send.ts';
import { toTransaction } from '../../service/l1/submit.ts';
import { formatMizu } from '../client/money.ts';
import type { Stakes } from './connect.ts';
import { poolRead } from './pools.ts';
import { managerRead, type Read, readTogether } from './read.ts';

/** A transaction that is not priced yet. */
export type StakeCall = {
  /** What it does, for texts: `approve`, `stake`. */
  readonly what: string;
  readonly call: ContractCall;
  /** Gas that it takes at most. Of a call that only works after the one before it, whose cost nobody can estimate. */
  readonly gasAtMost?: bigint;
};

export type StakePlan = {
  readonly calls: readonly StakeCall[];
  /** At most, of all calls. */
  readonly gas: bigint;
  /** At most, in wei of ether, at the fees that the node names now. */
  readonly costWei: bigint;
};

/** A transaction that is mined. */
export type SentCall = {
  readonly what: string;
  readonly transaction: Hex;
  readonly gasUsed: bigint;
  /** What the contract of stakes, the pool or the court says that it did. */
  readonly events: readonly { readonly name: string; readonly args: Readonly<Record<string, unknown>> }[];
};

/** Gas of calls behind others, of which nobody can estimate it: 1.5 times the most that they have taken. */
export const GAS_AT_MOST = { stake: 400_000n, delegate: 450_000n, claimReward: 100_000n } as const;
/** Two checkpoints of weights, of the account and of the role, are new in a later second than the estimate's. */
const CHECKPOINTS_GAS = 50_000n;

export function managerCall(
  stakes: Pick<Stakes, 'manager'>,
  functionName: string,
  args: readonly unknown[],
): ContractCall {
  return toCall(managerRead(stakes, functionName, args));
}

export function poolCall(pool: Address, functionName: string, args: readonly unknown[] = []): ContractCall {
  return toCall(poolRead(pool, functionName, args));
}

function toCall({ args = [], ...read }: Read): ContractCall {
  return { ...read, args, extraGas: CHECKPOINTS_GAS };
}

/** Nothing, if exactly the amount is approved already: the command was stopped after its approval. */
export async function approval(
  { token, l1 }: Stakes,
  owner: Address,
  spender: Address,
  amountWei: bigint,
): Promise<StakeCall[]> {
  const read = { address: token, abi: mizuTokenAbi as Abi };
  const allowed = (await l1.client.readContract({
    address: token,
    abi: mizuTokenAbi,
    functionName: 'allowance',
    args: [owner, spender],
  })) as bigint;
  if (allowed === amountWei) return [];
  return [{ what: 'approve', call: { ...read, functionName: 'approve', args: [spender, amountWei] } }];
}

/** @throws MizuError `sdk/no-tokens` */
export async function assertTokens(stakes: Stakes, owner: Address, amountWei: bigint): Promise<void> {
  const read = { address: stakes.token, abi: mizuTokenAbi as Abi, functionName: 'balanceOf', args: [owner] };
  const [held] = (await readTogether(stakes, [read])) as [bigint];
  if (held >= amountWei) return;
  throw new MizuError({
    code: 'sdk/no-tokens',
    message: `${owner} has too few tokens on the L1.`,
    expected: formatMizu(amountWei),
    actual: formatMizu(held),
    hint: 'Get tokens, or take a smaller amount. What lies on the network has to be withdrawn to L1 first.',
  });
}

/** @throws MizuError `l1/reverted`, `l1/fee-too-high` */
export async function priceCalls(payer: L1Account, calls: readonly StakeCall[]): Promise<StakePlan> {
  let gas = 0n;
  for (const { call, gasAtMost } of calls) gas += gasAtMost ?? (await toTransaction(payer, call)).gas;
  const { maxFeePerGas } = capFees(await payer.client.estimateFeesPerGas(), 0, payer.feeCaps);
  return { calls, gas, costWei: gas * maxFeePerGas };
}

/** One after another: each works only after the one before it. */
export async function sendPlan(
  payer: L1Account,
  plan: StakePlan,
  onSent: (sent: SentCall) => void,
): Promise<SentCall[]> {
  const sender = createSender(payer);
  const all: SentCall[] = [];
  for (const { what, call } of plan.calls) {
    const sent = await sender.sendAndWait(call);
    // None of the calls says when it would be done already.
    if (sent.kind !== 'mined') throw new Error(`${what} was not sent`);
    const { transactionHash, gasUsed, logs } = sent.receipt;
    const done = { what, transaction: transactionHash, gasUsed, events: eventsOf(call.address, logs) };
    all.push(done);
    onSent(done);
  }
  return all;
}

function eventsOf(address: Address, all: readonly Log[]): SentCall['events'] {
  const logs = all.filter((log) => log.address.toLowerCase() === address.toLowerCase());
  const abi = [...stakeManagerAbi, ...delegationPoolAbi, ...inferenceCourtAbi] as Abi;
  return parseEventLogs({ abi, logs: logs as Log[] }).map(({ eventName, args }) => ({
    name: eventName as string,
    args: args as unknown as Readonly<Record<string, unknown>>,
  }));
}
