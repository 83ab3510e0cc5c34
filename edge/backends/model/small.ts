// docs/edge.md#builtin: what the built-in model answers, with weights that its caller has. Nothing here needs Node.js.
import { MizuError } from '../../../protocol/errors.ts';
import type { ChatRequest, Completion } from '../backend.ts';
import { measureImages, textOfContent } from '../messages.ts';
import { fillSchema } from './answer.ts';
import type { LoadClassifier } from './classifier.ts';
import { sentences } from './extract.ts';
import { judgeTexts } from './judge.ts';
import { countPromptTokens, countTokens, findText } from './prompt.ts';

export const BUILTIN_MODEL = 'builtin/small';

const BYTES_PER_TOKEN = 4;

/**
 * With a JSON schema the content is canonical in the schema's order of fields; without one it is the text's first
 * sentence.
 * @throws MizuError `edge/no-images` if the request has images
 */
export function completeSmall(request: ChatRequest, load: LoadClassifier): Completion {
  const { images } = measureImages(request.messages);
  if (images > 0) throw noImages(images);
  const text = findText(request);
  const schema = request.response_format?.json_schema?.schema;
  const whole =
    schema === undefined
      ? (sentences(text)[0] as string)
      : JSON.stringify(judgeTexts(schema, lastContent(request)) ?? fillSchema(schema, text, request.seed ?? 0, load));
  const { content, cut } = cutToTokens(whole, request.max_tokens);
  const usage = { promptTokens: countPromptTokens(request), completionTokens: countTokens(content) };
  return { content, finishReason: cut ? 'length' : 'stop', usage };
}

function lastContent({ messages }: ChatRequest): string {
  return textOfContent(messages.at(-1)?.content ?? '');
}

function cutToTokens(text: string, maxTokens: number | undefined): { content: string; cut: boolean } {
  if (maxTokens === undefined || countTokens(text) <= maxTokens) return { content: text, cut: false };
  const bytes = new TextEncoder().encode(text).subarray(0, Math.max(0, maxTokens) * BYTES_PER_TOKEN);
  return { content: new TextDecoder().decode(bytes).replace(/\ufffd$/, ''), cut: true };
}

function noImages(count: number): MizuError {
  return new MizuError({
    code: 'edge/no-images',
    message: 'The built-in model takes no images.',
    expected: 'messages of text',
    actual: count === 1 ? '1 image' : `${count} images`,
    hint: 'Name a model that takes images.',
  });
}
