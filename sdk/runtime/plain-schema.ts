// docs/sdk.md#plain-schemas: a quick yes for the rows that a schema leaves as they are; what it does not understand is zod's to say.
import type { ZodType } from 'zod';

/**
 * True: the schema accepts the value, which is JSON, and its result is the value. False: ask zod, which also says what is wrong. In
 * QuickJS a yes takes a tenth of what zod takes, and the row need not be copied and written again.
 */
export type PlainCheck = (value: unknown) => boolean;

type Def = {
  readonly type?: string;
  readonly checks?: readonly { readonly _zod?: { readonly def?: CheckDef } }[];
  readonly coerce?: boolean;
  readonly format?: string;
  readonly shape?: Readonly<Record<string, ZodType>>;
  readonly element?: ZodType;
  readonly innerType?: ZodType;
  readonly entries?: Readonly<Record<string, string | number>>;
  readonly values?: readonly unknown[];
};
type CheckDef = {
  readonly check?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly value?: number | bigint;
  readonly inclusive?: boolean;
  readonly when?: unknown;
};

const { isArray } = Array;
const { keys: keysOf } = Object;
const TRUE: PlainCheck = () => true;

/** Null: the schema has something else than objects, lists, texts, numbers and the like, with bounds at most. */
export function createPlainCheck(schema: ZodType | null): PlainCheck | null {
  const def = defOf(schema);
  const bounds = def === null ? null : boundsOf(def);
  if (def === null || bounds === null || def.coerce === true || def.format !== undefined) return null;
  const check = checkOf(def);
  if (check === null || bounds.length === 0) return check;
  return (value) => check(value) && isWithin(value as never, bounds);
}

// A loop: a function for `every` would take more than the bounds.
function isWithin(value: never, bounds: readonly Bound[]): boolean {
  const { length } = bounds;
  for (let i = 0; i < length; i++) if (!bounds[i]!(value)) return false;
  return true;
}

function checkOf(def: Def): PlainCheck | null {
  switch (def.type) {
    case 'string':
      return (value) => typeof value === 'string';
    case 'number':
      return (value) => typeof value === 'number' && value - value === 0;
    case 'boolean':
      return (value) => typeof value === 'boolean';
    case 'null':
      return (value) => value === null;
    case 'unknown':
    case 'any':
      return TRUE;
    case 'enum':
      return oneOf(Object.values(def.entries ?? {}));
    case 'literal':
      return oneOf(def.values ?? []);
    case 'nullable': {
      const inner = createPlainCheck(def.innerType ?? null);
      return inner === null ? null : (value) => value === null || inner(value);
    }
    case 'optional':
      return createPlainCheck(def.innerType ?? null);
    case 'array': {
      const inner = createPlainCheck(def.element ?? null);
      return inner === null ? null : (value) => isArray(value) && isEach(value, inner);
    }
    case 'object':
      return objectCheck(def.shape ?? {});
    default:
      return null;
  }
}

function objectCheck(shape: Readonly<Record<string, ZodType>>): PlainCheck | null {
  const checks: Record<string, PlainCheck> = Object.create(null);
  const required: string[] = [];
  for (const [name, field] of Object.entries(shape)) {
    const check = createPlainCheck(field);
    // zod sets the prototype with it.
    if (check === null || name === '__proto__') return null;
    checks[name] = check;
    if (defOf(field)?.type !== 'optional') required.push(name);
  }
  const hasOptional = required.length < Object.keys(shape).length;
  const count = required.length;
  return (value) => {
    if (typeof value !== 'object' || value === null || isArray(value)) return false;
    const keys = keysOf(value);
    const { length } = keys;
    for (let i = 0; i < length; i++) {
      const key = keys[i]!;
      // A field that the schema has not: zod takes it away, or refuses it.
      const check = checks[key];
      if (check === undefined || !check((value as Record<string, unknown>)[key])) return false;
    }
    if (!hasOptional) return length === count;
    for (let i = 0; i < count; i++) if (!Object.hasOwn(value, required[i]!)) return false;
    return true;
  };
}

function isEach(list: readonly unknown[], check: PlainCheck): boolean {
  const { length } = list;
  for (let i = 0; i < length; i++) if (!check(list[i])) return false;
  return true;
}

function oneOf(values: readonly unknown[]): PlainCheck {
  if (values.some((value) => typeof value === 'object' && value !== null)) return () => false;
  if (values.some((value) => typeof value !== 'string')) return (value) => values.includes(value);
  const known: Record<string, true> = Object.create(null);
  for (const value of values) known[value as string] = true;
  return (value) => typeof value === 'string' && known[value] === true;
}

type Bound = (value: never) => boolean;

/** Null: one of them is no bound. */
function boundsOf({ checks = [] }: Def): readonly Bound[] | null {
  const bounds: Bound[] = [];
  for (const one of checks) {
    const bound = boundOf(one._zod?.def ?? {});
    if (bound === null) return null;
    bounds.push(bound);
  }
  return bounds;
}

function boundOf({ check, minimum, maximum, value, inclusive }: CheckDef): Bound | null {
  switch (check) {
    case 'min_length':
      return (sized: { readonly length: number }) => sized.length >= minimum!;
    case 'max_length':
      return (sized: { readonly length: number }) => sized.length <= maximum!;
    case 'greater_than':
      return inclusive === true ? (number: number) => number >= value! : (number: number) => number > value!;
    case 'less_than':
      return inclusive === true ? (number: number) => number <= value! : (number: number) => number < value!;
    default:
      return null;
  }
}

function defOf(schema: ZodType | null): Def | null {
  return (schema as { readonly _zod?: { readonly def?: Def } } | null)?._zod?.def ?? null;
}
