// docs/kernel.md#money, told once more: a ledger that is kept from messages and receipts alone, by the rules of the page.
import { itemGas, messageGas, runGas, taskGas } from '../../kernel/fees.ts';
import type { Receipt, ReceiptItem } from '../../kernel/receipt.ts';
import { MESSAGE_BASE_GAS, SIGNATURE_GAS } from '../../protocol/constants.ts';
import type { Stage } from '../../protocol/definition.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import { decodeInputs, type Message } from '../../protocol/messages.ts';
import type { ReceivedMessage } from '../../protocol/received.ts';

type RunBook = {
  readonly owner: Address;
  /** Wei that it pays for a gas. */
  readonly gasPrice: bigint;
  escrow: bigint;
  spent: bigint;
  isRunning: boolean;
  wasDone: boolean;
};

/** Who pays a message's fee, and at what price of gas, in wei. */
type Paying = { readonly sender: Address; readonly gasPrice: bigint };

export type Prices = {
  /** The least price of gas: what a gateway pays for items that are not taken. */
  readonly gasWei: bigint;
  readonly inputTokenWei: bigint;
  readonly outputTokenWei: bigint;
  /** Gas that the program of the exec stages costs to load. */
  readonly loadGas: bigint;
  /** By stage: bytes of the input of its tasks. */
  readonly inputBytes: readonly bigint[];
  /** Signatures of an InferenceResult: the gateway's and those of its certificate. */
  readonly signatures: number;
};

export type Books = ReturnType<typeof openBooks>;

