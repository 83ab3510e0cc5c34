// docs/edge.md#strict-subset: whether no value fits two branches of a `oneOf`; if so, it means what `anyOf` means.
import type { JsonSchema } from '../backends/backend.ts';
import { isJsonType, type JsonType, typeOfValue } from './subset.ts';

/** One way to fit a branch, as far as it can be told from the others. */
type Alternative = {
  readonly types: ReadonlySet<JsonType>;
  /** JSON of the only values that fit, if the schema names them. */
  readonly values: ReadonlySet<string> | undefined;
  readonly node: JsonSchema;
};

type Look = (ref: string) => JsonSchema | undefined;

const MAX_ALTERNATIVES = 64;
const MAX_REFS = 16;

/** False also if it cannot be told. `look` finds what a `$ref` names. */
export function areDisjoint(branches: readonly unknown[], look: Look): boolean {
  const budget = { left: MAX_ALTERNATIVES };
  const alternatives: Alternative[][] = [];
  for (const branch of branches) {
    const own = alternativesOf(branch, look, budget);
    if (own === undefined) return false;
    alternatives.push(own);
  }
  return alternatives.every((own, i) =>
    alternatives.slice(i + 1).every((others) => own.every((a) => others.every((b) => excludes(a, b, look)))),
  );
}

function alternativesOf(branch: unknown, look: Look, budget: { left: number }): Alternative[] | undefined {
  budget.left -= 1;
  const node = budget.left < 0 ? undefined : resolve(branch, look);
  if (node === undefined) return undefined;
  const inner = node.anyOf ?? node.oneOf;
  if (Array.isArray(inner)) {
    const all: Alternative[] = [];
    for (const one of inner) {
      const own = alternativesOf(one, look, budget);
      if (own === undefined) return undefined;
      all.push(...own);
    }
    return all;
  }
  const values = valuesOf(node);
  if (values !== undefined) {
    const types = new Set(values.map(typeOfValue));
    return [{ types, values: new Set(values.map((value) => JSON.stringify(value))), node }];
  }
  const types = Array.isArray(node.type) ? node.type : [node.type];
  return types.every(isJsonType) ? [{ types: new Set(types), values: undefined, node }] : undefined;
}

function excludes(a: Alternative, b: Alternative, look: Look): boolean {
  if (a.values !== undefined && b.values !== undefined) return !meet(a.values, b.values);
  if (!meet(widen(a.types), widen(b.types))) return true;
  return (
    isOnlyObject(a) &&
    isOnlyObject(b) &&
    (areToldApart(a.node, b.node, look) || lacks(a.node, b.node) || lacks(b.node, a.node))
  );
}

// An integer is a number too.
function widen(types: ReadonlySet<JsonType>): Set<JsonType> {
  return new Set([...types].map((type) => (type === 'integer' ? 'number' : type)));
}

function isOnlyObject({ types, values }: Alternative): boolean {
  return values === undefined && types.size === 1 && types.has('object');
}

/** Whether a property that both require has no value in common. */
function areToldApart(a: JsonSchema, b: JsonSchema, look: Look): boolean {
  const required = requiredOf(b);
  return [...requiredOf(a)].some((name) => {
    if (!required.has(name)) return false;
    const [one, other] = [propertyOf(a, name, look), propertyOf(b, name, look)];
    return one !== undefined && other !== undefined && !meet(one, other);
  });
}

/** Whether `a` requires a property that `b` does not allow. */
function lacks(a: JsonSchema, b: JsonSchema): boolean {
  if (b.additionalProperties !== false || b.patternProperties !== undefined) return false;
  return [...requiredOf(a)].some((name) => !Object.hasOwn((b.properties ?? {}) as object, name));
}

function propertyOf(node: JsonSchema, name: string, look: Look): Set<string> | undefined {
  const properties = (node.properties ?? {}) as Record<string, unknown>;
  const property = Object.hasOwn(properties, name) ? resolve(properties[name], look) : undefined;
  const values = property === undefined ? undefined : valuesOf(property);
  return values === undefined ? undefined : new Set(values.map((value) => JSON.stringify(value)));
}

function requiredOf({ required }: JsonSchema): Set<string> {
  return new Set(Array.isArray(required) ? required.filter((name) => typeof name === 'string') : []);
}

function valuesOf(node: JsonSchema): readonly unknown[] | undefined {
  if ('const' in node) return [node.const];
  return Array.isArray(node.enum) ? node.enum : undefined;
}

function resolve(branch: unknown, look: Look): JsonSchema | undefined {
  let node = branch;
  for (let i = 0; i < MAX_REFS; i++) {
    if (typeof node !== 'object' || node === null || Array.isArray(node)) return undefined;
    const { $ref } = node as JsonSchema;
    if (typeof $ref !== 'string') return node as JsonSchema;
    node = look($ref);
  }
  return undefined;
}

function meet<T>(a: ReadonlySet<T>, b: ReadonlySet<T>): boolean {
  return [...a].some((value) => b.has(value));
}
