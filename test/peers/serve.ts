// docs/court.md#class-b-tests: a model server that speaks OpenAI's chat completions, over one of the engines, as a process:
// `node --import ./scripts/ts.mjs test/peers/serve.ts ENGINE FILE`. It prints its address, and serves until it is killed.
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Engine, MODEL_ENGINES, type ModelEngine, type TokenScore } from './engine.ts';

type Asked = {
  readonly model?: string;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  readonly max_tokens?: number;
  readonly temperature?: number;
  readonly seed?: number;
  readonly logprobs?: boolean;
  /** As vLLM has them. */
  readonly prompt_logprobs?: number;
  readonly add_generation_prompt?: boolean;
  readonly continue_final_message?: boolean;
};

const MAX_TOKENS = 256;
const [, , name = '', file = ''] = process.argv;
const open = MODEL_ENGINES[name as ModelEngine];
if (open === undefined)
  throw new Error(`expected an engine of ${Object.keys(MODEL_ENGINES).join(', ')}, not "${name}"`);
const engine = await open(file);
let turn: Promise<unknown> = Promise.resolve();

const server = createServer(async (request, response) => {
  const answered = turn.then(async () => answer(engine, JSON.parse(await read(request)) as Asked));
  turn = answered.catch(() => undefined);
  const [status, body] = await answered.then(
    (given) => [200, given] as const,
    (error: unknown) => [500, { error: { message: String(error) } }] as const,
  );
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
});
server.listen(0, '127.0.0.1', () => {
  // The engines write to the standard output too: the address begins with a mark.
  process.stdout.write(`\nserves http://127.0.0.1:${(server.address() as AddressInfo).port}/v1\n`);
});

async function read(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}

async function answer(engine: Engine, asked: Asked): Promise<object> {
  const prompt = toPrompt(asked);
  const { temperature = 1, seed = 0 } = asked;
  const given = await engine.generate(prompt, { temperature, seed, maxTokens: asked.max_tokens ?? MAX_TOKENS });
  const promptTokens = await engine.countTokens(prompt);
  const scored = asked.prompt_logprobs === undefined ? undefined : await engine.score?.(prompt);
  if (asked.prompt_logprobs !== undefined && scored === undefined)
    throw new Error('this engine does not tell prompt_logprobs');
  return {
    object: 'chat.completion',
    model: asked.model,
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: given.text },
        finish_reason: given.isEnded ? 'stop' : 'length',
        // Of the first token, which is what a validator looks at.
        logprobs: scored === undefined ? null : { content: [{ token: '', logprob: scored.next.logprob }] },
      },
    ],
    usage: {
      prompt_tokens: promptTokens,
      completion_tokens: given.tokens,
      total_tokens: promptTokens + given.tokens,
    },
    ...(scored === undefined ? {} : { prompt_logprobs: [null, ...scored.scores.map(toPosition)] }),
  };
}

/** What vLLM says of a token of the prompt with `prompt_logprobs: 1`. */
function toPosition({ token, logprob, top }: TokenScore): object {
  return { [top.token]: { logprob: top.logprob, rank: 1 }, [token]: { logprob } };
}

/** The template of the model file. */
function toPrompt({ messages, add_generation_prompt = true, continue_final_message = false }: Asked): string {
  const said = messages.map(({ role, content }) => `<|${role}|>${content}<|end|>`).join('');
  if (continue_final_message) return said.slice(0, -'<|end|>'.length);
  return add_generation_prompt ? `${said}<|assistant|>` : said;
}
