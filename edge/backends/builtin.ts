// docs/edge.md#builtin: the deterministic model that needs no download. Class A: token-identical on every machine.
import { MizuError } from '../../protocol/errors.ts';
import type { Backend, ChatRequest, Completion } from './backend.ts';
import { measureImages, textOfContent } from './messages.ts';
import { fillSchema } from './model/answer.ts';
import { sentences } from './model/extract.ts';
import { judgeTexts } from './model/judge.ts';
import { countPromptTokens, countTokens, findText } from './model/prompt.ts';

export const BUILTIN_MODEL = 'builtin/small';

const BYTES_PER_TOKEN = 4;

export function createBuiltinBackend(): Backend {
  return { name: BUILTIN_MODEL, complete: async (request) => completeBuiltin(request) };
}

/**
 * With a JSON schema the content is canonical in the schema's order of fields; without one it is the text's first
 * sentence.
 * @throws MizuError `edge/no-images` if the request has images
 */
export function completeBuiltin(request: ChatRequest): Completion {
  const { images } = measureImages(request.messages);
  if (images > 0) throw noImages(images);
  const text = findText(request);
  const schema = request.response_format?.json_schema?.schema;
  const whole =
    schema === undefined
      ? (sentences(text)[0] as string)
      : JSON.stringify(judgeTexts(schema, lastContent(request)) ?? fillSchema(schema, text, request.seed ?? 0));
  const { content, cut } = cutToTokens(whole, request.max_tokens);
  const usage = { promptTokens: countPromptTokens(request), completionTokens: countTokens(content) };
  return { content, finishReason: cut ? 'length' : 'stop', usage };
}

function lastContent({ messages }: ChatRequest): string {
  return textOfContent(messages.at(-1)?.content ?? '');
}

function cutToTokens(text: string, maxTokens: number | undefined): { content: string; cut: boolean } {
  if (maxTokens === undefined || countTokens(text) <= maxTokens) return { content: text, cut: false };
  const bytes = Buffer.from(text).subarray(0, Math.max(0, maxTokens) * BYTES_PER_TOKEN);
  return { content: new TextDecoder().decode(bytes).replace(/\ufffd$/, ''), cut: true };
}

function noImages(count: number): MizuError {
  return new MizuError({
    code: 'edge/no-images',
    message: `The model ${BUILTIN_MODEL} takes no images.`,
    expected: 'messages of text',
    actual: count === 1 ? '1 image' : `${count} images`,
    hint: 'Name a model that takes images.',
  });
}
