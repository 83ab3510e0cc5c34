// docs/rpc.md: which messages the sequencer takes, checked against the soft state and what is queued before them.
import { deployGas, messageGas, renewGas, runGas } from '../../kernel/fees.ts';
import { MAX_MESSAGE_BYTES, MESSAGE_BASE_GAS } from '../../protocol/constants.ts';
import { decodeDefinition, hashWorkflow, objectsOfDefinition } from '../../protocol/definition.ts';
import { MizuError } from '../../protocol/errors.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import { decodeInputs, decodeMessage, decodeObjects, type Message, type UserMessage } from '../../protocol/messages.ts';
import { type ReceivedMessage, receiveMessage } from '../../protocol/received.ts';
import { keccakHex } from '../../protocol/tree.ts';
import type { Domain } from '../../protocol/typed-data.ts';
import type { Slice } from '../../service/http/fair-queue.ts';
import { createMutex } from '../../service/process/mutex.ts';
import { numberKey, type Store } from '../../service/storage/store.ts';
import { isAnyTaken } from '../index/offers.ts';
import { promisedTo, type StateReader } from '../index/state.ts';
import type { Tables } from '../index/tables.ts';
import { assertPlausible } from './plausible.ts';
import {
  assertCertificate,
  assertGatewaySignature,
  assertUserSignature,
  type CertificateRules,
  type InferenceResult,
} from './signatures.ts';

export type Admitted = { readonly hash: Hex; readonly sequence: number };

export type Admission = {
  /**
   * Durable when it resolves. The same bytes again give the same answer. Once its signatures are good, a message waits for no reader.
   * @throws MizuError with code `message/…`
   */
  admit(bytes: Uint8Array, outside?: Slice['outside']): Promise<Admitted>;
  /**
   * Takes the next message for execution, or tells that it cannot be executed any more. One that is held waits, and with it all of the same
   * account.
   */
  next(
    isHeld?: (message: Message) => boolean,
  ): Promise<{ readonly sequence: number; readonly received: ReceivedMessage } | undefined>;
  /** To be told when a queued message has been executed or messages have been queued again. */
  settle(sequence: number): void;
  reload(): Promise<void>;
  waiting(): number;
  /** The nonce that the account's next message must have. */
  nextNonce(account: Address): Promise<bigint>;
};

export type AdmissionParts = {
  readonly store: Store;
  readonly tables: Tables;
  readonly domains: { readonly inbox: Domain; readonly registry: Domain; readonly committee: Domain };
  readonly state: () => StateReader;
  /** Messages that may wait. */
  readonly limit: number;
  readonly onAdmitted: () => void;
};

/** What a queued message binds until it is executed. */
type Pending = {
  readonly sequence: number;
  readonly hash: Hex;
  readonly account?: Address;
  readonly nonce: bigint;
  readonly cost: bigint;
  /** Workflow of a Deploy message, with its number of stages: a Run may follow it at once. */
  readonly deploys?: { readonly workflow: Hex; readonly stages: number };
};

const SEQUENCE = 'sequence';

