// docs/sdk.md#compile: runs inside the describing bundle and tells the compiler, as JSON, what the workflow file exports.
import { toJSONSchema, type ZodType } from 'zod';
import { inputsOf, isWholeOperator, type LlmOperator, type Operator, type Workflow } from '../workflow/operator.ts';
import { type PlannedStage, planStages } from '../workflow/plan.ts';
import { restOf, type Start } from '../workflow/tail.ts';

export type OperatorDescription = {
  readonly kind: Operator['kind'];
  readonly name: string;
  /** For people: `filter has-text`, `classify domain`. */
  readonly label: string;
  /** A dedupe that compares vectors. */
  readonly semantic?: boolean;
  /** That a join reads. */
  readonly input?: string;
  readonly model?: string;
  readonly maxTokens?: number;
  /** Of a simulator, the path of its module from the folder of the workflow file. */
  readonly program?: string;
  /** What a model operator asks for besides its prompt and schema. */
  readonly settings?: Readonly<Record<string, string | number | boolean | null>>;
  /** JSON schema that an answer must fit; null: it is text. */
  readonly answer?: unknown;
  /** What an endpoint is given for it: `answer` in the words of strict mode, or as it is. */
  readonly schema?: unknown;
  /** Endpoints are asked to bind the model to the schema. */
  readonly strict?: boolean;
  /** Why not, if they are not. */
  readonly looseReason?: string;
  /** Why the schema of the answer has no JSON schema. */
  readonly schemaError?: string;
};

export type Description = {
  readonly name: string;
  readonly operators: readonly OperatorDescription[];
  /** Names of the inputs that a run has beside the dataset's own. */
  readonly inputs: readonly string[];
  /** Of the rest of a workflow: the first operator over the whole dataset, to which an earlier run has brought its rows. */
  readonly meets?: string;
  readonly stages: readonly PlannedStage[];
  /** With a stage for each row operator. */
  readonly unfusedStages: readonly PlannedStage[];
};

/** Null if the default export is no workflow. */
export function describe(value: unknown, start: Start = {}): Description | null {
  const workflow = value as Partial<Workflow> | null | undefined;
  if (typeof workflow?.name !== 'string' || !Array.isArray(workflow.operators)) return null;
  const operators = restOf(workflow.operators as readonly Operator[], start);
  const answered = start.begin?.answered;
  const met = start.from === undefined ? undefined : operators.find(isWholeOperator);
  return {
    name: workflow.name,
    operators: operators.map(describeOperator),
    ...(met === undefined ? {} : { meets: met.name }),
    inputs: inputsOf(operators).map((input) => input.name),
    stages: planStages(operators, true, answered),
    unfusedStages: planStages(operators, false, answered),
  };
}

function describeOperator(operator: Operator): OperatorDescription {
  if (operator.kind !== 'llm') {
    const label = operator.kind === 'split' ? 'split' : `${verb(operator)} ${operator.name}`;
    const input = operator.kind === 'join' && operator.right.kind === 'input' ? { input: operator.right.name } : {};
    const semantic = operator.kind === 'dedupe' && operator.semantic !== null ? { semantic: true } : {};
    return { kind: operator.kind, name: operator.name, label, ...input, ...semantic };
  }
  const base = {
    kind: operator.kind,
    name: operator.name,
    label: `${operator.task} ${operator.name}`,
    model: operator.model,
    maxTokens: operator.maxTokens,
    settings: settingsOf(operator),
    ...(operator.simulate === null ? {} : { program: operator.simulate.program }),
  };
  if (operator.output === null) return { ...base, answer: null };
  try {
    return { ...base, answer: jsonSchema(operator.output) };
  } catch (error) {
    return { ...base, answer: null, schemaError: (error as Error).message };
  }
}

function settingsOf(operator: LlmOperator): Record<string, string | number | boolean | null> {
  if (operator.simulate !== null) return { model: operator.model, gasLimit: operator.simulate.gasLimit };
  const { model, maxTokens, temperature, seed, reasoningEffort, asks, strict, repair, onTruncated, keepReasoning } =
    operator;
  const sent = { model, maxTokens, temperature, seed, reasoningEffort };
  return { ...sent, requests: asks, strict, repair, onTruncated, keepReasoning };
}

function verb({ kind }: Operator): string {
  return kind === 'lookup' ? 'join' : kind === 'draw' ? 'sample' : kind;
}

// What the model must write is the schema's input: a transform changes it afterwards.
function jsonSchema(schema: ZodType): unknown {
  const { $schema: _, ...rest } = toJSONSchema(schema, { io: 'input', target: 'draft-2020-12' });
  return closed(rest, false);
}

// Zod leaves objects open on the input side; no extras are wanted but where the schema says so. What is one of several that must all fit
// would, closed, refuse the fields of the others.
function closed(node: unknown, isPart: boolean): unknown {
  if (Array.isArray(node)) return node.map((one) => closed(one, isPart));
  if (typeof node !== 'object' || node === null) return node;
  const copy: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(node)) {
    const inner = VALUES.has(key) ? value : NAMED.has(key) ? closedEach(value) : closed(value, key === 'allOf');
    Object.defineProperty(copy, key, { value: inner, enumerable: true, writable: true, configurable: true });
  }
  const isOpen = copy.type === 'object' && copy.properties !== undefined && copy.additionalProperties === undefined;
  if (isOpen && !isPart) copy.additionalProperties = false;
  return copy;
}

const VALUES = new Set(['const', 'enum', 'default', 'examples', 'required']);
const NAMED = new Set(['properties', 'patternProperties', '$defs', 'dependentSchemas']);

function closedEach(schemas: unknown): unknown {
  const entries = Object.entries(schemas as Record<string, unknown>);
  return Object.fromEntries(entries.map(([name, schema]) => [name, closed(schema, false)]));
}
