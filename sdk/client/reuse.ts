// docs/sdk.md#reuse: the earlier run of the account whose operators a new one need not run again.
import { runRecord } from '../../kernel/records.ts';
import { isProvable } from '../../models/name.ts';
import type { VerifyRequest } from '../../node/replication/replicate.ts';
import { MAX_PARTITION_BYTES } from '../../protocol/constants.ts';
import type { MizuError } from '../../protocol/errors.ts';
import { type Address, type Hex, hexToBytes, isSameAddress } from '../../protocol/hex.ts';
import type { ObjectRef } from '../../protocol/tree.ts';
import { connectL1 } from '../../service/l1/l1.ts';
import type { Metadata } from '../compile/definition.ts';
import { type OperatorFacts, operatorAddresses } from '../compile/operator-address.ts';
import { type CutPoint, cutPoints, lastOperator, madeAt } from './cut-points.ts';
import { type Network, requireSigner } from './network.ts';
import { MAX_REUSES, type ReuseClaim } from './reuse-claim.ts';
import { type RunFacts, readRunFacts } from './run-facts.ts';
import { findRecord } from './state-file.ts';
import type { RunListEntry } from './views.ts';
import { readMetadata } from './watch.ts';

/** A run that ended with a dataset, of a workflow of the same name. */
export type EarlierRun = {
  readonly run: Hex;
  readonly workflow: Hex;
  readonly metadata: Metadata;
  readonly facts: OperatorFacts;
  /** What it goes on with itself. */
  readonly claim: ReuseClaim | undefined;
};

export type Reuse = {
  readonly claim: ReuseClaim;
  readonly point: CutPoint;
  readonly rows: readonly ObjectRef[];
  readonly results: readonly ObjectRef[] | undefined;
};

export type ReuseSearch = {
  readonly reuse: Reuse | undefined;
  /** The newest earlier run, to compare with. */
  readonly newest: EarlierRun | undefined;
  /** Why the run that has most of the operators cannot be gone on with. */
  readonly obstacle: string | undefined;
};

const LOOKED_AT = 20;
const TRIED = 3;

/** Of the facts of a network's run: who answers is who its run says. */
export function gatewaysOf(
  operators: OperatorFacts['operators'],
  gateways: readonly Address[] = [],
): Readonly<Record<string, unknown>> {
  const said = gateways.length === 0 ? null : gateways.map((one) => one.toLowerCase()).sort();
  return Object.fromEntries(
    operators.flatMap(({ settings }) =>
      settings === undefined || isProvable(String(settings.model)) ? [] : [[settings.model, said]],
    ),
  );
}

/** `name`: of the workflow. Nothing is believed that L1 has not confirmed. @throws MizuError `sdk/no-trust-root`, `sdk/other-network` */
export async function findReuse(network: Network, name: string, facts: OperatorFacts): Promise<ReuseSearch> {
  const earlier = await readEarlier(network, name);
  const choices = earlier
    .flatMap((run) => {
      const point = deepest(run, facts);
      return point === undefined ? [] : [{ run, point }];
    })
    .sort((a, b) => depth(b.point) - depth(a.point) || nesting(a.run.claim) - nesting(b.run.claim));
  const newest = earlier[0];
  let obstacle: string | undefined;
  if (choices.length > 0) {
    await network.assertTrusted();
    const request = await requestOf(network);
    for (const { run, point } of choices.slice(0, TRIED)) {
      const made = await tryReuse(network, request, run, point, facts);
      if (typeof made !== 'string') return { reuse: made, newest, obstacle };
      obstacle ??= made;
    }
  }
  return { reuse: undefined, newest, obstacle };
}

async function requestOf({ chain, da, l1RpcUrl }: Network): Promise<Omit<VerifyRequest, 'run'>> {
  const { rollup, inbox } = chain.contracts;
  return {
    l1: await connectL1(l1RpcUrl as string),
    contracts: { rollup, inbox },
    fromBlock: BigInt(chain.fromBlock ?? 0),
    da,
  };
}

async function tryReuse(
  network: Network,
  request: Omit<VerifyRequest, 'run'>,
  earlier: EarlierRun,
  point: CutPoint,
  { operators, inputsHash }: OperatorFacts,
): Promise<Reuse | string> {
  const { run, workflow, claim: before } = earlier;
  const found = await readRunFacts({ ...request, run }).catch((error: MizuError) => error.message);
  if (found === undefined || typeof found === 'string')
    return `L1 has no live assertion of run ${run}${found === undefined ? '' : `: ${found}`}`;
  if (!found.confirmed) return `run ${run} is not confirmed on L1 yet`;
  const problem = unusable(found, earlier, point);
  if (problem !== undefined) return problem;
  const names = operators.map(({ name }) => name);
  const claim: ReuseClaim = {
    run,
    workflow,
    inputsHash,
    operators: names.slice(0, point.begin.operators),
    ...(point.begin.answered ? { answered: names[point.begin.operators] as string } : {}),
    ...(before === undefined ? {} : { reuses: before }),
  };
  const made = madeAt(found, point);
  const last = [...made.rows, ...(made.results ?? [])].at(-1) as ObjectRef;
  const isHeld = await network.object(last.root, last.length).then(
    () => true,
    () => false,
  );
  return isHeld ? { claim, point, ...made } : `what run ${run} has made is not held any more`;
}

