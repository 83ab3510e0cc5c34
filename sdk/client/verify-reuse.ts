// docs/sdk.md#reuse: that a run has read what the operators of another one have made, from L1 and DA alone.
import { type VerifyReport, type VerifyRequest, verifyRun } from '../../node/replication/replicate.ts';
import { MizuError } from '../../protocol/errors.ts';
import { type ObjectRef, objectRoot } from '../../protocol/tree.ts';
import type { BeginMetadata, Metadata } from '../compile/definition.ts';
import { cutPoints, lastOperator, madeAt } from './cut-points.ts';
import type { Network } from './network.ts';
import type { ReuseClaim } from './reuse-claim.ts';
import { type RunFacts, readRunFacts } from './run-facts.ts';
import { metadataShape, parseObject } from './shapes.ts';

/** `request.run` has been found good. Undefined claim: the dataset says that it stands alone. @throws MizuError `verify/reuse`, `verify/failed` */
export async function verifyReuse(
  network: Network,
  request: VerifyRequest,
  claim: ReuseClaim | undefined,
  onCheck: (line: string) => void,
): Promise<void> {
  const facts = await readRunFacts(request);
  if (facts === undefined) throw refused('a dataset of the run', `none of ${request.run}`);
  const { begin } = await metadataOf(network, facts);
  if (begin === undefined && claim === undefined) return;
  if (claim === undefined)
    throw refused(`the run whose operators up to '${begin!.operator}' it goes on with`, 'the dataset names none');
  if (begin === undefined)
    throw refused('a workflow that begins behind some operators', `all operators in ${facts.workflow}`);
  const earlier: VerifyRequest = { ...request, run: claim.run, files: [], startBatch: undefined };
  assertGood(await verifyRun(earlier));
  const first = await readRunFacts(earlier);
  if (first === undefined) throw refused('a dataset of the earlier run', `none of ${claim.run}`);
  const metadata = await metadataOf(network, first);
  const point = cutPoints(metadata).find(
    ({ begin: at }) => at.operators === begin.operators && at.answered === begin.answered,
  );
  const offset = metadata.begin?.operators ?? 0;
  const last = metadata.code?.operators[lastOperator(begin) - offset];
  if (point === undefined || last === undefined)
    throw refused(`a place behind operator '${begin.operator}' in the earlier run`, `none in ${first.workflow}`);
  if (last.code !== begin.code || last.name !== begin.operator)
    throw refused(`code ${begin.code} of the operators up to '${begin.operator}'`, `${last.code} in ${first.workflow}`);
  assertClaim(claim, first, metadata, begin);
  const { rows, results } = madeAt(first, point);
  await assertRead(network, facts.inputs, rows, results);
  const what =
    results === undefined
      ? `the rows behind operator '${begin.operator}'`
      : `the answers to operator '${begin.operator}'`;
  onCheck(`reused: the run has read ${what} of run ${claim.run}, whose operators up to there have the same code`);
  await verifyReuse(network, earlier, claim.reuses, onCheck);
}

async function metadataOf(network: Network, { metadata: { root, length }, workflow }: RunFacts): Promise<Metadata> {
  return parseObject(metadataShape, await network.object(root, length), `The description of workflow ${workflow}`);
}

function assertGood({ checks }: VerifyReport): void {
  const bad = checks.find((check) => !check.ok);
  if (bad !== undefined) throw refused('an earlier run that L1 fixes', `${bad.name}: ${bad.detail}`);
}

function assertClaim(claim: ReuseClaim, facts: RunFacts, { code, begin }: Metadata, own: BeginMetadata): void {
  const says = (what: string, said: unknown, found: unknown): void => {
    if (said !== found) throw refused(`${what} ${found}`, `${said} in the dataset's manifest`);
  };
  says('workflow', claim.workflow, facts.workflow);
  says('answered operator', claim.answered, own.answered ? own.operator : undefined);
  says('number of operators', claim.operators.length, own.operators);
  const before = begin === undefined ? [] : (claim.reuses?.operators ?? []).slice(0, begin.operators);
  const names = [...before, ...(code?.operators ?? []).map(({ name }) => name)];
  says('operators', claim.operators.join(' '), names.slice(0, claim.operators.length).join(' '));
  says('input', claim.inputsHash, begin === undefined ? facts.inputsHash : claim.reuses?.inputsHash);
}

async function assertRead(
  network: Network,
  inputs: readonly ObjectRef[],
  rows: readonly ObjectRef[],
  results: readonly ObjectRef[] | undefined,
): Promise<void> {
  if (inputs.length !== rows.length) throw refused(`${rows.length} partitions`, `${inputs.length} in the run`);
  for (const [partition, { root, length }] of inputs.entries()) {
    const own = rows[partition];
    const found = async (): Promise<boolean> => {
      if (own === undefined) return false;
      if (results === undefined) return root === own.root && length === own.length;
      const said = results[partition];
      if (said === undefined || said.length + own.length !== length) return false;
      const bytes = await network.object(root, length);
      return (
        objectRoot(bytes.subarray(0, said.length)) === said.root && objectRoot(bytes.subarray(said.length)) === own.root
      );
    };
    if (!(await found()))
      throw refused(`${own?.root} of the earlier run in partition ${partition}`, `${root} was read`);
  }
}

function refused(expected: string, actual: string): MizuError {
  return new MizuError({
    code: 'verify/reuse',
    message: 'The dataset does not go on with the run that it names.',
    expected,
    actual,
    hint: 'The rows of its earlier operators are of another origin than it says.',
  });
}
