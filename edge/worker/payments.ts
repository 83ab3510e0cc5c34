// docs/edge.md#exposure: the worker keeps what its gateway has signed, settles it, and stops when too much is owed.
import { messageGas, settleGas } from '../../kernel/fees.ts';
import { MizuError } from '../../protocol/errors.ts';
import { type Address, type Hex, isSameAddress } from '../../protocol/hex.ts';
import { encodeMessage, type WorkerAccount } from '../../protocol/messages.ts';
import type { Logger } from '../../service/process/log.ts';
import type { WorkerConfig } from '../config.ts';
import type { WorkerAccountFrame } from '../frames.ts';
import { WHOLE_BASIS_POINTS } from '../gateway/split.ts';
import type { SignedFor } from '../signing.ts';
import { createExposure } from './exposure.ts';
import type { KeptAccount } from './kept-account.ts';
import type { WorkerNetwork } from './network.ts';
import { wait } from './wait.ts';

export type SettleConfig = NonNullable<WorkerConfig['settle']>;

export type WorkerPayments = {
  /** The highest account that this gateway has signed, to be shown to it. */
  account(signedFor: SignedFor): Promise<WorkerAccountFrame | undefined>;
  /** The gateway has taken the worker in. */
  connected(signedFor: SignedFor, shareBasisPoints: number): void;
  /** The gateway has sent an account. */
  received(frame: WorkerAccountFrame): Promise<void>;
  /** The gateway has accepted answers of so many tokens. */
  answered(model: string, tokens: { readonly input: number; readonly output: number }): void;
  /** False while more is owed than the worker allows. */
  takesWork(): boolean;
  close(): Promise<void>;
};

export type PaymentsOptions = {
  readonly worker: Address;
  readonly kept: KeptAccount;
  /** Undefined: accounts are kept, and nothing is settled or bounded. */
  readonly settle: SettleConfig | undefined;
  readonly network: WorkerNetwork | undefined;
  readonly log: Logger;
  readonly now: () => number;
  /** `takesWork` may be another than before. */
  readonly onChange: () => void;
};

type Prices = Awaited<ReturnType<WorkerNetwork['prices']>>;

const PRICES_MS = 600_000;
const TURN_MS = 2_000;
/**
 * Of what a message brings, its fee is at most one part of so many. The sequencer tells the price of gas, and a false
 * one would take the worker's money.
 */
const FEE_PART = 10n;
const SIGNATURE: Hex = `0x${'00'.repeat(65)}`;
const ACCOUNT: Address = `0x${'00'.repeat(20)}`;
const SIGNED = { signature: SIGNATURE, sender: ACCOUNT, nonce: 0n, gasPrice: 0n };
const WITHDRAW_GAS = messageGas(encodeMessage({ kind: 'Withdraw', ...SIGNED, recipient: ACCOUNT, amount: 0n }).length);
const UNPAID = { gateway: ACCOUNT, worker: ACCOUNT, total: 0n, accountSignature: SIGNATURE };
const SETTLE_GAS = settleGas(encodeMessage({ kind: 'Settle', ...SIGNED, ...UNPAID }).length);

