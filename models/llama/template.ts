// docs/models.md#llama-templates: how messages become a prompt. A file's template is a program in the language of Jinja;
// it is not run, but recognised as one of a few.
import { MizuError } from '../../protocol/errors.ts';
import { badFile } from './source.ts';
import type { Vocabulary } from './vocabulary.ts';

export type TemplateName = (typeof TEMPLATES)[number];

/** What a part of a prompt is made of. */
export type TemplateOperation =
  | { readonly kind: 'token'; readonly token: number }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'content' }
  /** The content without white space around it. */
  | { readonly kind: 'trimmed' };

export type Template = {
  readonly begin: readonly TemplateOperation[];
  readonly system: readonly TemplateOperation[];
  readonly firstUser: readonly TemplateOperation[];
  readonly user: readonly TemplateOperation[];
  readonly assistant: readonly TemplateOperation[];
  /** Behind the last message. */
  readonly answer: readonly TemplateOperation[];
};

export const TEMPLATES = ['chatml', 'llama-2', 'llama-3', 'zephyr', 'plain'] as const;

const CONTENT: TemplateOperation = { kind: 'content' };
const TRIMMED: TemplateOperation = { kind: 'trimmed' };

/** The template of a file. @throws MizuError `sdk/model-template` if it is none of those that are known */
export function recognise(source: string | undefined): TemplateName {
  if (source === undefined) return 'plain';
  if (source.includes('<|im_start|>')) return 'chatml';
  if (source.includes('<|start_header_id|>')) return 'llama-3';
  if (source.includes('[INST]') && source.includes('<<SYS>>')) return 'llama-2';
  if (source.includes('<|user|>') && source.includes('<|assistant|>') && source.includes('eos_token')) return 'zephyr';
  throw new MizuError({
    code: 'sdk/model-template',
    message: 'The chat template of the file is none of those that are known.',
    expected: TEMPLATES.join(', '),
    actual: source.slice(0, 200),
    hint: 'Name the template that the model was trained with by --template.',
  });
}

/** @throws MizuError `sdk/model-file` if the vocabulary lacks one of its tokens */
export function makeTemplate(name: TemplateName, vocabulary: Vocabulary): Template {
  const token = (written: string): TemplateOperation => {
    const id = vocabulary.ids.get(written);
    if (id === undefined) throw badFile(`the token ${written} of the template ${name}`, 'a vocabulary without it');
    return { kind: 'token', token: id };
  };
  const text = (written: string): TemplateOperation => ({ kind: 'text', text: written });
  const begin: readonly TemplateOperation[] =
    vocabulary.begin === undefined ? [] : [{ kind: 'token', token: vocabulary.begin }];
  const end: TemplateOperation = { kind: 'token', token: vocabulary.end };
  const byRole = (
    message: (role: string) => readonly TemplateOperation[],
    answer: readonly TemplateOperation[],
  ): Template => {
    const user = message('user');
    return { begin, system: message('system'), firstUser: user, user, assistant: message('assistant'), answer };
  };
  switch (name) {
    case 'chatml': {
      const start = token('<|im_start|>');
      const stop = token('<|im_end|>');
      const message = (role: string) => [start, text(`${role}\n`), CONTENT, stop, text('\n')];
      return byRole(message, [start, text('assistant\n')]);
    }
    case 'llama-3': {
      const head = (role: string) => [
        token('<|start_header_id|>'),
        text(role),
        token('<|end_header_id|>'),
        text('\n\n'),
      ];
      const stop = token('<|eot_id|>');
      return byRole((role) => [...head(role), TRIMMED, stop], head('assistant'));
    }
    case 'llama-2': {
      const user = [TRIMMED, text(' [/INST]')];
      return {
        begin: [...begin, text('[INST] ')],
        system: [text('<<SYS>>\n'), CONTENT, text('\n<</SYS>>\n\n')],
        firstUser: user,
        user: [...begin, text('[INST] '), ...user],
        assistant: [text(' '), TRIMMED, text(' '), end],
        answer: [],
      };
    }
    case 'zephyr':
      return byRole((role) => [text(`<|${role}|>\n`), CONTENT, end, text('\n')], [text('<|assistant|>\n')]);
    case 'plain': {
      const line = [CONTENT, text('\n')];
      return {
        begin,
        system: line,
        firstUser: [CONTENT],
        user: [CONTENT],
        assistant: [text('\n'), ...line],
        answer: [],
      };
    }
  }
}
