// docs/sdk.md#compile: from a workflow file to what is deployed.
import type { ModelManifest } from '../../models/manifest.ts';
import type { ProvableModel } from '../../models/model.ts';
import { type Definition, hashWorkflow } from '../../protocol/definition.ts';
import type { Hex } from '../../protocol/hex.ts';
import type { BuiltProgram } from '../../vm/entry.ts';
import { buildProgram } from '../../vm/quickjs/build.ts';
import type { Start } from '../workflow/tail.ts';
import { bundleEntry } from './bundle.ts';
import { createDefinition, createMetadata, encodeMetadata, type Metadata, withCodes } from './definition.ts';
import { describeWorkflow } from './describe.ts';
import type { Description, OperatorDescription } from './describe-guest.ts';
import { loadManifests, loadModels } from './models.ts';
import { type OperatorCodes, operatorCodes } from './operator-code.ts';
import { loadSimulators, programsOf, type WorkflowSimulator } from './simulators.ts';
import { createSourceTable } from './source-table.ts';

export type BundledWorkflow = {
  readonly file: string;
  readonly description: Description;
  readonly metadata: Metadata;
  /** By the name of their operator. */
  readonly simulators: ReadonlyMap<string, WorkflowSimulator>;
  /** Of those models that are programs, by the model's name. */
  readonly provable: ReadonlyMap<string, ModelManifest>;
  /** A script that sets `globalThis.__mizu_main`: docs/vm.md#quickjs. */
  readonly bundle: string;
};

/** A workflow as it is deployed: its id, its stages, and the program with everything that it needs. */
export type CompiledWorkflow = BundledWorkflow & {
  readonly workflowId: Hex;
  /** Of the whole file; null if it is compiled for rejects of an operator. */
  readonly codes: OperatorCodes | null;
  readonly definition: Definition;
  readonly program: BuiltProgram;
  /** Those that are programs, in the order of the operators. */
  readonly models: readonly ProvableModel[];
  /** Everything that the deploy's certificate covers, in its order. */
  readonly objects: readonly Uint8Array[];
};

const ENTRY = `
import './runtime/environment.ts';
import workflow from 'workflow';
import { createMain } from './runtime/run.ts';
globalThis.__mizu_install = (settings) => { globalThis.__mizu_main = createMain(workflow, settings); };
`;

/**
 * Bundles a workflow file with the runtime and learns its operators, without building the program.
 * `fused` false gives each row operator a stage of its own: for looking between them.
 *
 * @example
 * const { description } = await bundleWorkflow('workflow.ts');
 * console.log(description.operators.map(({ name }) => name));
 * @throws MizuError `sdk/…`: the file cannot be bundled or evaluated, is not pure, exports no workflow, or asks a provable model that is not there.
 */
export async function bundleWorkflow(
  file: string,
  fused = true,
  { cacheFolder, ...start }: BundleWorkflowOptions = {},
): Promise<BundledWorkflow> {
  const [described, bundle] = await Promise.all([
    describeWorkflow(file, start),
    // Its errors are those of the describing bundle, which tells them first.
    bundleEntry(file, ENTRY, { small: true }).catch((error: unknown) => error as Error),
  ]);
  if (bundle instanceof Error) throw bundle;
  const simulators = await loadSimulators(file, described.operators);
  const provable = await loadManifests(described.operators, cacheFolder);
  const operators = described.operators.map((operator) =>
    withProgram(operator, simulators.get(operator.name)?.ref.root ?? provable.get(operator.model ?? '')?.programId),
  );
  const description = { ...described, operators, ...(fused ? {} : { stages: described.unfusedStages }) };
  const formats = Object.fromEntries(
    description.operators.flatMap(({ name, answer, strict = false }) =>
      answer == null ? [] : [[name, { schema: answer, strict }]],
    ),
  );
  const programs = Object.fromEntries(
    [...simulators].map(([name, { ref }]) => [name, { length: ref.length, root: ref.root }]),
  );
  const settings = JSON.stringify({ formats, programs, source: createSourceTable(bundle), fused, ...start });
  return {
    file,
    simulators,
    provable,
    description,
    metadata: createMetadata(description, provable),
    bundle: `${bundle.code}__mizu_install(${settings});delete globalThis.__mizu_install;\n`,
  };
}

/** The hash of its program is one of an operator's settings: so it is told what has changed. */
function withProgram(operator: OperatorDescription, program: Hex | undefined): OperatorDescription {
  if (program === undefined) return operator;
  return { ...operator, settings: { ...operator.settings, program } };
}

/** Where a program begins, and where provable models and built programs are kept. */
export type BundleWorkflowOptions = Start & { readonly cacheFolder?: string | undefined };

export type CompileOptions = BundleWorkflowOptions & {
  /** Of the whole file, where `begin` leaves out operators. */
  readonly codes?: OperatorCodes | undefined;
};

/**
 * Compiles a workflow file to what is deployed: its DataVM program, its definition and the id of both.
 *
 * @example
 * const { workflowId } = await compileWorkflow('workflow.ts', { cacheFolder: '.mizu/cache' });
 * @throws MizuError `sdk/…`, `vm/bundle`
 */
export async function compileWorkflow(
  file: string,
  { cacheFolder, from, begin, codes: known }: CompileOptions = {},
): Promise<CompiledWorkflow> {
  const bundled = await bundleWorkflow(file, true, { from, begin, cacheFolder });
  // Of rejects that are tried again no other run begins.
  const codes =
    from === undefined ? (known ?? (await operatorCodes(file, bundled.description.operators, bundled.bundle))) : null;
  const program = await buildProgram(bundled.bundle, { cacheFolder });
  const metadata = codes === null ? bundled.metadata : withCodes(bundled.metadata, codes, begin);
  const encoded = encodeMetadata(metadata);
  const simulators = programsOf(bundled.simulators);
  const models = await loadModels(bundled.description, cacheFolder);
  const beside = [...simulators, ...models.map(({ built }) => built)];
  const places = new Map(models.map(({ name }, i) => [name, 1 + simulators.length + i]));
  const entries = [program.entry, ...beside.map(({ entry }) => entry)];
  const definition = createDefinition(bundled.description, entries, places, encoded);
  return {
    ...bundled,
    metadata,
    codes,
    definition,
    program,
    models,
    workflowId: hashWorkflow(definition),
    objects: [...program.objects, ...beside.flatMap(({ objects }) => objects), encoded],
  };
}
