// docs/operations.md#config: the fields of a configuration file as its table tells them, from the zod shape that checks the file.
import type { z } from 'zod';

export type ConfigField = {
  /** `batch.messages`; `members[].url` in a list. */
  readonly name: string;
  /** `required`, `none` (may be absent), or the value that it has then. */
  readonly fallback: string;
  /** Of a number: `1 to 256`, `1 and more`; empty otherwise. */
  readonly range: string;
  /** Of an object and of a list of objects. */
  readonly children: readonly ConfigField[];
};

type Shape = z.ZodType & { readonly def: { readonly type: string } & Record<string, unknown> };

/** Fields of an object, in the order of the shape. */
export function fieldsOf(shape: z.ZodType, prefix = ''): ConfigField[] {
  const { def } = unwrap(shape).inner;
  return Object.entries(def.shape as Record<string, Shape>).map(([key, part]) => fieldOf(`${prefix}${key}`, part));
}

function fieldOf(name: string, shape: Shape): ConfigField {
  const { inner, fallback } = unwrap(shape);
  return { name, fallback, range: rangeOf(inner), children: childrenOf(name, inner) };
}

function childrenOf(name: string, { def }: Shape): ConfigField[] {
  if (def.type === 'object') return fieldsOf({ def } as Shape, `${name}.`);
  if (def.type !== 'array') return [];
  const element = unwrap(def.element as Shape).inner;
  return element.def.type === 'object' ? fieldsOf(element, `${name}[].`) : [];
}

/** The shape without what tells only what an absent field means. */
function unwrap(shape: z.ZodType): { inner: Shape; fallback: string } {
  let inner = shape as Shape;
  let fallback = 'required';
  for (;;) {
    const { type, innerType, defaultValue } = inner.def;
    if (type === 'optional') fallback = fallback === 'required' ? 'none' : fallback;
    else if (type === 'default' || type === 'prefault') fallback = formatValue(defaultValue);
    else return { inner, fallback };
    inner = innerType as Shape;
  }
}

function formatValue(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'bigint') return value.toLocaleString('en-US');
  if (typeof value === 'string') return `\`${value}\``;
  const isEmpty = typeof value === 'object' && value !== null && Object.keys(value).length === 0;
  return isEmpty ? 'none' : `\`${JSON.stringify(value)}\``;
}

function rangeOf(shape: Shape): string {
  if (shape.def.type !== 'number') return '';
  const { minValue, maxValue } = shape as unknown as { minValue: number; maxValue: number };
  if (maxValue === Number.MAX_SAFE_INTEGER) return `${formatValue(minValue)} and more`;
  return `${formatValue(minValue)} to ${formatValue(maxValue)}`;
}
