// docs/edge.md#openai: what providers answer, good and bad, as they document it or are known to do it: for tests of all that asks them.
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import type { MockAnswer } from './mock-openai.ts';

/** The answer to the n-th call of a mode, from 1. */
type Mode = (call: number) => MockAnswer;

type Message = { readonly content?: unknown; readonly [field: string]: unknown };

const GOOD = '{"label":"pos","n":1}';
const USAGE = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };

const chat = (message: Message, finish: unknown = 'stop', more: object = { usage: USAGE }): MockAnswer => ({
  body: JSON.stringify({
    id: 'c',
    object: 'chat.completion',
    created: 1,
    model: 'm',
    choices: [{ index: 0, message: { role: 'assistant', ...message }, finish_reason: finish }],
    ...more,
  }),
});
const says =
  (content: string, finish?: string): Mode =>
  () =>
    chat({ content }, finish);
const good = says(GOOD);
const fails = (status: number, message: string, code: string, headers: Record<string, string> = {}): MockAnswer => ({
  status,
  headers,
  body: JSON.stringify({ error: { message, type: code, param: null, code } }),
});
/** So answered `times` times, and then well. */
const first =
  (times: number, answer: MockAnswer): Mode =>
  (call) =>
    call <= times ? answer : good(call);

/** OpenAI: https://developers.openai.com/api/reference/chat-completions */
const OPENAI = {
  ok: good,
  'length-json': says('{"label":"pos","n":', 'length'),
  'length-whole': says(GOOD, 'length'),
  'length-text': says('The answer to your question is', 'length'),
  filter: says('', 'content_filter'),
  'filter-part': says('Part of a', 'content_filter'),
  null: () => chat({ content: null }),
  empty: says(''),
  tool: () =>
    chat(
      { content: null, tool_calls: [{ id: 't', type: 'function', function: { name: 'x', arguments: GOOD } }] },
      'tool_calls',
    ),
  'tool-empty': () => chat({ content: '', tool_calls: [{ id: 't', type: 'function', function: { name: 'x' } }] }),
  'tool-beside': () => chat({ content: GOOD, tool_calls: [{ id: 't', type: 'function', function: { name: 'x' } }] }),
  'tools-none': () => chat({ content: GOOD, tool_calls: [], function_call: null }),
  function: () => chat({ content: null, function_call: { name: 'x', arguments: GOOD } }, 'function_call'),
  parts: () =>
    chat({
      content: [
        { type: 'text', text: GOOD.slice(0, 9) },
        { type: 'text', text: GOOD.slice(9) },
      ],
    }),
  refusal: () => chat({ content: null, refusal: 'I cannot help with that request.' }),
  'refusal-empty': () => chat({ content: GOOD, refusal: '' }),
  '429': first(2, fails(429, 'Rate limit reached', 'rate_limit_exceeded', { 'retry-after': '0.01' })),
  '429ms': first(1, fails(429, 'Rate limit reached', 'rate_limit_exceeded', { 'retry-after-ms': '10' })),
  '429date': first(
    1,
    fails(429, 'Rate limit reached', 'rate_limit_exceeded', { 'retry-after': new Date(0).toUTCString() }),
  ),
  '429quota': () => fails(429, 'You exceeded your current quota, please check your plan.', 'insufficient_quota'),
  '400': () =>
    fails(
      400,
      "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
      'unsupported_parameter',
    ),
  '400ctx': () => fails(400, "This model's maximum context length is 8192 tokens.", 'context_length_exceeded'),
  '401': () => fails(401, 'Incorrect API key provided.', 'invalid_api_key'),
  '403': () => fails(403, 'Your country is not supported.', 'unsupported_country_region_territory'),
  '404': () => fails(404, 'The model `m` does not exist', 'model_not_found'),
} satisfies Record<string, Mode>;

