// docs/edge.md#schema-bounds: what a schema may be. Its keywords are copied one by one, and each subschema notes the
// work of entering it.
import { SchemaRefusal } from './refusal.ts';

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type JsonObject = { readonly [key: string]: Json };

/**
 * The keyword that carries the work; a keyword of this name in a user's schema is dropped like any other unknown one.
 */
export const WORK_KEYWORD = 'mizuWork';

/** What entering a subschema takes, in units of work, beside the size of the value; `at` is its JSON pointer. */
export type SchemaWork = { readonly at: string; readonly units: number };

export const MAX_SCHEMA_CHARS = 64 * 1024;
const MAX_DEPTH = 64;
// Twice as many take more than twice as long to compile: 0.1 to 0.7 s at this number.
const MAX_SUBSCHEMAS = 512;
const MAX_NAMES = 8_000;
const CHARS_A_UNIT = 16;
const PROTOTYPE = '__proto__';

const SUBSCHEMA = new Set(
  'additionalProperties items contains not if then else propertyNames unevaluatedItems unevaluatedProperties'.split(
    ' ',
  ),
);
const SUBSCHEMA_LISTS = new Set(['allOf', 'anyOf', 'oneOf', 'prefixItems']);
const SUBSCHEMA_MAPS = new Set(['properties', 'patternProperties', 'dependentSchemas', '$defs', 'definitions']);
const VALUES = new Set(
  (
    'type enum const multipleOf maximum exclusiveMaximum minimum exclusiveMinimum maxLength minLength pattern maxItems minItems ' +
    'uniqueItems maxContains minContains maxProperties minProperties required dependentRequired nullable $ref $anchor'
  ).split(' '),
);
const REFUSED: Readonly<Record<string, string>> = {
  $dynamicRef: '$ref',
  $dynamicAnchor: '$anchor',
  $recursiveRef: '$ref',
  $recursiveAnchor: '$anchor',
  dependencies: 'dependentRequired or dependentSchemas',
};

/**
 * Copies a schema to what is compiled: only keywords that are known here (annotations and formats are not checked), and
 * in each subschema its work.
 * @throws SchemaRefusal if the schema breaks a bound
 */
export function boundSchema(schema: unknown): JsonObject | boolean {
  let subschemas = 0;
  let names = 0;
  const targets = new Set<string>();
  const refs: { at: string; target: string }[] = [];

  const bound = (value: Json, at: string, depth: number): JsonObject | boolean => {
    targets.add(`#${at}`);
    if (typeof value === 'boolean') return value;
    if (value === null || typeof value !== 'object' || Array.isArray(value)) {
      throw new SchemaRefusal('no schema', 'an object or a boolean', shorten(value), at);
    }
    subschemas += 1;
    if (subschemas > MAX_SUBSCHEMAS)
      throw new SchemaRefusal('too large', `at most ${MAX_SUBSCHEMAS} subschemas`, 'more', at);
    if (depth > MAX_DEPTH) throw new SchemaRefusal('too deep', `at most ${MAX_DEPTH} levels`, 'more', at);
    const copy: Record<string, Json> = {};
    let chars = 0;
    for (const [keyword, given] of Object.entries(value as JsonObject)) {
      const place = `${at}/${escapePointer(keyword)}`;
      const instead = REFUSED[keyword];
      if (instead !== undefined) throw new SchemaRefusal('a keyword that is not supported', instead, keyword, place);
      if (keyword === '$id' && at !== '')
        throw new SchemaRefusal('a schema in a schema', '$id at the root only', '$id', place);
      if (SUBSCHEMA.has(keyword)) copy[keyword] = bound(given, place, depth + 1);
      else if (SUBSCHEMA_LISTS.has(keyword)) copy[keyword] = boundList(given, place, depth);
      else if (SUBSCHEMA_MAPS.has(keyword)) {
        copy[keyword] = boundMap(given, place, depth);
        chars += JSON.stringify(Object.keys(given as JsonObject)).length;
      } else if (VALUES.has(keyword)) {
        copy[keyword] = given;
        chars += JSON.stringify(given).length;
        if (keyword === '$ref') refs.push({ at: place, target: localTarget(given, place) });
        if (keyword === '$anchor') targets.add(`#${given}`);
      }
    }
    addPrototypeName(copy);
    const units = 1 + Math.ceil(chars / CHARS_A_UNIT);
    copy[WORK_KEYWORD] = { at, units } satisfies SchemaWork;
    return copy;
  };

  const boundList = (value: Json, at: string, depth: number): Json[] => {
    if (!Array.isArray(value)) throw new SchemaRefusal('no list of schemas', 'an array', shorten(value), at);
    return value.map((one, i) => bound(one, `${at}/${i}`, depth + 1));
  };

  const boundMap = (value: Json, at: string, depth: number): JsonObject => {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) {
      throw new SchemaRefusal('no map of schemas', 'an object', shorten(value), at);
    }
    const entries = Object.entries(value as JsonObject);
    names += entries.length;
    if (names > MAX_NAMES) throw new SchemaRefusal('too large', `at most ${MAX_NAMES} names`, 'more', at);
    return Object.fromEntries(
      entries.map(([name, one]) => [name, bound(one, `${at}/${escapePointer(name)}`, depth + 1)]),
    );
  };

  const bounded = bound(schema as Json, '', 0);
  // A reference to what this walk does not know as a subschema would be checked without any work being counted.
  const lost = refs.find(({ target }) => !targets.has(target));
  if (lost !== undefined) throw new SchemaRefusal('no schema is there', 'a $ref to a subschema', lost.target, lost.at);
  return bounded;
}

// Ajv leaves the name out of `properties`; as a pattern it means the same.
function addPrototypeName(copy: Record<string, Json>): void {
  const properties = copy.properties as JsonObject | undefined;
  if (properties === undefined || !Object.hasOwn(properties, PROTOTYPE)) return;
  const patterns = (copy.patternProperties ?? {}) as JsonObject;
  const name = Object.hasOwn(patterns, `^${PROTOTYPE}$`) ? `^(?:${PROTOTYPE})$` : `^${PROTOTYPE}$`;
  copy.patternProperties = { ...patterns, [name]: properties[PROTOTYPE] as Json };
}

function localTarget(ref: Json, at: string): string {
  try {
    if (typeof ref === 'string' && ref.startsWith('#')) return decodeURIComponent(ref);
  } catch {}
  throw new SchemaRefusal('nothing is fetched', 'a $ref within the schema (#…)', shorten(ref), at);
}

const escapePointer = (name: string) => name.replaceAll('~', '~0').replaceAll('/', '~1');

function shorten(value: Json): string {
  return String(JSON.stringify(value)).slice(0, 80);
}
