// docs/edge.md#openai: turns a request into the body and the headers that an endpoint gets, in the endpoint's own
// words.
import { OMITTABLE_FIELDS, type OpenAiConfig } from '../config.ts';
import { type Structured, toLoose, toStructured } from '../schema/structured.ts';
import { createTextMemo } from '../schema/text-memo.ts';
import type { ChatRequest, JsonSchema } from './backend.ts';
import { IMAGE_TOKENS, measureImages } from './messages.ts';
import type { PostAnswer } from './post.ts';

const DEFAULT_NAME = 'answer';
const MAX_REMEMBERED_CHARS = 1024 * 1024;

export type ModelCall = {
  readonly body: string;
  /** Characters of the body without its images, which are counted in tokens instead. */
  readonly chars: number;
  readonly imageTokens: number;
  /** The content is `{"value": …}` around the answer. */
  readonly wrapped: boolean;
};

export type ModelCaller = {
  encode(model: string, request: ChatRequest): ModelCall;
  readonly headers: Record<string, string>;
  /** Takes the keys out of what an endpoint says of a failure: it becomes part of a result, which is public. */
  hideSecrets(answer: PostAnswer): PostAnswer;
};

export function createModelCaller(config: OpenAiConfig, env: NodeJS.ProcessEnv): ModelCaller {
  const key = config.apiKeyEnv === undefined ? config.apiKey : (env[config.apiKeyEnv] ?? config.apiKey);
  const named = Object.entries(config.headersEnv).flatMap(([name, variable]) => {
    const value = env[variable];
    return value === undefined ? [] : [[name.toLowerCase(), value] as const];
  });
  const given = Object.entries(config.headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  const headers = {
    ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
    ...Object.fromEntries([...given, ...named]),
    'content-type': 'application/json',
  };
  const secrets = [key ?? '', ...named.map(([, value]) => value)].filter((secret) => secret !== '');
  const structured = createStructured();
  const omitted = new Set<string>(config.omit);

  const formatOf = ({ response_format: format }: ChatRequest): { format: unknown; wrapped: boolean } => {
    const given = format?.json_schema;
    if (format?.type !== 'json_schema' || given?.schema === undefined) return { format, wrapped: false };
    const name = given.name ?? DEFAULT_NAME;
    const { kind, schema, wrapped } = structured(given.schema, given.strict !== false);
    return { format: { ...format, json_schema: { ...given, name, schema, strict: kind === 'strict' } }, wrapped };
  };

  return {
    headers,
    encode: (model, request) => {
      const values = request as unknown as Record<string, unknown>;
      const { format, wrapped } = formatOf(request);
      const effort = request.reasoning_effort ?? config.reasoningEffort;
      const own: Record<string, unknown> = { ...values, response_format: format, reasoning_effort: effort };
      const passed = OMITTABLE_FIELDS.filter((field) => own[field] !== undefined && !omitted.has(field));
      const { maxTokensField } = config;
      const limit =
        request.max_tokens === undefined || maxTokensField === 'none' ? {} : { [maxTokensField]: request.max_tokens };
      const fields = Object.fromEntries(passed.map((field) => [field, own[field]]));
      const body = JSON.stringify({ ...config.extraBody, model, messages: request.messages, ...fields, ...limit });
      const { images, chars } = measureImages(request.messages);
      return {
        body,
        chars: body.length - chars,
        imageTokens: images * IMAGE_TOKENS,
        wrapped: wrapped && !omitted.has('response_format'),
      };
    },
    hideSecrets: (answer) => ({
      ...answer,
      text: secrets.reduce((text, secret) => text.replaceAll(secret, '(the key)'), answer.text),
    }),
  };
}

// All rows of a stage ask with one schema.
function createStructured(): (schema: JsonSchema, strict: boolean) => Structured {
  const memo = createTextMemo<Structured>(MAX_REMEMBERED_CHARS);
  return (schema, strict) =>
    memo(`${strict}${JSON.stringify(schema)}`, () =>
      strict ? toStructured(schema) : toLoose(schema, 'the request wants it so'),
    );
}
