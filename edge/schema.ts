// docs/edge.md#schemas: structured outputs are checked again, by one schema, whoever made them.
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import type { JsonSchema, ResponseFormat } from './backends/backend.ts';

export type SchemaCheck = (format: ResponseFormat | undefined, content: string) => string | undefined;

const MAX_SCHEMA_CHARS = 64 * 1024;
const MAX_COMPILED = 128;

/** A function that says why a content does not fit its request's `response_format`, or undefined. Compiled schemas are kept. */
export function createSchemaCheck(): SchemaCheck {
  const compiled = new Map<string, ValidateFunction | string>();
  const compile = (schema: JsonSchema): ValidateFunction | string => {
    const text = JSON.stringify(schema);
    const known = compiled.get(text);
    if (known !== undefined) return known;
    const validate =
      text.length > MAX_SCHEMA_CHARS ? `schema above ${MAX_SCHEMA_CHARS} characters` : compileSchema(schema);
    if (compiled.size >= MAX_COMPILED) compiled.delete(compiled.keys().next().value as string);
    compiled.set(text, validate);
    return validate;
  };
  return (format, content) => {
    if (format === undefined || format.type === 'text') return undefined;
    let value: unknown;
    try {
      value = JSON.parse(content);
    } catch (error) {
      return `not JSON: ${(error as Error).message}`.slice(0, 300);
    }
    const schema = format.json_schema?.schema;
    if (format.type !== 'json_schema' || schema === undefined) return undefined;
    const validate = compile(schema);
    if (typeof validate === 'string') return validate;
    if (validate(value)) return undefined;
    const { instancePath, message } = validate.errors?.[0] ?? {};
    return `${instancePath || 'value'} ${message}`.slice(0, 300);
  };
}

// An instance for each schema: two schemas may have one $id.
function compileSchema(schema: JsonSchema): ValidateFunction | string {
  try {
    return new Ajv2020({ strict: false, validateFormats: false, allErrors: false, logger: false }).compile(schema);
  } catch (error) {
    return `unusable schema: ${(error as Error).message}`.slice(0, 300);
  }
}