export async function openAdmission(parts: AdmissionParts): Promise<Admission> {
  const { store, tables, domains } = parts;
  const pending = new Map<number, Pending>();
  const inOrder = createMutex();

  const stagesOf = async (workflow: Hex): Promise<number | undefined> => {
    const queued = [...pending.values()].find(({ deploys }) => deploys?.workflow === workflow);
    return queued?.deploys?.stages ?? (await tables.workflows.get(workflow))?.stages.length;
  };

  /** In wei. A Run whose workflow is gone is refused for that. */
  const feeOf = async (message: UserMessage, length: number): Promise<bigint> => {
    const { gasPriceWei } = await parts.state().config();
    const renewed = message.kind === 'Renew' ? await parts.state().run(message.run) : undefined;
    const workflow = message.kind === 'Run' ? message.workflow : renewed?.workflow;
    const stages = workflow === undefined ? 0 : ((await stagesOf(workflow)) ?? 0);
    return gasOf(message, length, stages) * gasPriceWei;
  };

  const load = async (): Promise<void> => {
    pending.clear();
    for await (const [key, { hash }] of tables.queue.entries()) {
      const bytes = await requireBytes(tables, hash);
      const sequence = Number.parseInt(key, 16);
      const message = decodeMessage(bytes);
      const fee = 'sender' in message ? await feeOf(message, bytes.length) : 0n;
      pending.set(sequence, toPending(message, fee, hash, sequence));
    }
  };

  const check = async (message: Message, length: number): Promise<void> => {
    // State and queue of one and the same moment: a step may be executed while the state is read.
    const state = parts.state();
    const waiting = [...pending.values()];
    const queuedOf = (account: Address) => waiting.filter((other) => other.account === account.toLowerCase());
    switch (message.kind) {
      case 'Deploy':
      case 'Run':
      case 'Cancel':
      case 'Withdraw':
      case 'Renew': {
        const fee = await feeOf(message, length);
        const account = await state.account(message.sender);
        const queued = queuedOf(message.sender);
        assertNonce(message.nonce, account.nonce, queued.length);
        const bound = queued.reduce((sum, other) => sum + other.cost, 0n);
        assertBalance(fee + takenBy(message), account.balance, bound);
        await assertPlausible(message, fee, async (id) => (await stagesOf(id)) !== undefined);
        return message.kind === 'Run' ? assertKept(message.workflow, waiting, state) : undefined;
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
        // Items that are not taken are paid by the gateway's account, as far as it has anything.
        const { gasPriceWei } = await state.config();
        const due = MESSAGE_BASE_GAS * BigInt(message.items.length) * gasPriceWei;
        if ((await state.account(message.gateway)).balance >= due || (await isAnyTaken(state, message))) return;
        throw noItemFits(due);
      }
      case 'Expire': {
        const run = await state.run(message.run);
        if (run === undefined || run.status !== 1)
          throw notExpirable('a running run', run === undefined ? 'no such run' : 'it has ended');
        const now = nowSeconds();
        if (run.deadline >= now && (await promisedTo(state, tables, message.run)) >= now)
          throw notExpirable(`a deadline before ${now}`, String(run.deadline));
        return;
      }
      default:
        throw wrongKind(message.kind);
    }
  };

  // A Deploy that is queued renews it.
  const assertKept = async (workflow: Hex, waiting: readonly Pending[], state: StateReader): Promise<void> => {
    const expiry = (await tables.workflows.get(workflow))?.expiry;
    if (expiry === undefined || waiting.some(({ deploys }) => deploys?.workflow === workflow)) return;
    const needed = nowSeconds() + (await state.config()).retention;
    if (BigInt(expiry) < needed) throw workflowExpired(workflow, needed, expiry);
  };

  const checkSignatures = async (message: Message): Promise<void> => {
    const promises = async (): Promise<CertificateRules> => {
      const state = parts.state();
      const [current, former, { retention }] = await Promise.all([
        state.committee(),
        state.formerCommittee(),
        state.config(),
      ]);
      return { current, former, retention, now: nowSeconds() };
    };
    switch (message.kind) {
      case 'Deploy': {
        assertUserSignature(message, domains.inbox);
        const { definition, certificate } = decodeDefinition(message.definition);
        return assertCertificate(certificate, objectsOfDefinition(definition), await promises(), domains.committee);
      }
      case 'Run': {
        assertUserSignature(message, domains.inbox);
        const { inputs, certificate } = decodeInputs(message.inputs);
        return assertCertificate(certificate, inputs, await promises(), domains.committee);
      }
      case 'Renew': {
        assertUserSignature(message, domains.inbox);
        const { inputs, certificate } = decodeObjects(message.objects);
        return assertCertificate(certificate, inputs, await promises(), domains.committee);
      }
      case 'Cancel':
      case 'Withdraw':
        return assertUserSignature(message, domains.inbox);
      case 'InferenceResult':
        assertGatewaySignature(message, domains.registry);
        return assertCertificate(message.certificate, resultsOf(message), await promises(), domains.committee);
    }
  };

  // Not what has had its chance: it waits, has been executed, or could not be again.
  const placeOf = async (hash: Hex): Promise<Admitted | undefined> => {
    const sequence = await tables.admitted.get(hash);
    if (sequence === undefined || (await tables.refused.get(hash)) !== undefined) return undefined;
    return !pending.has(sequence) && (await isNext(hash)) ? undefined : { hash, sequence };
  };

  // Refused by the kernel because one before it was missing, such as one that was lost in a void batch: its nonce fits later.
  const isNext = async (hash: Hex): Promise<boolean> => {
    const step = await tables.executed.get(hash);
    const record = step === undefined ? undefined : await tables.steps.get(numberKey(step));
    if (record === undefined || record.receipt.ok) return false;
    const message = decodeMessage(await requireBytes(tables, hash));
    return 'sender' in message && message.nonce >= (await parts.state().account(message.sender)).nonce;
  };

  const put = async (message: Message, bytes: Uint8Array, hash: Hex): Promise<Admitted> => {
    const known = await placeOf(hash);
    if (known !== undefined) return known;
    if (pending.size >= parts.limit) throw queueFull(parts.limit);
    await check(message, bytes.length);
    const sequence = ((await tables.counters.get(SEQUENCE)) ?? 0) + 1;
    await store.write([
      tables.messages.put(hash, bytes),
      tables.queue.put(numberKey(sequence), { hash, length: bytes.length }),
      tables.admitted.put(hash, sequence),
      tables.refused.delete(hash),
      tables.counters.put(SEQUENCE, sequence),
    ]);
    const fee = 'sender' in message ? await feeOf(message, bytes.length) : 0n;
    pending.set(sequence, toPending(message, fee, hash, sequence));
    return { hash, sequence };
  };

  // Only after a reorg: what was admitted against one order may not fit the other.
  const isStillGood = async ({ hash, sequence }: Pending, message: Message): Promise<boolean> => {
    if (!('sender' in message)) return true;
    const { nonce } = await parts.state().account(message.sender);
    if (message.nonce === nonce) return true;
    const refused = {
      code: 'message/reordered',
      message: 'L1 has changed the order of messages, and this one no longer fits.',
      expected: `nonce ${nonce}`,
      actual: `nonce ${message.nonce}`,
    } as const;
    await store.write([tables.refused.put(hash, refused), tables.queue.delete(numberKey(sequence))]);
    pending.delete(sequence);
    return false;
  };

  await load();
  return {
    admit: async (bytes, outside = async (work) => work()) => {
      if (bytes.length > MAX_MESSAGE_BYTES) throw tooLarge(bytes.length);
      const hash = keccakHex(bytes);
      const known = await placeOf(hash);
      if (known !== undefined) return known;
      const message = decodeMessage(bytes);
      await checkSignatures(message);
      const admitted = await outside(() => inOrder(() => put(message, bytes, hash)));
      parts.onAdmitted();
      return admitted;
    },
    next: async (isHeld = () => false) => {
      const accounts = new Set<Address>();
      for (const waiting of pending.values()) {
        if (waiting.account !== undefined && accounts.has(waiting.account)) continue;
        const received = receiveMessage(await requireBytes(tables, waiting.hash), waiting.hash);
        const { message } = received;
        if (message === undefined) throw new Error(`queued message ${waiting.hash} is none`);
        if (!(await isStillGood(waiting, message))) continue;
        if (!isHeld(message)) return { sequence: waiting.sequence, received };
        if (waiting.account !== undefined) accounts.add(waiting.account);
      }
      return undefined;
    },
    settle: (sequence) => void pending.delete(sequence),
    reload: () => inOrder(load),
    waiting: () => pending.size,
    nextNonce: async (address) => {
      const queued = [...pending.values()].filter((other) => other.account === address.toLowerCase()).length;
      return (await parts.state().account(address)).nonce + BigInt(queued);
    },
  };
}

