// docs/sdk.md#llm: a field that a model may leave out is one that it often does: every field of an answer is required, wherever it stands.

const LISTS = ['anyOf', 'oneOf', 'allOf', 'prefixItems'] as const;
const MAPS = ['patternProperties', '$defs'] as const;

/** The path of the first optional field, in words; undefined without one. `$defs` are looked through where they stand. */
export function findOptional(node: unknown, path: string): string | undefined {
  if (typeof node !== 'object' || node === null) return undefined;
  const schema = node as Record<string, unknown>;
  const required = Array.isArray(schema.required) ? (schema.required as unknown[]) : [];
  for (const [key, value] of entriesOf(schema.properties)) {
    if (!required.includes(key)) return `${path}.${key} is optional`;
    const inner = findOptional(value, `${path}.${key}`);
    if (inner !== undefined) return inner;
  }
  const below = [
    [schema.items, `${path}[]`],
    [schema.additionalProperties, `${path}.*`],
    ...LISTS.flatMap((list) =>
      (Array.isArray(schema[list]) ? (schema[list] as unknown[]) : []).map((one) => [one, path]),
    ),
    ...MAPS.flatMap((map) => entriesOf(schema[map]).map(([name, one]) => [one, map === '$defs' ? name : `${path}.*`])),
  ] as const;
  for (const [inner, at] of below) {
    const problem = findOptional(inner, String(at));
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function entriesOf(map: unknown): [string, unknown][] {
  return typeof map === 'object' && map !== null ? Object.entries(map) : [];
}
