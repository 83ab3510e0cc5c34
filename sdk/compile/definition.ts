// docs/messages.md#user, docs/rows.md#metadata: the graph of stages as it is deployed.
import type { ModelManifest } from '../../models/manifest.ts';
import { MAX_PROGRAMS, MAX_STAGE_GAS, MAX_STAGES, RUN_INPUT } from '../../protocol/constants.ts';
import type { Definition, ProgramEntry, Stage } from '../../protocol/definition.ts';
import { MizuError } from '../../protocol/errors.ts';
import { type Hex, ZERO_HASH } from '../../protocol/hex.ts';
import { modelId } from '../../protocol/model-id.ts';
import { objectRef } from '../../protocol/tree.ts';
import { canonical } from '../runtime/canonical.ts';
import { INPUT, type PlannedStage } from '../workflow/plan.ts';
import type { Begin } from '../workflow/tail.ts';
import type { Description } from './describe-guest.ts';
import { modelOfStage } from './models.ts';
import type { OperatorCode, OperatorCodes } from './operator-code.ts';

/** Bound of one task; a run sets a lower one. */
export const STAGE_GAS_LIMIT = MAX_STAGE_GAS;
export const SDK_VERSION = '0.1.0';

export type StageMetadata = {
  readonly name: string;
  readonly kind: PlannedStage['kind'];
  readonly operators: readonly string[];
  readonly sink: string | null;
};

export type Metadata = {
  readonly name: string;
  readonly version: 1;
  readonly stages: readonly StageMetadata[];
  readonly models: Readonly<Record<Hex, string>>;
  /** Programs of those models that are programs, by their names. */
  readonly provable?: Readonly<Record<string, Hex>> | undefined;
  readonly sdk: string;
  /** What its operators' results depend on besides the input: docs/sdk.md#reuse. */
  readonly code?: { readonly toolchain: Hex; readonly operators: readonly OperatorCode[] } | undefined;
  /** Of a program that begins with what another has made. */
  readonly begin?: BeginMetadata | undefined;
};

export type BeginMetadata = Begin & {
  /** Name and code of the last operator that the other has done; of an answered one it has asked the model. */
  readonly operator: string;
  readonly code: Hex;
};

export function createMetadata(
  { name, operators, stages }: Description,
  provable: ReadonlyMap<string, ModelManifest>,
): Metadata {
  const models = operators.flatMap((operator) =>
    operator.model === undefined ? [] : [[modelId(operator.model), operator.model] as const],
  );
  return {
    name,
    version: 1,
    stages: stages.map((stage) => ({
      name: stageName(stage, operators),
      kind: stage.kind,
      operators: operatorLabels(stage, operators),
      sink: stage.kind === 'sink' || stage.kind === 'rejects' ? stage.name : null,
    })),
    models: Object.fromEntries(models),
    ...(provable.size === 0
      ? {}
      : { provable: Object.fromEntries([...provable].map(([model, { programId }]) => [model, programId])) }),
    sdk: SDK_VERSION,
  };
}

export function withCodes(
  metadata: Metadata,
  { toolchain, operators }: OperatorCodes,
  begin: Begin | undefined,
): Metadata {
  if (begin === undefined) return { ...metadata, code: { toolchain, operators } };
  const last = operators[begin.answered ? begin.operators : begin.operators - 1]!;
  return {
    ...metadata,
    code: { toolchain, operators: operators.slice(begin.operators) },
    begin: { ...begin, operator: last.name, code: last.code },
  };
}

export function encodeMetadata(metadata: Metadata): Uint8Array {
  return new TextEncoder().encode(canonical(metadata));
}

/** The first of the programs runs the stages but those of models; `models` are the places of theirs, by name. Others are of simulators. */
export function createDefinition(
  description: Description,
  programs: readonly ProgramEntry[],
  models: ReadonlyMap<string, number>,
  metadata: Uint8Array,
): Definition {
  const { stages, operators } = description;
  if (stages.length > MAX_STAGES) throw tooManyStages(stages.length);
  if (programs.length > MAX_PROGRAMS) throw tooManyPrograms(programs.length);
  const programOf = (stage: PlannedStage): number =>
    stage.kind === 'model' ? models.get(modelOfStage(stage, operators))! : 0;
  return {
    programs,
    stages: stages.map((stage) => toStage(stage, operators, programOf(stage))),
    metadata: objectRef(metadata),
  };
}

function toStage(stage: PlannedStage, operators: Description['operators'], program: number): Stage {
  const infer = stage.kind === 'infer';
  return {
    kind: infer ? 'infer' : 'exec',
    program,
    width: stage.width,
    gasLimit: infer ? 0n : STAGE_GAS_LIMIT,
    sink: stage.kind === 'sink' || stage.kind === 'rejects',
    model: infer ? modelId(modelOfStage(stage, operators)) : ZERO_HASH,
    inputs: stage.inputs.map(({ stage: source, mode }) => ({ source: source === INPUT ? RUN_INPUT : source, mode })),
  };
}

function stageName(stage: PlannedStage, operators: Description['operators']): string {
  switch (stage.kind) {
    case 'rows':
      return 'rows';
    case 'sink':
    case 'rejects':
      return stage.name;
    default:
      return `${operators[stage.operator]!.name}/${stage.kind}`;
  }
}

function operatorLabels(stage: PlannedStage, operators: Description['operators']): string[] {
  const own = 'operator' in stage ? [operators[stage.operator]!.label] : [];
  const fused = 'from' in stage ? operators.slice(stage.from, stage.to).map((operator) => operator.label) : [];
  return [...own, ...fused];
}

function tooManyStages(count: number): MizuError {
  return new MizuError({
    code: 'sdk/too-many-stages',
    message: 'The workflow is too long.',
    expected: `at most ${MAX_STAGES} stages`,
    actual: `${count} stages`,
    hint: 'A model operator takes 3 stages, an operator over the whole dataset 2 to 4; row operators side by side share one. Use two workflows.',
  });
}

function tooManyPrograms(count: number): MizuError {
  return new MizuError({
    code: 'sdk/too-many-programs',
    message: 'The workflow has too many programs.',
    expected: `at most ${MAX_PROGRAMS}: its own, and one for each simulator and each provable model`,
    actual: `${count} programs`,
    hint: 'Use two workflows.',
  });
}
