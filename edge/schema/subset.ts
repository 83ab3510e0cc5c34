// docs/edge.md#strict-subset: what an endpoint takes of JSON Schema in strict mode, as OpenAI documents it for
// structured outputs (https://developers.openai.com/api/docs/guides/structured-outputs, "Supported schemas").

import type { JsonSchema } from '../backends/backend.ts';

/** Limits of the schema that is sent. A schema that breaks one is sent without `strict`. */
export const STRICT_LIMITS = {
  /** Properties of all objects together. */
  properties: 5_000,
  /** Levels of objects and lists in each other, from 1; each definition is counted from its own root. */
  levels: 10,
  /** Characters of the names of properties and definitions and of the values of `enum` and `const` together. */
  nameChars: 120_000,
  /** Values of all enums together. */
  enumValues: 1_000,
  /** An enum of strings with more values than this has at most `largeEnumChars` characters. */
  largeEnum: 250,
  largeEnumChars: 15_000,
} as const;

export const STRICT_FORMATS: ReadonlySet<string> = new Set(
  'date-time time date duration email hostname ipv4 ipv6 uuid'.split(' '),
);

export type JsonType = 'string' | 'number' | 'integer' | 'boolean' | 'null' | 'array' | 'object';

/** Keywords that strict mode keeps, by the type that they constrain. */
export const KEPT: Readonly<Record<JsonType, ReadonlySet<string>>> = {
  string: new Set(['pattern', 'format']),
  number: new Set(['multipleOf', 'maximum', 'exclusiveMaximum', 'minimum', 'exclusiveMinimum']),
  integer: new Set(['multipleOf', 'maximum', 'exclusiveMaximum', 'minimum', 'exclusiveMinimum']),
  boolean: new Set(),
  null: new Set(),
  array: new Set(['items', 'minItems', 'maxItems']),
  object: new Set(['properties', 'required', 'additionalProperties']),
};

/** Keywords that only narrow what their type allows: they are not sent, but the answer is checked by them. */
export const NARROWING: Readonly<Record<JsonType, ReadonlySet<string>>> = {
  string: new Set(['minLength', 'maxLength']),
  number: new Set(),
  integer: new Set(),
  boolean: new Set(),
  null: new Set(),
  array: new Set(['uniqueItems', 'contains', 'minContains', 'maxContains']),
  object: new Set(['minProperties', 'maxProperties', 'dependentRequired', 'propertyNames']),
};

/** Keywords that decide the shape of a schema: if strict mode lacks one, the schema is sent without `strict`. */
export const SHAPING: ReadonlySet<string> = new Set(
  (
    '$ref $dynamicRef $recursiveRef anyOf oneOf allOf not if then else dependentSchemas dependencies patternProperties prefixItems ' +
    'unevaluatedItems unevaluatedProperties'
  ).split(' '),
);

const TYPES = Object.keys(KEPT) as readonly JsonType[];

export function isJsonType(value: unknown): value is JsonType {
  return TYPES.includes(value as JsonType);
}

export function typeOfValue(value: unknown): JsonType {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'object') return 'object';
  return typeof value === 'number' ? 'number' : typeof value === 'boolean' ? 'boolean' : 'string';
}

/** The keywords of a node that constrain this type: those of another type say nothing of its values. */
export function onlyOf(node: JsonSchema, type: JsonType): JsonSchema {
  const foreign = (keyword: string) =>
    isNarrowing(keyword) && !NARROWING[type].has(keyword) && !KEPT[type].has(keyword);
  const entries = Object.entries(node).filter(([keyword]) => keyword !== 'description' && !foreign(keyword));
  return { ...Object.fromEntries(entries), type };
}

/** Whether a value of `allOf` has only parts that narrow the type. */
export function isOnlyNarrowing(value: unknown, type: JsonType): boolean {
  const allowed = (keyword: string) =>
    keyword === 'type' || NARROWING[type].has(keyword) || (KEPT[type].has(keyword) && !SCHEMAS.has(keyword));
  const isOne = (part: unknown) => typeof part === 'object' && part !== null && Object.keys(part).every(allowed);
  return Array.isArray(value) && value.every(isOne);
}

const SCHEMAS = new Set(['items', 'properties', 'required', 'additionalProperties']);

/** Whether a keyword adds nothing to the others of its node. */
export function isMoot(keyword: string, value: unknown, node: JsonSchema): boolean {
  if (keyword === 'unevaluatedProperties') return node.additionalProperties === false;
  return keyword === 'unevaluatedItems' && node.items !== undefined && value === false;
}

export function isNarrowing(keyword: string): boolean {
  return Object.keys(KEPT).some(
    (type) => KEPT[type as JsonType].has(keyword) || NARROWING[type as JsonType].has(keyword),
  );
}

/** True for all keywords but annotations and unknown ones. */
export function isAssertion(keyword: string): boolean {
  return (
    keyword === 'type' ||
    keyword === 'enum' ||
    keyword === 'const' ||
    SHAPING.has(keyword) ||
    (isNarrowing(keyword) && keyword !== 'format')
  );
}

export function isOf(value: unknown, type: unknown): boolean {
  return type === 'integer' ? Number.isInteger(value) : typeOfValue(value) === type;
}
