// docs/disputes.md#playing: one dispute between two processes: how long each side computed, and what its transactions cost.
import { readFileSync } from 'node:fs';
import pino from 'pino';
import { describePlace } from '../../dispute/narrate.ts';
import { takeSeat } from '../../dispute/seat.ts';
import { gatherTrace } from '../../dispute/trace/trace-input.ts';
import { createTraces } from '../../dispute/trace/traces.ts';
import type { StepInput } from '../../node/transition.ts';
import { MAX_STAGE_GAS } from '../../protocol/constants.ts';
import { rollupAbi } from '../../protocol/generated/abi.ts';
import { ASSERTION_STATUS } from '../../protocol/generated/enums.ts';
import { LEAF_BYTES } from '../../protocol/tree.ts';
import type { BuiltProgram } from '../../vm/entry.ts';
import { createModelMessages, createRunMessages, type WasmSource } from '../network/chain.fixture.ts';
import { keyOf, LIAR, type TestNetwork, until, VALIDATOR } from '../network/network.fixture.ts';
import { type Lie, lyingOracle } from './lie.ts';
import { type DuelTransaction, watchBlocks } from './transactions.ts';
import { type LogEntry, startValidatorProcess } from './validator-process.ts';
import { createLieWorld, isPaid, type LieWorld, trueLeafAfter } from './world.ts';

type Side = 'challenger' | 'liar';

export type Duel = {
  /** Of the step's whole trace. */
  readonly instructions: bigint;
  readonly liesFrom: bigint;
  readonly liesAt: string;
  /** Of one thread that runs to `liesFrom` without a hash. */
  readonly millionStepsPerSecond: number;
  /** From the transaction with the assertion to the one that rejects it. */
  readonly seconds: number;
  /** Of it: neither side was computing (L1, its followers, signing, estimates). */
  readonly otherSeconds: number;
  readonly rejected: boolean;
  readonly sides: readonly SideTold[];
  readonly transactions: readonly (Omit<DuelTransaction, 'minedAt'> & TransactionTimes)[];
};

type SideTold = {
  readonly part: Side;
  readonly transactions: number;
  readonly gas: bigint;
  readonly traceSeconds: number;
  /** The most that the process has held; undefined where there is no /proc. */
  readonly memoryMiB: number | undefined;
};

type TransactionTimes = {
  /** Since the assertion. */
  readonly atSeconds: number;
  /** In which its sender ran his trace for it. */
  readonly traceSeconds: number | undefined;
};

const PART_OF_TRACE = { lie: 7n, of: 10n };
/** The stages of the world's workflow are deployed with twice as much. */
const TASK_GAS = MAX_STAGE_GAS / 2n;
const LIMIT_SECONDS = 900;

/** A program with a few bytes of input, or a provable model with a request object (docs/models.md#stage). */
export type DuelTask = WasmSource | { readonly model: BuiltProgram; readonly requests: Uint8Array };

/** The validator is a process of its own, the liar plays in this one, beside the DA committee. */
export async function playDuel(task: DuelTask): Promise<Duel> {
  const messages = async ({ author }: TestNetwork) => {
    if ('model' in task) return createModelMessages(author, task.model, task.requests, MAX_STAGE_GAS);
    const run = { source: task, taskGasLimit: TASK_GAS };
    return (await createRunMessages(author, 1, 0n, author, run)).messages;
  };
  const world = await createLieWorld({ messages });
  try {
    return await playIn(world);
  } finally {
    await world.close();
  }
}