function nowSeconds(): bigint {
  return BigInt(Math.floor(Date.now() / 1000));
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

async function requireBytes(tables: Tables, hash: Hex): Promise<Uint8Array> {
  const bytes = await tables.messages.get(hash);
  if (bytes === undefined) throw new Error(`queued message ${hash} is not stored`);
  return bytes;
}

function resultsOf(message: InferenceResult) {
  return message.items.map(({ resultRoot, resultLength }) => ({ root: resultRoot, length: resultLength }));
}

function toPending(message: Message, fee: bigint, hash: Hex, sequence: number): Pending {
  if ('sender' in message) {
    const account = message.sender.toLowerCase() as Address;
    const pending = { sequence, hash, account, nonce: message.nonce, cost: fee + takenBy(message) };
    if (message.kind !== 'Deploy') return pending;
    const { definition } = decodeDefinition(message.definition);
    return { ...pending, deploys: { workflow: hashWorkflow(definition), stages: definition.stages.length } };
  }
  if (message.kind === 'InferenceResult')
    return { sequence, hash, account: message.gateway.toLowerCase() as Address, nonce: message.nonce, cost: 0n };
  return { sequence, hash, nonce: 0n, cost: 0n };
}

/** What the message takes from the account besides its fee. */
function takenBy(message: UserMessage): bigint {
  if (message.kind === 'Run') return message.maxCost;
  return message.kind === 'Withdraw' ? message.amount : 0n;
}

function gasOf(message: UserMessage, length: number, stages: number): bigint {
  switch (message.kind) {
    case 'Deploy':
      return deployGas(length, decodeDefinition(message.definition).definition);
    case 'Run':
      return runGas(length, decodeInputs(message.inputs).inputs, stages);
    case 'Renew':
      return renewGas(length, decodeObjects(message.objects).inputs, stages);
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
    expected: `${cost} wei, fee included`,
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
    hint: 'Stake and join on L1; the sequencer takes the change in with the next batch.',
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
    expected: 'Deploy, Run, Cancel, Withdraw, Renew, InferenceResult or Expire',
    actual: kind,
    hint: 'The sequencer makes Advance messages itself; the others come from L1.',
  });
}

function tooLarge(length: number): MizuError {
  return new MizuError({
    code: 'message/too-large',
    message: 'The message is too large.',
    expected: `at most ${MAX_MESSAGE_BYTES} bytes`,
    actual: `${length} bytes`,
  });
}

function queueFull(limit: number): MizuError {
  return new MizuError({
    code: 'limit/queue-full',
    message: 'The sequencer has too many messages waiting.',
    expected: `at most ${limit}`,
    actual: 'one more',
    hint: 'Send it again later.',
    retryable: true,
  });
}