export function createPayments(options: PaymentsOptions): WorkerPayments {
  const { worker, kept, network, settle, log, now } = options;
  const exposure = createExposure(now);
  const prices = new Map<string, { readonly value: Prices; readonly at: number }>();
  const stop = new AbortController();
  let signedFor: SignedFor | undefined;
  let total = 0n;
  let settled = 0n;
  let isOtherNetwork = false;
  let givesLess = false;
  /** Models that the network does not pay for. */
  const unpaid = new Set<string>();
  let wasTaking = true;
  let checkedFor: SignedFor | undefined;
  /** What was paid has been read once. */
  let wasRead = false;
  /** The account may have more than when it was last looked at. */
  let mayWithdraw = true;

  const takesWork = (): boolean => {
    if (settle === undefined) return true;
    const signed = total > settled ? total - settled : 0n;
    return !isOtherNetwork && !givesLess && unpaid.size === 0 && signed + exposure.unsigned() <= settle.maxOwedWei;
  };

  const tell = () => {
    const takes = takesWork();
    if (takes === wasTaking) return;
    wasTaking = takes;
    const owed = { signedWei: String(total - settled), unsignedWei: String(exposure.unsigned()) };
    if (takes) log.info(owed, 'the gateway has paid; rows are taken again');
    else log.warn(owed, 'the gateway owes too much; no more rows are taken');
    options.onChange();
  };

  // Returns whether anything was paid.
  const settleDue = async (own: SettleConfig, net: WorkerNetwork, account: WorkerAccount): Promise<boolean> => {
    settled = await net.settled(account.gateway, worker);
    tell();
    const due = account.total - settled;
    if (due < own.settleWei || due <= 0n) return false;
    const { minGasPrice } = await net.chain();
    if (SETTLE_GAS * minGasPrice > due / FEE_PART) return false;
    const { amountWei } = await net.send({ kind: 'Settle', ...account }, minGasPrice, stop.signal);
    settled += amountWei;
    log.info({ amountWei: String(amountWei), gateway: account.gateway }, 'what the gateway owed is settled');
    tell();
    return true;
  };

  const withdrawDue = async ({ withdraw }: SettleConfig, net: WorkerNetwork): Promise<void> => {
    if (withdraw === undefined) return;
    const { minGasPrice } = await net.chain();
    const fee = WITHDRAW_GAS * minGasPrice;
    const amount = (await net.balance(worker)) - fee;
    if (amount < withdraw.wei || amount <= 0n || fee > amount / FEE_PART) return;
    await net.send({ kind: 'Withdraw', recipient: withdraw.to, amount }, minGasPrice, stop.signal);
    log.info({ amountWei: String(amount), recipient: withdraw.to }, 'withdrawn: L1 pays it when it is confirmed');
  };

  const checkNetwork = async (net: WorkerNetwork, { domain, gateway }: SignedFor): Promise<void> => {
    const { chainId, contracts } = await net.chain();
    isOtherNetwork = chainId !== domain.chainId || !isSameAddress(contracts.gatewayRegistry, domain.verifyingContract);
    if (isOtherNetwork)
      log.error({ gateway, domain, contracts }, 'the gateway is of another network than the sequencer');
    tell();
  };

  // Nothing is asked while nothing is due.
  const turn = async (own: SettleConfig, net: WorkerNetwork): Promise<void> => {
    const current = signedFor;
    if (current === undefined) return;
    // Answers may have been written off.
    tell();
    if (current !== checkedFor) await checkNetwork(net, current);
    checkedFor = current;
    if (isOtherNetwork) return;
    for (const model of unpaid) if ((await pricesOf(net, model)) !== undefined) unpaid.delete(model);
    const account = await kept.of(current);
    if (account !== undefined && (!wasRead || account.total - settled >= own.settleWei)) {
      if (await settleDue(own, net, account)) mayWithdraw = true;
      wasRead = true;
    }
    if (mayWithdraw) await withdrawDue(own, net);
    mayWithdraw = false;
  };

  const run = async (own: SettleConfig, net: WorkerNetwork): Promise<void> => {
    while (!stop.signal.aborted) {
      await turn(own, net).catch((error: unknown) => {
        if (stop.signal.aborted) return;
        if (!(error instanceof MizuError)) throw error;
        log.warn({ err: error }, 'what the gateway owes cannot be settled yet');
      });
      await wait(TURN_MS, stop.signal);
    }
  };
  const running = settle === undefined || network === undefined ? undefined : run(settle, network);

  const pricesOf = async (net: WorkerNetwork, model: string): Promise<Prices> => {
    const known = prices.get(model);
    if (known !== undefined && now() - known.at < PRICES_MS) return known.value;
    const value = await net.prices(model);
    prices.set(model, { value, at: now() });
    return value;
  };

  return {
    account: async (signer) => {
      const account = await kept.of(signer);
      total = account?.total ?? 0n;
      return account === undefined ? undefined : { total: String(account.total), signature: account.accountSignature };
    },
    connected: (signer, shareBasisPoints) => {
      signedFor = signer;
      givesLess = settle !== undefined && !(shareBasisPoints >= settle.shareBasisPoints);
      if (givesLess)
        log.error({ shareBasisPoints, expected: settle?.shareBasisPoints }, 'the gateway gives its workers too little');
      tell();
    },
    received: async (frame) => {
      if (signedFor === undefined) return;
      const before = (await kept.of(signedFor))?.total ?? 0n;
      if (!(await kept.take(signedFor, frame))) {
        log.error({ total: frame.total }, 'the gateway sends an account that it has not signed');
        return;
      }
      total = (await kept.of(signedFor))?.total ?? 0n;
      exposure.signed(total - before);
      tell();
    },
    answered: (model, { input, output }) => {
      if (network === undefined || settle === undefined) return;
      pricesOf(network, model).then(
        (found) => {
          if (found === undefined) {
            unpaid.add(model);
            log.error({ model }, 'the network has no such model: nobody pays for its rows');
            return tell();
          }
          const wei = BigInt(input) * found.inputPrice + BigInt(output) * found.outputPrice;
          exposure.answered((wei * BigInt(settle.shareBasisPoints)) / BigInt(WHOLE_BASIS_POINTS));
          tell();
        },
        (err: unknown) => log.warn({ err, model }, 'what a model costs cannot be read'),
      );
    },
    takesWork,
    close: async () => {
      stop.abort();
      await running;
    },
  };
}