async function playIn(world: LieWorld): Promise<Duel> {
  const { network, node, sender } = world;
  const contracts = network.deployment.addresses;
  const { client } = network.l1;
  const { lie, measured } = await planLie(world);
  const times = { challenger: [] as number[], liar: [] as number[] };
  const listen = (side: Side) => (entry: LogEntry) => {
    if (typeof entry.traceSeconds === 'number') times[side].push(entry.traceSeconds);
  };
  let isReady = false;
  const validator = startValidatorProcess(network.config('validator'), keyOf(4), (entry) => {
    isReady ||= entry.msg === 'executed';
    listen('challenger')(entry);
  });
  const hear = listen('liar');
  const log = pino({ level: 'info' }, { write: (line) => hear(JSON.parse(line) as LogEntry) });
  const told = (own: Parameters<typeof lyingOracle>[0]) => lyingOracle(own, lie, trueLeafAfter(world, lie.step));
  const seat = await takeSeat({ node, contracts, sender, side: 'asserter', log, told });
  try {
    await until('the validator', () => isReady || undefined, LIMIT_SECONDS);
    const steps = world.steps.slice();
    steps.set(lie.leaf, (lie.step + 1) * LEAF_BYTES);
    // Before the assertion: the validator is quick.
    const watch = await watchBlocks(client);
    const id = await world.assert(steps);
    const began = performance.now();
    const statusOf = () =>
      client.readContract({ address: contracts.rollup, abi: rollupAbi, functionName: 'statusOf', args: [id] });
    const play = async () => {
      await seat.player.playNext((await client.getBlock()).timestamp);
      const status = await statusOf();
      return status === ASSERTION_STATUS.pending ? undefined : status;
    };
    const status = await until('an end of the dispute', play, LIMIT_SECONDS);
    await until('the money', async () => (await isPaid(network, VALIDATOR.address)) || undefined);
    const memory = { challenger: memoryOf(validator.pid), liar: memoryOf(process.pid) };
    const seen = await watch.stop({ challenger: VALIDATOR.address, liar: LIAR.address });
    const sent = seen.filter(({ call }) => call !== 'createAssertion');
    const transactions = withTimes(sent, times, began);
    const end = transactions.findLast(({ call }) => call === 'prove')?.atSeconds ?? Number.NaN;
    const computed = [...times.challenger, ...times.liar].reduce((sum, seconds) => sum + seconds, 0);
    const sides = (['challenger', 'liar'] as const).map((part) => sideOf(part, sent, times[part], memory[part]));
    const rejected = status === ASSERTION_STATUS.rejected;
    return { ...measured, seconds: end, otherSeconds: end - computed, rejected, sides, transactions };
  } finally {
    await seat.close();
    await validator.close();
  }
}

/** The first task's receipt is wrong, and the machine from 70 % of the trace on. */
async function planLie(world: LieWorld) {
  const { node, steps, inputs } = world;
  const step = inputs.findIndex(({ message }) => message.message?.kind === 'Advance');
  const before = steps.slice(step * LEAF_BYTES, (step + 1) * LEAF_BYTES);
  const traces = createTraces(1);
  try {
    const trace = traces.open('plan', () => gatherTrace(node, before, inputs[step] as StepInput));
    const instructions = await trace.length();
    const from = (instructions * PART_OF_TRACE.lie) / PART_OF_TRACE.of;
    const began = performance.now();
    const place = await trace.place(from);
    const millionStepsPerSecond = Number(from) / (performance.now() - began) / 1000;
    const leaf = trueLeafAfter(world, step);
    leaf[63] = (leaf[63] as number) ^ 1;
    const lie: Lie = { name: 'a receipt, and a machine that goes wrong late', step, leaf, from };
    return { lie, measured: { instructions, liesFrom: from, liesAt: describePlace(place), millionStepsPerSecond } };
  } finally {
    await traces.close();
  }
}

const PLAYED = ['open', 'move', 'prove'];

// Each side's n-th list or proof is the n-th time that it has told of.
function withTimes(sent: readonly DuelTransaction[], times: Record<Side, readonly number[]>, began: number) {
  const next = { challenger: 0, liar: 0 };
  return sent.map(({ minedAt, ...transaction }) => {
    const by = transaction.by as Side;
    const traceSeconds = PLAYED.includes(transaction.call) ? times[by][next[by]++] : undefined;
    return { ...transaction, atSeconds: (minedAt - began) / 1000, traceSeconds };
  });
}

function sideOf(part: Side, sent: readonly DuelTransaction[], times: readonly number[], memoryMiB: number | undefined) {
  const own = sent.filter(({ by }) => by === part);
  return {
    part,
    transactions: own.length,
    gas: own.reduce((sum, { gas }) => sum + gas, 0n),
    traceSeconds: times.reduce((sum, seconds) => sum + seconds, 0),
    memoryMiB,
  };
}

function memoryOf(pid: number): number | undefined {
  if (process.platform !== 'linux') return undefined;
  const peak = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return peak === undefined ? undefined : Math.round(Number(peak) / 1024);
}
