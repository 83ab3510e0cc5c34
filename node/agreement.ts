// docs/prover.md#assertions: whether an assertion says what we have executed ourselves.
import { type Address, type Hex, isSameAddress } from '../protocol/hex.ts';
import { objectRoot } from '../protocol/tree.ts';
import type { Execution } from './execution.ts';
import type { AssertionRecord, Mirror } from './l1/mirror.ts';

/** `unknown`: we have not executed that far, or the batches that we have executed are no longer those of L1. */
export type AgreementVerdict = 'agrees' | 'differs' | 'unknown';

/** Compares the assertion's step root with that of our own leaves of its range. */
export async function judge(
  mirror: Mirror,
  execution: Execution,
  assertion: AssertionRecord,
): Promise<AgreementVerdict> {
  if (assertion.stepCount === 0) return 'agrees';
  if (!(await isExecuted(mirror, execution, assertion.post.batch - 1n))) return 'unknown';
  const parent = await mirror.assertion(assertion.parent);
  if (parent === undefined) throw new Error(`assertion ${assertion.id} has an unknown parent`);
  const own = await ownSteps(execution, parent, assertion);
  return own !== undefined && objectRoot(own) === assertion.stepRoot ? 'agrees' : 'differs';
}

/**
 * Whether we have executed the batch as L1 has it now: a reorg may have replaced batches that we have yet to execute
 * again.
 */
export async function isExecuted(mirror: Mirror, execution: Execution, index: bigint): Promise<boolean> {
  if (execution.batches() <= index) return false;
  const [own, theirs] = await Promise.all([execution.batch(index), mirror.batch(index)]);
  return own !== undefined && own.fingerprint === theirs?.fingerprint;
}

/**
 * Our own step list for the assertion's range. It is undefined if by our own execution the range has another number of
 * steps.
 */
export async function ownSteps(
  execution: Execution,
  parent: AssertionRecord,
  assertion: AssertionRecord,
): Promise<Uint8Array | undefined> {
  const last = await execution.batch(assertion.post.batch - 1n);
  if (last === undefined || last.toStep - parent.post.step !== BigInt(assertion.stepCount)) return undefined;
  return execution.leaves(parent.post.step, last.toStep);
}

/** What to build on. */
export type Tip = {
  readonly tip: AssertionRecord;
  /** The ids of the tip's pending children that were known. */
  readonly children: ReadonlySet<Hex>;
  /** A child of the tip with our content that its asserter has abandoned: another attempt of it is due. */
  readonly again?: AssertionRecord;
};

export type TipQuestion = {
  readonly mirror: Mirror;
  readonly verdictOf: (assertion: AssertionRecord) => Promise<AgreementVerdict>;
  /** Ids of assertions that may be lost by silence. */
  readonly abandoned: ReadonlySet<Hex>;
  /**
   * The account that asks. It builds on its own assertions even if they are among the abandoned, because it defends
   * them.
   */
  readonly account: Address;
};

/**
 * The last assertion of the live chain that we agree with, from the latest confirmed one on. Of several siblings it
 * takes the one that L1 confirms first. The result is undefined while we have not executed up to the confirmed one, or
 * up to a child of the last one.
 * @throws Error if the confirmed state is not ours: going on would defend a wrong state
 */
export async function findTip({ mirror, verdictOf, abandoned, account }: TipQuestion): Promise<Tip | undefined> {
  const { latestConfirmed } = await mirror.head();
  const confirmed = await mirror.assertion(latestConfirmed);
  if (confirmed === undefined) return undefined;
  const verdict = await verdictOf(confirmed);
  if (verdict === 'unknown') return undefined;
  if (verdict === 'differs')
    throw new Error(`assertion ${confirmed.id} is confirmed, and is not what we have executed`);
  const pending = await mirror.pending();
  const isOurs = ({ asserter }: AssertionRecord) => isSameAddress(asserter, account);
  for (let tip = confirmed; ; ) {
    const children: AssertionRecord[] = [];
    let isBehind = false;
    const all = pending.filter(({ parent }) => parent === tip.id);
    for (const child of all) {
      const said = await verdictOf(child);
      if (said === 'agrees') children.push(child);
      isBehind ||= said === 'unknown';
    }
    const safe = earliest(children.filter(({ id }) => !abandoned.has(id)));
    const next = safe ?? earliest(children.filter(isOurs));
    if (next === undefined) {
      // Such a child may be true, and even our own from before a restart: a claim of a part of its range would be its
      // rival.
      if (isBehind) return undefined;
      const again = earliest(children);
      return { tip, children: new Set(all.map(({ id }) => id)), ...(again === undefined ? {} : { again }) };
    }
    tip = next;
  }
}

// L1 confirms no child before its earlier siblings are rejected, so of several true siblings only the first is ever
// confirmed.
function earliest(children: readonly AssertionRecord[]): AssertionRecord | undefined {
  return [...children].sort((a, b) => Number(a.place - b.place))[0];
}

/** The most assertions whose verdicts are remembered: a verdict is final as long as L1 keeps the batches. */
const REMEMBERED = 4096;

/** `judge`, with verdicts remembered. `onWrong` is called when an assertion is first found to differ. */
export function createAssertionJudge(
  mirror: Mirror,
  execution: Execution,
  onWrong: (assertion: AssertionRecord) => void = () => undefined,
): (assertion: AssertionRecord) => Promise<AgreementVerdict> {
  const known = new Map<Hex, { fingerprint: Hex; verdict: AgreementVerdict }>();
  return async (assertion) => {
    const last = assertion.post.batch === 0n ? undefined : await execution.batch(assertion.post.batch - 1n);
    const fingerprint = last?.fingerprint ?? '0x';
    const remembered = known.get(assertion.id);
    if (remembered?.fingerprint === fingerprint) return remembered.verdict;
    const verdict = await judge(mirror, execution, assertion);
    if (verdict === 'differs') onWrong(assertion);
    if (verdict !== 'unknown') known.set(assertion.id, { fingerprint, verdict });
    const oldest = known.keys().next().value;
    if (known.size > REMEMBERED && oldest !== undefined) known.delete(oldest);
    return verdict;
  };
}
