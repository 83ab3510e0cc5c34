// docs/sdk.md#compile: evaluates a workflow file once, in an empty context, to learn its operators.
import { runInContext } from 'node:vm';
import { findSchemaProblem } from '../../edge/schema/check.ts';
import { toStructured } from '../../edge/schema/structured.ts';
import type { ErrorCode } from '../../protocol/error-codes.ts';
import { MizuError } from '../../protocol/errors.ts';
import type { Start } from '../workflow/tail.ts';
import { type Bundle, bundleEntry } from './bundle.ts';
import type { Description, OperatorDescription } from './describe-guest.ts';
import { createGuestContext } from './guest-context.ts';
import { findOptional } from './optional.ts';
import { assertPure, DATE_MARK, refusedGlobals, refusedStandIns, unmarked } from './refuse.ts';

const entryOf = (start: Start) => `
import './runtime/language/install.ts';
import workflow from 'workflow';
import { describe } from './compile/describe-guest.ts';
globalThis.description = JSON.stringify(describe(workflow, ${JSON.stringify(start)}));
`;
const EVALUATION_MS = 10_000;

/** @throws MizuError `sdk/bundle`, `sdk/not-pure`, `sdk/evaluation`, `sdk/no-workflow`, `sdk/output-schema`, and those of `tailOf` */
export async function describeWorkflow(file: string, start: Start = {}): Promise<Description> {
  const bundle = await bundleEntry(file, entryOf(start), { define: refusedGlobals() });
  assertPure(bundle);
  const description = JSON.parse(evaluate(bundle)) as Description | null;
  if (description === null) throw noWorkflow(file);
  return { ...description, operators: description.operators.map(withSchema) };
}

function withSchema(operator: OperatorDescription): OperatorDescription {
  const problem = operator.schemaError ?? findOptional(operator.answer, 'answer');
  if (problem !== undefined) throw badOutput(operator.name, problem);
  if (operator.answer === undefined || operator.answer === null) return operator;
  const unusable = findSchemaProblem(operator.answer);
  if (unusable !== undefined) throw unusableOutput(operator.name, unusable);
  const sent = toStructured(operator.answer);
  const { kind, schema } = sent;
  return { ...operator, schema, strict: kind === 'strict', ...(kind === 'loose' ? { looseReason: sent.reason } : {}) };
}

function evaluate(bundle: Bundle): string {
  const context = createGuestContext();
  runInContext(`globalThis.${DATE_MARK} = Date;${refusedStandIns()}`, context);
  try {
    runInContext(bundle.code, context, { filename: 'bundle.js', timeout: EVALUATION_MS });
  } catch (cause) {
    const error = cause as {
      code?: ErrorCode;
      name?: string;
      message?: string;
      expected?: string;
      actual?: string;
      hint?: string;
      stack?: string;
    };
    const isOurs = typeof error.code === 'string' && error.code.startsWith('sdk/');
    const place = error.code === 'sdk/bundle' ? null : placeOf(error, bundle);
    throw new MizuError({
      code: isOurs ? error.code! : 'sdk/evaluation',
      message: `${place === null ? '' : `${place}: `}${unmarked(error.message ?? String(cause))}`,
      expected: error.expected ?? 'a workflow file that can be evaluated',
      actual: error.actual ?? 'it throws',
      hint: error.hint ?? 'The top level of a workflow file runs once, when it is compiled.',
      cause,
    });
  }
  return runInContext('String(description)', context) as string;
}

/** The line of the user's; before an error of a name that is not there, also the package that asks for it. */
function placeOf({ name, stack = '' }: { name?: string; stack?: string }, bundle: Bundle): string | null {
  let inside: string | null = null;
  for (const match of stack.matchAll(/bundle\.js:(\d+):(\d+)/g)) {
    const [line, column] = [Number(match[1]) - 1, Number(match[2]) - 1];
    const found = bundle.packageAt(line, column);
    if (name === 'ReferenceError') inside ??= found?.name ?? null;
    const place = bundle.place(line, column) ?? found?.place ?? null;
    if (place !== null) return `${place.file}:${place.line}${inside === null ? '' : `: in the package '${inside}'`}`;
  }
  return null;
}

export const OUTPUT_HINT =
  'Use .nullable() instead of .optional(), .nullish() and .default(), and plain objects, strings, numbers, enums, arrays; make the rest of them in parse.';

function badOutput(operator: string, problem: string): MizuError {
  return new MizuError({
    code: 'sdk/output-schema',
    message: `Operator '${operator}': its output schema cannot be asked of a model.`,
    expected: 'a schema with a JSON schema whose every field is required',
    actual: problem,
    hint: OUTPUT_HINT,
  });
}

function unusableOutput(operator: string, problem: string): MizuError {
  return new MizuError({
    code: 'sdk/output-schema',
    message: `Operator '${operator}': no gateway would check an answer by its output schema.`,
    expected: 'a schema within the bounds of docs/edge.md#schema-bounds',
    actual: problem,
    hint: 'Patterns have no backreferences, and no lookaround but right after a leading ^. Check the rest in parse.',
  });
}

function noWorkflow(file: string): MizuError {
  return new MizuError({
    code: 'sdk/no-workflow',
    message: `${file} exports no workflow.`,
    expected: "export default dataset('name')…",
    actual: 'another default export, or none',
    hint: 'See docs/sdk.md#chain for a workflow in ten lines.',
  });
}