function unusable(found: RunFacts, { run, workflow, facts, claim }: EarlierRun, point: CutPoint): string | undefined {
  if (found.workflow !== workflow) return `run ${run} is one of workflow ${found.workflow}`;
  if (claim === undefined && found.inputsHash !== facts.inputsHash) return `run ${run} has read another input`;
  const { rows, results } = madeAt(found, point);
  const isWhole = (list: readonly ObjectRef[]): boolean =>
    list.length === found.inputs.length && Array.from(list).every((one) => one !== undefined);
  if (!isWhole(rows) || (results !== undefined && !isWhole(results))) return `run ${run} has not all rows there`;
  const largest = Math.max(...rows.map(({ length }, i) => length + (results?.[i]?.length ?? 0)));
  if (largest <= MAX_PARTITION_BYTES) return undefined;
  return `a partition of what run ${run} has made has ${largest} bytes, and an input at most ${MAX_PARTITION_BYTES}`;
}

/** The last point at which the earlier run has done nothing else. */
function deepest({ metadata, facts: before }: EarlierRun, facts: OperatorFacts): CutPoint | undefined {
  const [old, now] = [operatorAddresses(before), operatorAddresses(facts)];
  return cutPoints(metadata).findLast((point) => {
    const last = lastOperator(point.begin);
    const operator = facts.operators[last];
    // The parts of a split are written by the program that has it.
    if (operator === undefined || operator.name === 'split') return false;
    return before.operators[last]?.name === operator.name && old[last] === now[last];
  });
}

function depth({ begin: { operators, answered } }: CutPoint): number {
  return 2 * operators + (answered ? 1 : 0);
}

/** Runs of the account that are done, the newest first. */
async function readEarlier(network: Network, name: string): Promise<EarlierRun[]> {
  const owner = requireSigner(network).address;
  const runs = (await network.rpc('mizu_listRuns', [{ owner, limit: LOOKED_AT }])) as RunListEntry[];
  const known = new Map<Hex, Promise<Metadata | undefined>>();
  const metadataOf = (workflow: Hex): Promise<Metadata | undefined> => {
    const own = known.get(workflow) ?? readMetadata(network, workflow).catch(() => undefined);
    known.set(workflow, own);
    return own;
  };
  const found: EarlierRun[] = [];
  for (const { run, workflow, status, owner: of } of runs) {
    if (status !== 'done' || !isSameAddress(of, owner)) continue;
    const metadata = await metadataOf(workflow);
    if (metadata?.name !== name) continue;
    const facts = await factsOf(network, run, metadata, metadataOf);
    if (facts !== undefined) found.push({ run, workflow, metadata, ...facts });
  }
  return found;
}

async function factsOf(
  network: Network,
  run: Hex,
  { code, begin }: Metadata,
  metadataOf: (workflow: Hex) => Promise<Metadata | undefined>,
): Promise<Pick<EarlierRun, 'facts' | 'claim'> | undefined> {
  if (code === undefined) return undefined;
  const { value } = (await network.rpc('mizu_getProof', ['R', run])) as { readonly value: Hex | null };
  if (value === null) return undefined;
  const { gateways, inputsHash } = runRecord.decode(hexToBytes(value));
  const whole = null;
  if (begin === undefined) {
    const facts = { ...code, whole, inputsHash, endpoints: gatewaysOf(code.operators, gateways) };
    return { facts, claim: undefined };
  }
  // What it goes on with is known where it was started.
  const claim = (await findRecord(run))?.reuses;
  if (claim === undefined || nesting(claim) >= MAX_REUSES) return undefined;
  const before = await operatorsBefore(claim, metadataOf);
  if (before === undefined || before.toolchain !== code.toolchain) return undefined;
  const operators = [...before.operators.slice(0, begin.operators), ...code.operators];
  const facts = { ...code, operators, whole, inputsHash: claim.inputsHash, endpoints: gatewaysOf(operators, gateways) };
  return { facts, claim };
}

function nesting(claim: ReuseClaim | undefined): number {
  return claim === undefined ? 0 : 1 + nesting(claim.reuses);
}

async function operatorsBefore(
  { workflow, reuses }: ReuseClaim,
  metadataOf: (workflow: Hex) => Promise<Metadata | undefined>,
): Promise<Metadata['code']> {
  const { code, begin } = (await metadataOf(workflow)) ?? {};
  if (code === undefined || begin === undefined) return code;
  const before = reuses === undefined ? undefined : await operatorsBefore(reuses, metadataOf);
  return before && { ...code, operators: [...before.operators.slice(0, begin.operators), ...code.operators] };
}
