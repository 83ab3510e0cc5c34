// docs/rpc.md#errors: a message against the state and what is queued before it: nonce, balance, gateway, deadline.
import { deployGas, messageGas, renewGas, runGas, settleGas } from '../../kernel/fees.ts';
import { MESSAGE_BASE_GAS } from '../../protocol/constants.ts';
import { decodeDefinition } from '../../protocol/definition.ts';
import { MizuError } from '../../protocol/errors.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import { decodeInputs, decodeObjects, type Message, type UserMessage } from '../../protocol/messages.ts';
import { isAnyTaken } from '../index/offers.ts';
import { promisedTo, type StateReader } from '../index/state.ts';
import type { Tables } from '../index/tables.ts';
import { type MessageCosts, type Pending, type PendingMessages, takenBy } from './pending.ts';
import { assertPlausible } from './plausible.ts';
import { dueOf, settledFor } from './settling.ts';
import { nowSeconds } from './signatures.ts';

export type StateChecks = {
  /**
   * What a message of `length` bytes costs: its fee is 0 if no user pays it. A Run of an unknown workflow, which is
   * refused, has no stages.
   */
  costsOf(message: Message, length: number): Promise<MessageCosts>;
  /** The result is what `costsOf` gives. @throws MizuError with code `message/…` */
  check(message: Message, length: number): Promise<MessageCosts>;
};

export type StateChecksParts = {
  readonly tables: Tables;
  readonly pending: PendingMessages;
  readonly state: () => StateReader;
};

export function createStateChecks(parts: StateChecksParts): StateChecks {
  const { tables, pending } = parts;

  const stagesOf = async (workflow: Hex): Promise<number | undefined> => {
    return pending.stagesOf(workflow) ?? (await tables.workflows.get(workflow))?.stages.length;
  };

  // Nobody signs a price for the messages of gateways and for an Expire: their runs pay, the dearest one counts.
  const runPriceOf = async (message: Message): Promise<bigint> => {
    const named = message.kind === 'InferenceResult' ? message.items.map(({ run }) => run) : [];
    const runs = message.kind === 'Expire' ? [message.run] : [...new Set(named)];
    let most = 0n;
    for (const run of runs) {
      const price = (await parts.state().run(run))?.gasPrice ?? 0n;
      if (price > most) most = price;
    }
    return most;
  };

  const costsOf = async (message: Message, length: number): Promise<MessageCosts> => {
    if (!('sender' in message)) return { feeWei: 0n, dueWei: 0n, gasPrice: await runPriceOf(message) };
    const { gasPrice } = message;
    const renewed = message.kind === 'Renew' ? await parts.state().run(message.run) : undefined;
    const workflow = message.kind === 'Run' ? message.workflow : renewed?.workflow;
    const stages = workflow === undefined ? 0 : ((await stagesOf(workflow)) ?? 0);
    const dueWei = message.kind === 'Settle' ? await dueOf(message, parts.state()) : 0n;
    return { feeWei: gasOf(message, length, stages) * gasPrice, dueWei, gasPrice };
  };

  const check = async (message: Message, length: number): Promise<MessageCosts> => {
    // State and queue are of the same moment: a step may be executed while the state is read.
    const state = parts.state();
    const waiting = [...pending.all()];
    const queuedOf = (account: Address) => waiting.filter((other) => other.account === account.toLowerCase());
    switch (message.kind) {
      case 'Deploy':
      case 'Run':
      case 'Cancel':
      case 'Withdraw':
      case 'Renew':
      case 'Settle': {
        const bound = pending.boundOf(message.sender);
        const costs = await costsOf(message, length);
        await assertGasPrice(message.gasPrice, state);
        const account = await state.account(message.sender);
        assertNonce(message.nonce, account.nonce, queuedOf(message.sender).length);
        const settled = message.kind === 'Settle' ? await settledFor(message, pending, state) : 0n;
        assertBalance(costs.feeWei + takenBy(message), account.balance + settled, bound);
        await assertPlausible(message, costs.feeWei, async (id) => (await stagesOf(id)) !== undefined);
        if (message.kind === 'Run') await assertKept(message.workflow, waiting, state);
        return costs;
      }
      case 'InferenceResult': {
        const gateway = await state.gateway(message.gateway);
        if (gateway?.active !== true) throw inactiveGateway(message.gateway);
        const last = queuedOf(message.gateway)
          .map(({ nonce }) => nonce)
          .concat(gateway.nonce)
          .sort(compare)
          .at(-1) as bigint;
        if (message.nonce <= last) throw usedNonce(`above ${last}`, message.nonce);
        // For items that are not taken the gateway's account pays, as far as it has anything.
        const { minGasPrice } = await state.config();
        const due = MESSAGE_BASE_GAS * BigInt(message.items.length) * minGasPrice;
        if ((await state.account(message.gateway)).balance < due && !(await isAnyTaken(state, message)))
          throw noItemFits(due);
        return costsOf(message, length);
      }
      case 'Expire': {
        const run = await state.run(message.run);
        if (run === undefined || run.status !== 1)
          throw notExpirable('a running run', run === undefined ? 'no such run' : 'it has ended');
        const now = nowSeconds();
        if (run.deadline >= now && (await promisedTo(state, tables, message.run)) >= now)
          throw notExpirable(`a deadline before ${now}`, String(run.deadline));
        return costsOf(message, length);
      }
      default:
        throw wrongKind(message.kind);
    }
  };

  // A queued Deploy message of the workflow renews its promise, so it is not refused then.
  const assertKept = async (workflow: Hex, waiting: readonly Pending[], state: StateReader): Promise<void> => {
    const expiry = (await tables.workflows.get(workflow))?.expiry;
    if (expiry === undefined || waiting.some(({ deploys }) => deploys?.workflow === workflow)) return;
    const needed = nowSeconds() + (await state.config()).retention;
    if (BigInt(expiry) < needed) throw workflowExpired(workflow, needed, expiry);
  };

  return { costsOf, check };
}

