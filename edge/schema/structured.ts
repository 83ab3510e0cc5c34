// docs/edge.md#strict-subset: the schema that is sent to an endpoint in strict mode instead of a request's own: of the
// same meaning, or wider where strict mode has no keyword. The answer is always checked by the request's own schema.
import type { JsonSchema } from '../backends/backend.ts';
import { areDisjoint } from './disjoint.ts';
import {
  isAssertion,
  isJsonType,
  isMoot,
  isNarrowing,
  isOf,
  isOnlyNarrowing,
  type JsonType,
  KEPT,
  NARROWING,
  onlyOf,
  SHAPING,
  STRICT_FORMATS,
  STRICT_LIMITS,
  typeOfValue,
} from './subset.ts';
import { moveRefs, WRAPPER, wrap } from './wrapper.ts';

export type Structured =
  | {
      readonly kind: 'strict';
      readonly schema: JsonSchema;
      /** The schema is `{"value": …}` around what was asked for: strict mode wants an object at the root. */
      readonly wrapped: boolean;
      /** Places of keywords that are not sent, like `/properties/name/maxLength`. */
      readonly dropped: readonly string[];
    }
  /** Strict mode cannot say it: the schema is sent as it is, and does not bind the model. */
  | { readonly kind: 'loose'; readonly schema: JsonSchema; readonly wrapped: boolean; readonly reason: string };

const MAX_DEPTH = 64;
// More than any schema has that answers are checked by (docs/edge.md#schema-bounds).
const MAX_NODES = 8_192;
const MAX_CHARS = 256 * 1024;

/**
 * Never throws, whatever the schema is. The time is linear in the schema's size, which is bounded
 * (docs/edge.md#schema-bounds).
 */
export function toStructured(schema: unknown): Structured {
  try {
    if (JSON.stringify(schema).length > MAX_CHARS) throw new Outside('', 'the schema is too large');
    return rewrite(schema);
  } catch (error) {
    if (error instanceof Outside) return toLoose(schema, `${error.at === '' ? 'the root' : error.at}: ${error.why}`);
    if (error instanceof RangeError || error instanceof TypeError)
      return toLoose(schema, 'the root: the schema is none');
    throw error;
  }
}

/**
 * The schema as it is, within an object if its root is none: endpoints want that also without strict mode. Never
 * throws.
 */
export function toLoose(schema: unknown, reason: string): Extract<Structured, { kind: 'loose' }> {
  const given = schema as JsonSchema;
  const isSchema = typeof schema === 'object' && schema !== null && !Array.isArray(schema);
  if (!isSchema || given.type === 'object') return { kind: 'loose', schema: given, wrapped: false, reason };
  try {
    return { kind: 'loose', schema: wrap(moveRefs(given, `#/properties/${WRAPPER}`)), wrapped: true, reason };
  } catch (error) {
    if (error instanceof RangeError) return { kind: 'loose', schema: given, wrapped: false, reason };
    throw error;
  }
}

/** Something is not within strict mode's subset: where, and why. */
class Outside extends Error {
  readonly at: string;
  readonly why: string;

  constructor(at: string, why: string) {
    super(why);
    this.name = 'Outside';
    this.at = at;
    this.why = why;
  }
}

