// docs/sdk.md#after-court: waiting until nobody can dispute an answer of a run any more, by L1's own clock and cases.
import { setTimeout as delay } from 'node:timers/promises';
import { KIND } from '../../protocol/constants.ts';
import { inboxAbi, inferenceCourtAbi } from '../../protocol/generated/abi.ts';
import { CASE_STATUS } from '../../protocol/generated/enums.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import { connectL1, type L1 } from '../../service/l1/l1.ts';
import { createPastEvents } from '../../service/l1/past-events.ts';
import type { Network } from './network.ts';
import type { ChainView } from './views.ts';
import { readRun } from './watch.ts';

/** A run whose answers the court can void no more. */
export type PastCourt = {
  readonly run: Hex;
  /** Undefined if it did not end with a dataset. */
  readonly datasetRoot: Hex | undefined;
  /** Until when its last answer could be disputed, in unix seconds of L1. Undefined: no model has answered. */
  readonly until: number | undefined;
  /** Cases about its answers, all of them closed. */
  readonly cases: readonly bigint[];
};

/** What a run waits for: the time, cases that are open, or that it ends once more. */
export type CourtWait = { readonly until: number | undefined; readonly openCases: readonly bigint[] };

const POLL_MS = 1_000;

/**
 * Waits until the last answer of the run can be disputed no more and no case about one is open. If an answer is voided meanwhile,
 * the run goes on, and its new answers are waited for too. Needs an L1 node and the network that is meant.
 *
 * @param onWait is told what is waited for, whenever that changes
 * @example
 * const { datasetRoot } = await waitForCourt(network, run);
 * @throws MizuError `sdk/no-trust-root`, `sdk/other-network`, `l1/unreachable`, `sdk/unknown-run`, `sdk/run-void`
 */
export async function waitForCourt(
  network: Network,
  run: Hex,
  onWait: (wait: CourtWait) => void = () => undefined,
): Promise<PastCourt> {
  await network.assertTrusted();
  const l1 = await connectL1(network.l1RpcUrl as string);
  const { inbox } = network.chain.contracts;
  const court = await l1.client.readContract({ address: inbox, abi: inboxAbi, functionName: 'court' });
  const cases = followCases(network, l1, { inbox, court }, run);
  for (let told = ''; ; await delay(POLL_MS)) {
    const found = await lookAt(network, l1, { inbox, court }, run, await cases());
    if (found.past !== undefined) return found.past;
    const text = `${found.until} ${found.openCases.join()}`;
    if (text !== told) onWait(found);
    told = text;
  }
}

type Look = CourtWait & { readonly past?: PastCourt };
type Contracts = { readonly inbox: Address; readonly court: Address };

const NOT_YET: Look = { until: undefined, openCases: [] };

async function lookAt(
  network: Network,
  l1: L1,
  contracts: Contracts,
  run: Hex,
  { cases, hasVoids }: Cases,
): Promise<Look> {
  const inbox = { address: contracts.inbox, abi: inboxAbi } as const;
  const court = { address: contracts.court, abi: inferenceCourtAbi } as const;
  const { client } = l1;
  const open = cases.filter(({ status }) => status === CASE_STATUS.voting || status === CASE_STATUS.tallied);
  const openCases = open.map(({ id }) => id);
  // A case ends with a message to the network. What the run is counts once that is executed, and not before.
  const isVoided = cases.some(({ status }) => status === CASE_STATUS.voided);
  if (isVoided && !(await hasVoids())) return { ...NOT_YET, openCases };
  const batches = await client.readContract({ ...inbox, functionName: 'batchCount' });
  const { head } = (await network.rpc('mizu_chain')) as ChainView;
  if (BigInt(head.batch) < batches) return { ...NOT_YET, openCases };
  const view = await readRun(network, run);
  const last = BigInt(Math.max(...view.batches));
  if (view.status === 'running' || last >= batches) return { ...NOT_YET, openCases };
  const ended = { run, datasetRoot: view.dataset?.root, cases: cases.map(({ id }) => id) };
  if (view.stages.every(({ kind }) => kind === 'exec')) return { ...NOT_YET, past: { ...ended, until: undefined } };
  const [postedAt, contestSeconds, { timestamp }] = await Promise.all([
    client.readContract({ ...inbox, functionName: 'postedAtOf', args: [last] }),
    client.readContract({ ...court, functionName: 'contestSeconds' }),
    client.getBlock(),
  ]);
  const until = Number(BigInt(postedAt) + BigInt(contestSeconds));
  const isOver = openCases.length === 0 && timestamp > BigInt(until);
  return { until, openCases, ...(isOver && { past: { ...ended, until } }) };
}

type Cases = {
  /** About answers of the run, the oldest first. */
  readonly cases: readonly { readonly id: bigint; readonly status: number }[];
  /** Whether batches have taken in all messages that void an answer of the run. */
  readonly hasVoids: () => Promise<boolean>;
};

/** Each look costs L1 the same, however old the network is: what was read once is remembered. */
function followCases(network: Network, l1: L1, contracts: Contracts, run: Hex): () => Promise<Cases> {
  const { client } = l1;
  const court = { address: contracts.court, abi: inferenceCourtAbi } as const;
  const head = () => client.getBlockNumber();
  const openedCases = createPastEvents(head, BigInt(network.chain.fromBlock ?? 0), async (range) => {
    const opened = await client.getContractEvents({ ...court, eventName: 'CaseOpened', ...range });
    // An item begins with its run.
    return opened
      .filter(({ args }) => args.item?.startsWith(run))
      .map(({ args, blockNumber: block }) => ({ id: args.id as bigint, block }));
  });
  let voids: (() => Promise<boolean>) | undefined;
  return async () => {
    const opened = await openedCases();
    const cases = await Promise.all(
      opened.map(async ({ id }) => {
        const { status } = await client.readContract({ ...court, functionName: 'caseOf', args: [id] });
        return { id, status };
      }),
    );
    const hasVoids = () => {
      voids ??= followVoids(l1, contracts, opened[0]?.block ?? 0n, run);
      return voids();
    };
    return { cases, hasVoids };
  };
}

function followVoids({ client }: L1, contracts: Contracts, fromBlock: bigint, run: Hex): () => Promise<boolean> {
  const inbox = { address: contracts.inbox, abi: inboxAbi } as const;
  const start = `0x${KIND.ItemVoided.toString(16)}${run.slice(2)}`;
  const head = () => client.getBlockNumber();
  const voids = createPastEvents(head, fromBlock, async (range) => {
    const delayed = await client.getContractEvents({ ...inbox, eventName: 'MessageDelayed', ...range });
    return delayed.filter(({ args }) => args.message?.startsWith(start)).map(({ args }) => args.index as bigint);
  });
  return async () => {
    const said = await voids();
    const included = await client.readContract({ ...inbox, functionName: 'delayedIncluded' });
    return said.every((index) => index < included);
  };
}