/** Of workflows with these stages, of which each exec stage runs one program on one input. */
export function openBooks(stages: readonly Stage[], prices: Prices) {
  const balances = new Map<Address, bigint>();
  const runs = new Map<Hex, RunBook>();
  /** By gateway and worker. */
  const settled = new Map<string, bigint>();
  const withdrawals: { readonly recipient: Address; readonly amount: bigint }[] = [];
  const seen = new Map<string, number>();
  let fees = 0n;
  let paidIn = 0n;

  const lower = (address: Address) => address.toLowerCase() as Address;
  const balanceOf = (address: Address) => balances.get(lower(address)) ?? 0n;
  const add = (address: Address, amount: bigint) => void balances.set(lower(address), balanceOf(address) + amount);
  const count = (what: string) => void seen.set(what, (seen.get(what) ?? 0) + 1);

  /** What is taken from the escrow for gas: all of the rest, if the rest is less. */
  function spend(run: RunBook, gas: bigint): bigint {
    const taken = least(gas * run.gasPrice, run.escrow - run.spent);
    run.spent += taken;
    fees += taken;
    return taken;
  }

  function end(run: RunBook, status: string): void {
    run.isRunning = false;
    run.wasDone = status === 'done';
    add(run.owner, run.escrow - run.spent);
    count(`run ${status}`);
  }

  function takeFee({ sender, gasPrice }: Paying, gas: bigint): bigint {
    add(sender, -gas * gasPrice);
    fees += gas * gasPrice;
    return gas * gasPrice;
  }

  function settleItem(item: ReceiptItem, items: number): bigint {
    const run = runs.get(item.run)!;
    const tokens =
      BigInt(item.inputTokens!) * prices.inputTokenWei + BigInt(item.outputTokens!) * prices.outputTokenWei;
    const { sink } = stages[item.stage]!;
    const gas = itemGas({ sink, signatures: prices.signatures, items, resultLength: item.outputLength! });
    run.spent += tokens + gas * run.gasPrice;
    fees += gas * run.gasPrice;
    if (item.runStatus !== undefined) end(run, item.runStatus);
    return tokens;
  }

  /** The wei that the receipt has to name; undefined: none. */
  function book(message: Message, receipt: Receipt, length: number): bigint | undefined {
    switch (message.kind) {
      case 'Deposit':
        paidIn += message.amount;
        add(message.account, message.amount);
        return undefined;
      case 'Deploy':
        // Its objects are not looked at here: the receipt is believed.
        return takeFee(message, BigInt(receipt.feeWei!) / message.gasPrice);
      case 'Run': {
        const gas = runGas(length, decodeInputs(message.inputs).inputs, stages.length);
        // Whether the account has the escrow is asked after that has been paid.
        if (!receipt.ok) return takeFee(message, receipt.error!.includes('maxCost') ? gas : messageGas(length));
        const fee = takeFee(message, gas);
        add(message.sender, -message.maxCost);
        const book = {
          owner: message.sender,
          gasPrice: message.gasPrice,
          escrow: message.maxCost,
          spent: 0n,
          isRunning: true,
          wasDone: false,
        };
        runs.set(receipt.run!, book);
        return fee;
      }
      case 'Cancel': {
        const fee = takeFee(message, messageGas(length));
        if (receipt.ok) end(runs.get(message.run)!, 'cancelled');
        return fee;
      }
      case 'Withdraw': {
        const fee = takeFee(message, messageGas(length));
        if (!receipt.ok) return fee;
        add(message.sender, -message.amount);
        withdrawals.push({ recipient: message.recipient, amount: message.amount });
        return fee;
      }
      case 'Settle': {
        const names = `${lower(message.gateway)} ${lower(message.worker)}`;
        const due = message.total - (settled.get(names) ?? 0n);
        const amount = due > 0n ? least(due, balanceOf(message.gateway)) : 0n;
        if (receipt.ok) {
          settled.set(names, (settled.get(names) ?? 0n) + amount);
          add(message.gateway, -amount);
          add(message.worker, amount);
        }
        return takeFee(message, messageGas(length) + SIGNATURE_GAS);
      }
      case 'Advance': {
        const run = runs.get(message.run)!;
        const { sink, inputs } = stages[message.stage]!;
        const inputBytes = prices.inputBytes[message.stage]!;
        const before = taskGas({ loadGas: prices.loadGas, sink, inputs: inputs.length, inputBytes });
        const fee = spend(run, before + BigInt(receipt.gasUsed!));
        if (receipt.runStatus !== undefined) end(run, receipt.runStatus);
        return fee;
      }
      case 'InferenceResult': {
        const items = receipt.items!;
        const earned = items.filter(({ ok }) => ok).reduce((sum, item) => sum + settleItem(item, items.length), 0n);
        add(message.gateway, earned);
        const refused = BigInt(items.filter(({ ok }) => !ok).length);
        const due = least(refused * MESSAGE_BASE_GAS * prices.gasWei, balanceOf(message.gateway));
        add(message.gateway, -due);
        fees += due;
        if (refused > 0n) count('refused item');
        return earned;
      }
      case 'Expire': {
        const run = runs.get(message.run)!;
        const fee = spend(run, MESSAGE_BASE_GAS);
        end(run, 'expired');
        return fee;
      }
      case 'ItemVoided':
        return bookVoid(message.run, message.refund, receipt);
      default:
        return undefined;
    }
  }

  function bookVoid(id: Hex, refund: bigint, receipt: Receipt): bigint | undefined {
    paidIn += refund;
    const run = runs.get(id);
    count(run === undefined ? 'void of an unknown run' : receipt.attempt === undefined ? 'void of nothing' : 'void');
    if (run === undefined) {
      fees += refund;
      return refund;
    }
    if (receipt.attempt === undefined) {
      add(run.owner, refund);
      return undefined;
    }
    if (run.wasDone) {
      const taken = least(run.spent, run.escrow - run.spent, balanceOf(run.owner));
      add(run.owner, -taken);
      run.escrow = run.spent + taken;
    }
    run.escrow += refund;
    run.isRunning = true;
    run.wasDone = false;
    return undefined;
  }

  /** A refusal for nobody's money has no sender's fee: a signature, a nonce or a balance was wrong, or it was not due. */
  const isForNobody = (message: Message, receipt: Receipt) =>
    !receipt.ok && receipt.feeWei === undefined && (message.kind !== 'InferenceResult' || receipt.items === undefined);

  return {
    balances,
    runs,
    withdrawals,
    /** How often what has happened. */
    seen,
    fees: () => fees,
    paidIn: () => paidIn,
    balanceOf,
    /** What accounts, running runs, fees and withdrawals hold together. */
    total: () =>
      [...balances.values()].reduce((sum, balance) => sum + balance, fees) +
      [...runs.values()].reduce((sum, { isRunning, escrow, spent }) => sum + (isRunning ? escrow - spent : 0n), 0n) +
      withdrawals.reduce((sum, { amount }) => sum + amount, 0n),
    /** @returns the wei that the receipt must name by the rules, and those that it names */
    note(
      { message, bytes }: ReceivedMessage,
      receipt: Receipt,
    ): { due: string | undefined; named: string | undefined } {
      const named = receipt.feeWei;
      if (message === undefined) return { due: undefined, named };
      if (!receipt.ok) count(`${message.kind} refused`);
      if (isForNobody(message, receipt)) return { due: undefined, named };
      const due = book(message, receipt, bytes.length);
      return { due: due === undefined ? undefined : String(due), named };
    },
  };
}

function least(first: bigint, ...more: bigint[]): bigint {
  let low = first;
  for (const next of more) if (next < low) low = next;
  return low;
}