/** vLLM, llama.cpp, Ollama, and models that run on them. */
const LOCAL = {
  fence: says(`\`\`\`json\n${GOOD}\n\`\`\``),
  fence2: says(`\`\`\`\n${GOOD}\n\`\`\`\n`),
  prose: says(`Here is the JSON:\n${GOOD}`),
  think: says(`<think>\nhm\n</think>\n\n${GOOD}`),
  bomws: says(`\ufeff \n${GOOD}\n\n`),
  reasoning: () => chat({ content: GOOD, reasoning_content: 'thought' }),
  'reasoning-vllm': () => chat({ content: GOOD, reasoning: 'thought' }),
  'reasoning-only': () => chat({ content: null, reasoning_content: GOOD }),
  'null-length': () => chat({ content: null, reasoning_content: 'thinking' }, 'length'),
  'no-finish': () => chat({ content: GOOD }, null),
  eos: says(GOOD, 'eos_token'),
  nousage: () => chat({ content: GOOD }, 'stop', {}),
  strusage: () => chat({ content: GOOD }, 'stop', { usage: { prompt_tokens: '10', completion_tokens: null } }),
  'ollama-404': () => ({ status: 404, body: '{"error":"model \\"m\\" not found, try pulling it first"}' }),
  'llama-503': first(1, {
    status: 503,
    body: '{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}',
  }),
  'vllm-400': () => ({
    status: 400,
    body: '{"object":"error","message":"max_tokens must be at least 1","type":"BadRequestError","code":400}',
  }),
  'no-images': () => ({
    status: 500,
    body: '{"error":{"code":500,"message":"image input is not supported - hint: you may need to provide the mmproj","type":"server_error"}}',
  }),
  'no-images-404': () => fails(404, 'No endpoints found that support image input', '404'),
  'no-images-400': () => fails(400, 'this model does not support images', 'invalid_request_error'),
  'detail-422': () => ({ status: 422, body: '{"detail":"messages.0.content: too long"}' }),
} satisfies Record<string, Mode>;

/** OpenRouter and other relays, proxies, and what stands at a wrong address. */
const RELAYS = {
  '503': first(2, { status: 503, body: 'upstream connect error' }),
  '529': first(1, { status: 529, body: '{"type":"error","error":{"type":"overloaded_error"}}' }),
  '402': () => ({ status: 402, body: '{"error":{"message":"Insufficient credits","code":402}}' }),
  '200err': first(1, { body: '{"error":{"message":"Provider returned error","code":502}}' }),
  '200err-400': () => ({ body: '{"error":{"message":"Provider returned error","code":400}}' }),
  'choice-error': first(1, {
    body: '{"choices":[{"error":{"code":502,"message":"lost"},"finish_reason":"error","message":{"content":""}}]}',
  }),
  nochoices: first(1, { body: '{"id":"x","choices":[]}' }),
  html: () => ({ headers: { 'content-type': 'text/html' }, body: '<html>login</html>' }),
  sse: () => ({ headers: { 'content-type': 'text/event-stream' }, body: 'data: {"choices":[]}\n\ndata: [DONE]\n\n' }),
  cut: first(1, { body: '{"choices":[{"mess', cut: true }),
  reset: first(1, { hangUp: true }),
  '307': () => ({ status: 307, headers: { location: 'https://elsewhere.example/v1/chat/completions' }, body: '' }),
} satisfies Record<string, Mode>;

const packed = (encoding: string, body: string | Uint8Array, status = 200): MockAnswer => ({
  status,
  headers: { 'content-encoding': encoding },
  body,
});
const WHOLE = chat({ content: GOOD }).body as string;

