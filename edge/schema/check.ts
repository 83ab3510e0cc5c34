// docs/edge.md#schemas: structured outputs are checked again, by one schema, whoever made them; the work of each check
// is bounded.
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import type { ResponseFormat } from '../backends/backend.ts';
import { boundSchema, MAX_SCHEMA_CHARS, type SchemaWork, WORK_KEYWORD } from './bounded.ts';
import { compilePattern } from './pattern.ts';
import { SchemaRefusal } from './refusal.ts';
import { createTextMemo } from './text-memo.ts';

/** Why a content is not taken: it does not fit its schema, or the schema is one that no content is checked with. */
export type SchemaVerdict = { readonly kind: 'unfit' | 'unusable'; readonly reason: string };

/** The verdict is undefined if the content is JSON and fits. `schema` is JSON; without it any JSON fits. */
export type ContentCheck = (schema: string | undefined, content: string) => SchemaVerdict | undefined;

/** The most work of one check, in units of 0.1 to 0.4 µs of one core: at most about 1.5 s. */
export const MAX_WORK = 4_000_000;
const MAX_CACHED_CHARS = 1024 * 1024;
const COMPILES_AN_INSTANCE = 64;
const MAX_REASON = 500;
const STATES_A_UNIT = 4;
// Units of work to compile a pattern, and for each of its states, which takes about 15 µs.
const PATTERN_WORK = 10_000;
const STATE_WORK = 100;
const ITEMS_A_UNIT = 16;

type Checker = (value: unknown) => string | undefined;
type Compile = (schema: unknown) => Checker;

/** Compiled schemas are kept, up to 1 MiB of their text. */
export function createContentCheck(): ContentCheck {
  let compile = createCompiler();
  let compiles = 0;
  const memo = createTextMemo<Checker | SchemaVerdict>(MAX_CACHED_CHARS);
  const compileOne = (schema: string): Checker | SchemaVerdict => {
    // Ajv keeps something of every schema for as long as its instance lives.
    if (compiles === COMPILES_AN_INSTANCE) {
      compile = createCompiler();
      compiles = 0;
    }
    compiles += 1;
    return tryCompile(compile, schema);
  };
  return (schema, content) => {
    let value: unknown;
    try {
      value = JSON.parse(content);
    } catch (error) {
      return unfit(`not JSON: ${(error as Error).message}`);
    }
    if (schema === undefined) return undefined;
    if (schema.length > MAX_SCHEMA_CHARS) return schemaTooLong(schema.length);
    const checker = memo(schema, () => compileOne(schema));
    if (typeof checker !== 'function') return checker;
    try {
      const reason = checker(value);
      return reason === undefined ? undefined : unfit(reason);
    } catch (error) {
      return toVerdict(error);
    }
  };
}

/**
 * The text of the schema that a content must fit, if there is one. A schema that is too deep to be written counts as
 * too long.
 */
export function schemaOf(format: ResponseFormat | undefined): string | undefined {
  const schema = format?.type === 'json_schema' ? format.json_schema?.schema : undefined;
  if (schema === undefined) return undefined;
  try {
    return JSON.stringify(schema);
  } catch {
    return ' '.repeat(MAX_SCHEMA_CHARS + 1);
  }
}

/** Why no content can be checked by this schema, for who makes a workflow; undefined if it can be used. */
export function findSchemaProblem(schema: unknown): string | undefined {
  const text = JSON.stringify(schema);
  const tried = text.length > MAX_SCHEMA_CHARS ? schemaTooLong(text.length) : tryCompile(createCompiler(), text);
  return typeof tried === 'function' ? undefined : tried.reason;
}

function tryCompile(compile: Compile, schema: string): Checker | SchemaVerdict {
  try {
    return compile(JSON.parse(schema));
  } catch (error) {
    return toVerdict(error);
  }
}

