// docs/sdk.md#compile: runs inside the describing bundle and tells the compiler, as JSON, what the workflow file exports.
import { toJSONSchema, type ZodType } from 'zod';
import { type PlannedStage, planStages } from '../workflow/plan.ts';
import type { Step, Workflow } from '../workflow/step.ts';

export type StepDescription = {
  readonly kind: Step['kind'];
  readonly name: string;
  /** For people: `filter has-text`, `classify domain`. */
  readonly label: string;
  readonly model?: string;
  readonly maxTokens?: number;
  /** JSON schema of the answer; null: text. */
  readonly schema?: unknown;
  /** Why the schema of the answer has no JSON schema. */
  readonly schemaError?: string;
};

export type Description = {
  readonly name: string;
  readonly steps: readonly StepDescription[];
  readonly stages: readonly PlannedStage[];
  /** With a stage for each row step. */
  readonly unfusedStages: readonly PlannedStage[];
};

/** Null if the default export is no workflow. */
export function describe(value: unknown): Description | null {
  const workflow = value as Partial<Workflow> | null | undefined;
  if (typeof workflow?.name !== 'string' || !Array.isArray(workflow.steps)) return null;
  const steps = workflow.steps as readonly Step[];
  return {
    name: workflow.name,
    steps: steps.map(describeStep),
    stages: planStages(steps),
    unfusedStages: planStages(steps, false),
  };
}

function describeStep(step: Step): StepDescription {
  if (step.kind !== 'llm')
    return { kind: step.kind, name: step.name, label: step.kind === 'split' ? 'split' : `${step.kind} ${step.name}` };
  const base = {
    kind: step.kind,
    name: step.name,
    label: `${step.task} ${step.name}`,
    model: step.model,
    maxTokens: step.maxTokens,
  };
  if (step.output === null) return { ...base, schema: null };
  try {
    return { ...base, schema: jsonSchema(step.output) };
  } catch (error) {
    return { ...base, schema: null, schemaError: (error as Error).message };
  }
}

// What the model must write is the schema's input: a transform changes it afterwards.
function jsonSchema(schema: ZodType): unknown {
  const { $schema: _, ...rest } = toJSONSchema(schema, { io: 'input', target: 'draft-2020-12' });
  return strict(rest);
}

// Zod leaves objects open on the input side; strict mode wants them closed.
function strict(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(strict);
  if (typeof node !== 'object' || node === null) return node;
  const copy: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(node)) copy[key] = strict(value);
  if (copy.type === 'object' && copy.properties !== undefined) copy.additionalProperties = false;
  return copy;
}
