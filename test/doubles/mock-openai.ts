// docs/edge.md#bench: an OpenAI-compatible endpoint with a fixed latency and failures on demand, for tests and measurements.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

export type MockAnswer = {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  /** The whole body; without it a completion with `content`. */
  readonly body?: string | Uint8Array;
  readonly content?: string;
  readonly delayMs?: number;
  /** Answers when this has resolved. */
  readonly after?: Promise<void>;
  /** Cuts the connection instead. */
  readonly hangUp?: boolean;
  /** Cuts the connection when the body has been sent, of which it promises more. */
  readonly cut?: boolean;
};

/** With whatever else the request has. */
export type MockRequest = {
  readonly [field: string]: unknown;
  readonly model: string;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
};

export type MockOptions = {
  readonly latencyMs?: number;
  /** `call` counts from 1. Without it every request is answered with its own last message. */
  readonly answer?: (
    request: MockRequest,
    call: number,
    headers: IncomingMessage['headers'],
  ) => MockAnswer | Promise<MockAnswer>;
};

export type MockOpenAi = {
  /** Ends with /v1. */
  readonly url: string;
  /** Calls, and how many of them asked what had been asked before. */
  stats(): { calls: number; repeated: number };
  close(): Promise<void>;
};

export async function startMockOpenAi({ latencyMs = 0, answer }: MockOptions = {}): Promise<MockOpenAi> {
  const seen = new Set<string>();
  let calls = 0;

  const respond = async (body: string, from: IncomingMessage, response: ServerResponse): Promise<void> => {
    const request = JSON.parse(body) as MockRequest;
    const content: unknown = request.messages.at(-1)?.content ?? '';
    const prompt = typeof content === 'string' ? content : JSON.stringify(content);
    calls += 1;
    seen.add(prompt);
    const given = (await answer?.(request, calls, from.headers)) ?? { content: prompt };
    const waitMs = given.delayMs ?? latencyMs;
    if (waitMs > 0) await delay(waitMs);
    await given.after;
    if (given.hangUp === true) {
      response.destroy();
      return;
    }
    const text = given.body ?? completion(prompt, given.content ?? prompt);
    const length = given.cut === true ? { 'content-length': `${Buffer.byteLength(text) + 100}` } : {};
    response.writeHead(given.status ?? 200, { 'content-type': 'application/json', ...length, ...given.headers });
    if (given.cut !== true) response.end(text);
    else response.write(text, () => response.destroy());
  };

  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    if (request.method === 'GET') {
      response.end(JSON.stringify({ calls, repeated: calls - seen.size }));
      return;
    }
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      respond(Buffer.concat(parts).toString(), request, response).catch(() => response.destroy());
    });
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    stats: () => ({ calls, repeated: calls - seen.size }),
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function completion(prompt: string, content: string): string {
  return JSON.stringify({
    id: 'mock',
    object: 'chat.completion',
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    usage: { prompt_tokens: Math.ceil(prompt.length / 4), completion_tokens: Math.ceil(content.length / 4) },
  });
}