function rewrite(schema: unknown): Structured {
  const root = asSchema(schema, '');
  const target = rootOf(root);
  const wrapped = target.type !== 'object';
  const names = definitionsOf(root);
  const rootName = freeName('root', names);
  const definitions = new Map<string, JsonSchema>();
  const waiting: { name: string; node: unknown; at: string }[] = [];
  const dropped: string[] = [];
  const counts = { nodes: 0, properties: 0, chars: 0, enums: 0 };

  const lookUp = (ref: string): JsonSchema | undefined => {
    if (ref === '#') return target;
    const node = names.get(ref)?.node;
    return typeof node === 'object' && node !== null ? (node as JsonSchema) : undefined;
  };

  // A definition is written at the first reference to it.
  const refer = (ref: unknown, at: string): string => {
    if (ref === '#' && !wrapped) return '#';
    const named = ref === '#' ? { name: rootName, node: target, at: '' } : names.get(String(ref));
    if (named === undefined) throw new Outside(at, `a reference to ${String(ref).slice(0, 60)}`);
    if (!definitions.has(named.name)) {
      definitions.set(named.name, {});
      counts.chars += named.name.length;
      waiting.push(named);
    }
    return `#/$defs/${escapePointer(named.name)}`;
  };

  const write = (given: unknown, at: string, level: number): JsonSchema => {
    const node = asSchema(given, at);
    counts.nodes += 1;
    if (counts.nodes > MAX_NODES || at.length > MAX_CHARS) throw new Outside(at, 'the schema is too large');
    if (level > STRICT_LIMITS.levels) throw new Outside(at, `more than ${STRICT_LIMITS.levels} levels`);
    const text = typeof node.description === 'string' ? { description: node.description } : {};
    if (node.$ref !== undefined) return withReference(node, at);
    const values = 'const' in node ? [node.const] : node.enum;
    if (Array.isArray(values)) return { ...writeValues(node, values, at), ...text };
    const branches = node.anyOf ?? node.oneOf;
    if (Array.isArray(branches)) return { ...writeBranches(node, branches, at, level), ...text };
    const types = Array.isArray(node.type) ? node.type : [node.type];
    if (types.length === 0 || !types.every(isJsonType)) throw new Outside(at, 'any value: it has no type');
    if (types.length === 1) return writeTyped(node, types[0] as JsonType, at, level);
    return { anyOf: types.map((type) => writeTyped(onlyOf(node, type), type, at, level)), ...text };
  };

  const withReference = (node: JsonSchema, at: string): JsonSchema => {
    const beside = Object.keys(node).find((keyword) => keyword !== '$ref' && isAssertion(keyword));
    if (beside !== undefined) throw new Outside(at, `${beside} beside a reference`);
    return { $ref: refer(node.$ref, at) };
  };

  const writeValues = (node: JsonSchema, values: readonly unknown[], at: string): JsonSchema => {
    const beside = Object.keys(node).find((keyword) => SHAPING.has(keyword));
    if (beside !== undefined) throw new Outside(at, `${beside} beside its values`);
    const types = Array.isArray(node.type) ? node.type : node.type === undefined ? undefined : [node.type];
    const fitting = values.filter((value) => types === undefined || types.some((type) => isOf(value, type)));
    if (fitting.length === 0) throw new Outside(at, 'no value');
    if (fitting.some((value) => typeof value === 'object' && value !== null))
      throw new Outside(at, 'a list or an object as a value');
    if (Object.keys(node).some((keyword) => isNarrowing(keyword))) throw new Outside(at, 'keywords beside its values');
    const chars = fitting.reduce<number>((sum, value) => sum + String(value).length, 0);
    counts.chars += chars;
    if (!('const' in node)) {
      counts.enums += fitting.length;
      if (fitting.length > STRICT_LIMITS.largeEnum && chars > STRICT_LIMITS.largeEnumChars)
        throw new Outside(at, `an enum of ${fitting.length} values with ${chars} characters`);
    }
    const byType = new Map<JsonType, unknown[]>();
    for (const value of fitting) byType.set(typeOfValue(value), [...(byType.get(typeOfValue(value)) ?? []), value]);
    const parts = [...byType].map(([type, list]): JsonSchema => {
      if (type === 'null') return { type };
      return 'const' in node ? { type, const: list[0] } : { type, enum: list };
    });
    return parts.length === 1 ? (parts[0] as JsonSchema) : { anyOf: parts };
  };

  const writeBranches = (node: JsonSchema, branches: readonly unknown[], at: string, level: number): JsonSchema => {
    const keyword = node.anyOf === undefined ? 'oneOf' : 'anyOf';
    const beside = Object.keys(node).find((other) => other !== keyword && isAssertion(other));
    if (beside !== undefined) throw new Outside(at, `${beside} beside ${keyword}`);
    if (branches.length === 0) throw new Outside(at, 'no branch');
    if (keyword === 'oneOf' && !areDisjoint(branches, lookUp))
      throw new Outside(at, 'branches that a value may fit both of');
    const written = branches.map((branch, i) => write(branch, `${at}/${keyword}/${i}`, level));
    return written.length === 1 ? (written[0] as JsonSchema) : { anyOf: written };
  };

  const writeTyped = (node: JsonSchema, type: JsonType, at: string, level: number): JsonSchema => {
    const copy: Record<string, unknown> = { type };
    const untold: Record<string, unknown> = {};
    const drop = (keyword: string) => {
      dropped.push(`${at}/${keyword}`);
      untold[keyword] = node[keyword];
    };
    for (const [keyword, value] of Object.entries(node)) {
      if (keyword === 'allOf' && isOnlyNarrowing(value, type)) drop(keyword);
      else if (SHAPING.has(keyword) && !isMoot(keyword, value, node))
        throw new Outside(`${at}/${keyword}`, 'strict mode has no such keyword');
      else if (keyword === 'propertyNames' && namesOf(value) !== undefined && node.properties === undefined) continue;
      else if (NARROWING[type].has(keyword) && value !== false) drop(keyword);
      else if (keyword === 'pattern' && typeof value === 'string' && /\(\?[=!<]/.test(value)) drop(keyword);
      else if (keyword === 'format' ? STRICT_FORMATS.has(String(value)) : KEPT[type].has(keyword))
        copy[keyword] = value;
    }
    if (type === 'array') copy.items = write(itemsOf(node, at), `${at}/items`, level + 1);
    if (type === 'object') {
      const properties = Object.entries(propertiesOf(node, at));
      counts.properties += properties.length;
      counts.chars += properties.reduce((sum, [name]) => sum + name.length, 0);
      const written = properties.map(([name, one]) => [
        name,
        write(one, `${at}/properties/${escapePointer(name)}`, level + 1),
      ]);
      copy.properties = Object.fromEntries(written);
      copy.required = properties.map(([name]) => name);
      copy.additionalProperties = false;
    }
    const description = describe(node.description, untold);
    return description === '' ? copy : { ...copy, description };
  };

  const written = write(target, '', wrapped ? 2 : 1);
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
    definitions.set(next.name, write(next.node, next.at, 1));
  if (counts.properties + Number(wrapped) > STRICT_LIMITS.properties)
    throw new Outside('', `more than ${STRICT_LIMITS.properties} properties`);
  if (counts.chars > STRICT_LIMITS.nameChars)
    throw new Outside('', `names and values of more than ${STRICT_LIMITS.nameChars} characters`);
  if (counts.enums > STRICT_LIMITS.enumValues)
    throw new Outside('', `more than ${STRICT_LIMITS.enumValues} values of enums`);
  const $defs = definitions.size === 0 ? {} : { $defs: Object.fromEntries(definitions) };
  const whole = wrapped ? wrap(written) : written;
  return { kind: 'strict', schema: { ...whole, ...$defs }, wrapped, dropped };
}

/** The root of a schema, with its references followed. */
function rootOf(root: JsonSchema): JsonSchema {
  const names = definitionsOf(root);
  let node = root;
  for (let i = 0; typeof node.$ref === 'string'; i++) {
    const beside = Object.keys(node).find((keyword) => keyword !== '$ref' && isAssertion(keyword));
    const next = names.get(node.$ref)?.node;
    if (beside !== undefined || next === undefined || i === MAX_DEPTH) throw new Outside('', 'a reference at the root');
    node = asSchema(next, node.$ref.slice(1));
  }
  return node;
}

type Definition = { readonly name: string; readonly node: unknown; readonly at: string };

/** The definitions by the references that name them. */
function definitionsOf(root: JsonSchema): Map<string, Definition> {
  const found = new Map<string, Definition>();
  for (const keyword of ['$defs', 'definitions']) {
    const taken = new Set([...found.values()].map(({ name }) => name));
    const list = root[keyword];
    if (typeof list !== 'object' || list === null) continue;
    for (const [name, node] of Object.entries(list)) {
      const at = `/${keyword}/${escapePointer(name)}`;
      found.set(`#${at}`, { name: taken.has(name) ? freeName(name, found) : name, node, at });
    }
  }
  return found;
}

function freeName(wanted: string, found: ReadonlyMap<string, Definition>): string {
  const names = new Set([...found.values()].map(({ name }) => name));
  let name = wanted;
  for (let i = 2; names.has(name); i++) name = `${wanted}${i}`;
  return name;
}

function asSchema(value: unknown, at: string): JsonSchema {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Outside(at, 'any value, or none');
  return value as JsonSchema;
}

function itemsOf(node: JsonSchema, at: string): unknown {
  if (node.items === undefined || typeof node.items === 'boolean') throw new Outside(at, 'a list of anything');
  return node.items;
}

// A record whose keys are all named and required becomes an object with these properties.
function propertiesOf(node: JsonSchema, at: string): Record<string, unknown> {
  const properties = (node.properties ?? {}) as Record<string, unknown>;
  const required: readonly unknown[] = Array.isArray(node.required) ? node.required : [];
  const names = namesOf(node.propertyNames);
  const { additionalProperties } = node;
  const isRecord =
    names !== undefined &&
    node.properties === undefined &&
    typeof additionalProperties === 'object' &&
    additionalProperties !== null;
  if (
    isRecord &&
    names.every((name) => typeof name === 'string' && required.includes(name)) &&
    required.length === names.length
  )
    return Object.fromEntries(names.map((name) => [name, additionalProperties]));
  if (additionalProperties !== false) throw new Outside(at, 'an object of which not all fields are named');
  const optional = Object.keys(properties).find((name) => !required.includes(name));
  if (optional !== undefined)
    throw new Outside(`${at}/properties/${escapePointer(optional)}`, 'a field that may be left out');
  const missing = required.find((name) => !Object.hasOwn(properties, String(name)));
  if (missing !== undefined)
    throw new Outside(at, `a required field that is not described: ${String(missing).slice(0, 60)}`);
  return properties;
}

/** All names that a record may have, if the schema lists them and says nothing else of names. */
function namesOf(propertyNames: unknown): readonly unknown[] | undefined {
  if (typeof propertyNames !== 'object' || propertyNames === null) return undefined;
  const { type, const: only, enum: listed, ...more } = propertyNames as JsonSchema;
  const names = listed ?? (only === undefined ? undefined : [only]);
  const isPlain =
    (type === undefined || type === 'string') &&
    !(listed !== undefined && only !== undefined) &&
    !Object.keys(more).some(isAssertion);
  return isPlain && Array.isArray(names) ? names : undefined;
}

// A keyword that is not sent is told to the model in the description.
function describe(given: unknown, untold: Readonly<Record<string, unknown>>): string {
  const told = typeof given === 'string' ? given : '';
  return Object.keys(untold).length === 0
    ? told
    : `${told}${told === '' ? '' : ' '}Must fit ${JSON.stringify(untold)}.`;
}

const escapePointer = (name: string) => name.replaceAll('~', '~0').replaceAll('/', '~1');