/** What an answer looks like when something stands between the endpoint and who asks, or a server has its own way. */
const WIRE = {
  gzip: () => packed('gzip', gzipSync(WHOLE)),
  deflate: () => packed('deflate', deflateSync(WHOLE)),
  brotli: () => packed('br', brotliCompressSync(WHOLE)),
  'gzip-in-name': () => packed('gzip', WHOLE),
  'gzip-cut': first(1, packed('gzip', gzipSync(WHOLE).subarray(0, 40))),
  'gzip-error': () => packed('gzip', gzipSync('{"error":{"message":"bad thing"}}'), 400),
  'gzip-bomb': () => packed('gzip', gzipSync(Buffer.alloc(64 * 1024 * 1024), { level: 1 })),
  zstd: first(1, packed('zstd', Buffer.of(0x28, 0xb5, 0x2f, 0xfd, 0))),
  bom: () => ({ body: `\ufeff${WHOLE}` }),
  'not-utf8': first(1, { body: Buffer.from(WHOLE.replace('"id":"c"', '"id":"\xe9"'), 'latin1') }),
  '201': () => ({ status: 201, body: WHOLE }),
  '204': first(1, { status: 204, body: '' }),
  'plain-type': () => ({ headers: { 'content-type': 'text/plain' }, body: WHOLE }),
  'two-choices': () => ({
    body: JSON.stringify({ choices: [GOOD, 'other'].map((content) => ({ message: { content } })), usage: USAGE }),
  }),
  'no-message': first(1, { body: '{"choices":[{"text":"old"}]}' }),
  delta: first(1, { body: '{"choices":[{"delta":{"content":"x"}}]}' }),
  'null-body': first(1, { body: 'null' }),
  'empty-body': first(1, { body: '' }),
  'sse-text': first(1, { body: `data: ${WHOLE}\n\ndata: [DONE]\n\n` }),
  'object-content': () => chat({ content: { label: 'pos', n: 1 } }),
  'image-part': () => chat({ content: [{ type: 'image_url', image_url: { url: 'data:' } }] }),
  'text-and-image': () => chat({ content: [{ type: 'text', text: GOOD }, { type: 'image_url' }] }),
  'no-part': () => chat({ content: [] }),
  'finish-capitals': says(GOOD, 'STOP'),
  'finish-length-capitals': says(GOOD, 'MAX_TOKENS'),
  'finish-other': says(GOOD, 'SAFETY'),
  'length-tool': () => chat({ content: null, tool_calls: [{ id: 't', type: 'function' }] }, 'length'),
  'error-null': () => chat({ content: GOOD }, 'stop', { error: null, usage: USAGE }),
  'error-text': first(1, { body: '{"error":"overloaded"}' }),
  'usage-negative': () => chat({ content: GOOD }, 'stop', { usage: { prompt_tokens: -5, completion_tokens: 1e300 } }),
  '413': () => ({ status: 413, headers: { 'content-type': 'text/html' }, body: '<html>413 Too Large</html>' }),
  '418': () => fails(418, 'I am a teapot', 'teapot'),
  '301': () => ({ status: 301, headers: { location: 'https://elsewhere.example/' }, body: '' }),
  '308': () => ({ status: 308, body: '' }),
  '500-never': () => ({ status: 500, headers: { 'x-should-retry': 'false' }, body: '{"error":"broken"}' }),
  large: () => ({ body: ' '.repeat(17 * 1024 * 1024) }),
} satisfies Record<string, Mode>;

/** What models say where they are not bound to the schema. */
const UNBOUND = {
  extra: says('{"label":"pos","n":1,"why":"x"}'),
  numstr: says('{"label":"pos","n":"1"}'),
  case: says('{"label":"Pos","n":1}'),
  dupkeys: says('{"label":"neg","label":"pos","n":1}'),
  array: says(`[${GOOD}]`),
  two: says(`${GOOD}\n${GOOD}`),
  single: says("{'label':'pos','n':1}"),
  missing: says('{"label":"pos"}'),
  float: says('{"label":"pos","n":1.0}'),
  'too-many-digits': says('{"label":"pos","n":9007199254740993}'),
  'too-large': says('{"label":"pos","n":1e999}'),
  'minus-zero': says('{"label":"pos","n":-0}'),
  nan: says('{"label":"pos","n":NaN}'),
  'null-value': says('{"label":"pos","n":null}'),
  proto: says('{"label":"pos","n":1,"__proto__":{"x":1}}'),
  comma: says('{"label":"pos","n":1,}'),
  comment: says('{"label":"pos",/* one */"n":1}'),
  'twice-encoded': says(JSON.stringify(GOOD)),
  lines: says('{\r\n  "label": "pos",\r\n  "n": 1\r\n}\r\n'),
  'fence-open': says(`\`\`\`json\n${GOOD}`),
  'think-open': says(`<think>hm ${GOOD}`),
  'think-twice': says(`<think>a</think>\n<think>b</think>\n\`\`\`json\n${GOOD}\n\`\`\``),
  deep: says('['.repeat(3000) + ']'.repeat(3000)),
  surrogate: () => ({
    body: `{"choices":[{"message":{"content":${JSON.stringify(GOOD).slice(0, -1)} \\ud83d"},"finish_reason":"stop"}]}`,
  }),
} satisfies Record<string, Mode>;

export const PROVIDER_MODES = { ...OPENAI, ...LOCAL, ...RELAYS, ...WIRE, ...UNBOUND };

export type ProviderMode = keyof typeof PROVIDER_MODES;

/** For `startMockOpenAi`: the last message says `MODE:name`. */
export function createProviderAnswers(): {
  readonly answer: (request: { readonly messages: readonly { readonly content: string }[] }) => MockAnswer;
  calls(mode: string): number;
} {
  const counts = new Map<string, number>();
  return {
    answer: ({ messages }) => {
      const text = messages.map(({ content }) => content).join('\n');
      const mode = (/MODE:(\S+)/.exec(text)?.[1] ?? 'ok') as ProviderMode;
      const call = (counts.get(mode) ?? 0) + 1;
      counts.set(mode, call);
      return PROVIDER_MODES[mode](call);
    },
    calls: (mode) => counts.get(mode) ?? 0,
  };
}