/** A compiler of schemas: one instance of ajv. No schema has an `$id`, so none is found from another. */
function createCompiler(): Compile {
  let left = MAX_WORK;
  let sizes = new WeakMap<object, number>();
  let at = '';

  const begin = () => {
    left = MAX_WORK;
    sizes = new WeakMap();
    at = '';
  };

  const charge = (units: number) => {
    left -= units;
    if (left < 0) throw new SchemaRefusal('a check too long', `at most ${MAX_WORK} units of work`, 'more', at);
  };

  const sizeOf = (value: unknown): number => {
    if (typeof value === 'string') return value.length;
    if (value === null || typeof value !== 'object') return 1;
    if (Array.isArray(value)) return value.length;
    let size = sizes.get(value);
    if (size === undefined) {
      size = Object.keys(value).length;
      sizes.set(value, size);
    }
    return size;
  };

  const ajv = new Ajv2020({
    strict: false,
    validateFormats: false,
    allErrors: false,
    // `{}` has no field `constructor`.
    ownProperties: true,
    logger: false,
    // Otherwise a definition that is named often would be copied as often.
    inlineRefs: false,
    code: { optimize: false, regExp: Object.assign(createRegExp(charge), { code: 'mizuPattern' }) },
  });
  ajv.removeKeyword('uniqueItems');
  ajv.addKeyword({
    keyword: 'uniqueItems',
    type: 'array',
    schemaType: 'boolean',
    error: { message: 'must NOT have duplicate items' },
    validate: (wanted: boolean, items: unknown[]) => !wanted || areUnique(items, charge),
  });
  // It is judged before every other keyword of its subschema.
  ajv.addKeyword({
    keyword: WORK_KEYWORD,
    before: '$ref',
    errors: false,
    validate: (work: SchemaWork, value: unknown) => {
      at = work.at;
      charge(work.units + Math.ceil(sizeOf(value) / ITEMS_A_UNIT));
      return true;
    },
  });
  return (schema) => {
    begin();
    const bounded = boundSchema(schema);
    const validate: ValidateFunction = ajv.compile(bounded);
    return (value) => {
      begin();
      if (validate(value)) return undefined;
      const { instancePath, message } = validate.errors?.[0] ?? {};
      return `${instancePath || 'value'} ${message}`;
    };
  };
}

function createRegExp(charge: (units: number) => void) {
  return (source: string): RegExp => {
    const pattern = compilePattern(source);
    charge(PATTERN_WORK + STATE_WORK * pattern.states);
    const test = (text: string) => {
      charge(1 + Math.ceil((text.length * pattern.states) / STATES_A_UNIT));
      return pattern.test(text);
    };
    // Ajv calls `test`, and tells patterns apart by their text.
    return { test, toString: () => source } as RegExp;
  };
}

// Compares the items by their texts: the work grows with the length of the items, not with the square of their number.
function areUnique(items: readonly unknown[], charge: (units: number) => void): boolean {
  const seen = new Set<string>();
  for (const item of items) {
    const text = toComparable(item);
    charge(1 + Math.ceil(text.length / ITEMS_A_UNIT));
    if (seen.has(text)) return false;
    seen.add(text);
  }
  return true;
}

// Values that JSON Schema takes for equal have the same text: the order of keys says nothing.
function toComparable(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(toComparable).join()}]`;
  if (typeof value === 'number') return value === 0 ? '0' : String(value);
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, one]) => `${JSON.stringify(key)}:${toComparable(one)}`).join()}}`;
}

function unfit(reason: string): SchemaVerdict {
  return { kind: 'unfit', reason: reason.slice(0, MAX_REASON) };
}

export function unusable(reason: string): SchemaVerdict {
  return { kind: 'unusable', reason: reason.slice(0, MAX_REASON) };
}

/** The verdict on a schema that is too long to be handed to a thread. */
export function schemaTooLong(chars: number): SchemaVerdict {
  const refusal = new SchemaRefusal('too large', `at most ${MAX_SCHEMA_CHARS} characters`, `${chars}`);
  return unusable(refusal.describe());
}

function toVerdict(error: unknown): SchemaVerdict {
  if (error instanceof SchemaRefusal) return unusable(error.describe());
  if (error instanceof RangeError)
    return unusable('schema at its root: it is nested too deeply, or refers to itself without an end');
  return unusable(`schema at its root: ${(error as Error).message}`);
}