async function assertGasPrice(gasPrice: bigint, state: StateReader): Promise<void> {
  const { minGasPrice } = await state.config();
  if (gasPrice < minGasPrice) throw new MizuError(gasPriceTooLow(gasPrice, minGasPrice));
}

/** For a message that offers less than the least price, when it comes or while it waits. */
export function gasPriceTooLow(actual: bigint, least: bigint) {
  return {
    code: 'message/gas-price-too-low',
    message: 'The message offers less for gas than the network takes.',
    expected: `a gasPrice of at least ${least} wei, the network's minimum`,
    actual: `${actual} wei`,
    hint: 'Sign it again with a higher gasPrice (mizu_chain tells minGasPrice). Nothing was charged.',
  } as const;
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function gasOf(message: UserMessage, length: number, stages: number): bigint {
  switch (message.kind) {
    case 'Deploy':
      return deployGas(length, decodeDefinition(message.definition).definition);
    case 'Run':
      return runGas(length, decodeInputs(message.inputs).inputs, stages);
    case 'Renew':
      return renewGas(length, decodeObjects(message.objects).inputs, stages);
    case 'Settle':
      return settleGas(length);
    default:
      return messageGas(length);
  }
}

function assertNonce(nonce: bigint, used: bigint, queued: number): void {
  const expected = used + BigInt(queued);
  if (nonce === expected) return;
  if (nonce < expected) throw usedNonce(String(expected), nonce);
  throw new MizuError({
    code: 'message/nonce-gap',
    message: 'Messages before this one are missing.',
    expected: `nonce ${expected}`,
    actual: `nonce ${nonce}`,
    hint: 'Send the messages of one account in the order of their nonces.',
  });
}

function usedNonce(expected: string, nonce: bigint): MizuError {
  return new MizuError({
    code: 'message/nonce-used',
    message: 'The nonce has been used.',
    expected: `nonce ${expected}`,
    actual: `nonce ${nonce}`,
    hint: 'Sign again with the expected nonce (mizu_getAccount counts queued messages in nextNonce).',
  });
}

function assertBalance(cost: bigint, balance: bigint, bound: bigint): void {
  if (cost + bound <= balance) return;
  throw new MizuError({
    code: 'message/balance-too-low',
    message: 'The account cannot pay for this message.',
    expected: `a free balance of ${cost} wei, which includes the fee`,
    actual: `${balance} wei${bound === 0n ? '' : `, of which ${bound} are bound by queued messages`}`,
    hint: 'Deposit on L1 first; the balance appears when the deposit is confirmed.',
  });
}

function inactiveGateway(gateway: Address): MizuError {
  return new MizuError({
    code: 'message/gateway-inactive',
    message: 'The gateway is not registered.',
    expected: 'an active gateway of the registry on L1',
    actual: gateway,
    hint: 'Stake and join on L1; the sequencer takes the change in with one of its next batches.',
  });
}

function noItemFits(dueWei: bigint): MizuError {
  return new MizuError({
    code: 'message/no-item-fits',
    message: 'None of the results would be taken, and the gateway could not pay for them.',
    expected: `an open task of a run that takes this gateway's results at their cost, or a balance of ${dueWei} wei`,
    actual: 'neither',
  });
}

function workflowExpired(workflow: Hex, needed: bigint, expiry: number): MizuError {
  return new MizuError({
    code: 'message/workflow-expired',
    message: `The programs of workflow ${workflow} are not promised for long enough.`,
    expected: `a promise until ${needed} or later`,
    actual: String(expiry),
    hint: 'Deploy it again, which renews it: npx mizu deploy WORKFLOW.ts',
  });
}

function notExpirable(expected: string, actual: string): MizuError {
  return new MizuError({ code: 'message/not-expirable', message: 'The run cannot be expired.', expected, actual });
}

function wrongKind(kind: string): MizuError {
  return new MizuError({
    code: 'message/kind-not-taken',
    message: `${kind} messages are not taken here.`,
    expected: 'Deploy, Run, Cancel, Withdraw, Renew, Settle, InferenceResult or Expire',
    actual: kind,
    hint: 'The sequencer makes Advance messages itself; the others come from L1.',
  });
}
