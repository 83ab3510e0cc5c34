// docs/models.md#refused: fields of a GGUF file, each of which is read, has a value that changes nothing, or is refused.
import type { GgufField } from './gguf.ts';
import { badFile } from './source.ts';

/** Say nothing of what the model computes; `*` stands for the architecture. */
const SAY_NOTHING: readonly RegExp[] = [
  /^general\./,
  /^quantize\./,
  /^split\.tensors\.count$/,
  /^\*\.(vocab_size|tensor_data_layout|rope\.scaling\.(original_context_length|finetuned))$/,
  /^tokenizer\.(chat_templates|chat_template\..+|huggingface\.json)$/,
  /^tokenizer\.ggml\.(bos|padding|seperator|separator|mask|cls|prefix|suffix|middle|fim_[a-z]+)_token_id$/,
];
/** With any other value the model would be another one. */
const CHANGES_NOTHING: ReadonlyMap<string, GgufField> = new Map<string, GgufField>([
  ['*.attention.causal', true],
  ['*.attention.sliding_window', 0],
  ['*.expert_count', 0],
  ['*.expert_used_count', 0],
  ['*.rope.scaling.attn_factor', 1],
  ['split.count', 1],
  ['split.no', 0],
  ['tokenizer.ggml.add_eos_token', false],
  ['tokenizer.ggml.add_sep_token', false],
  ['tokenizer.ggml.remove_extra_whitespaces', false],
]);

export type GgufFields = ReturnType<typeof createFields>;

/** @throws MizuError `sdk/model-file` naming a field that was not read and may change what the model computes */
export function assertAllKnown({ unread }: GgufFields, architecture: string): void {
  for (const [name, value] of unread()) {
    const own = name.startsWith(`${architecture}.`) ? `*${name.slice(architecture.length)}` : name;
    if (SAY_NOTHING.some((pattern) => pattern.test(own))) continue;
    const said = JSON.stringify(value).slice(0, 60);
    const neutral = CHANGES_NOTHING.get(own);
    if (neutral === undefined)
      throw badFile('fields that the engine knows (docs/models.md#refused)', `${name}: ${said}`);
    if (value !== neutral) throw badFile(`${name}: ${neutral}`, said);
  }
}

export function createFields(metadata: ReadonlyMap<string, GgufField>) {
  const read = new Set<string>();
  const get = (name: string): GgufField | undefined => {
    read.add(name);
    return metadata.get(name);
  };
  const wrong = (name: string, expected: string) =>
    badFile(`${name}: ${expected}`, metadata.has(name) ? JSON.stringify(metadata.get(name)).slice(0, 60) : 'none');
  return {
    has: (name: string) => metadata.has(name),
    /** Those that nothing has asked for. */
    unread: () => [...metadata].filter(([name]) => !read.has(name)),
    text(name: string): string | undefined {
      const value = get(name);
      if (value !== undefined && typeof value !== 'string') throw wrong(name, 'a text');
      return value;
    },
    number(name: string, otherwise?: number): number {
      const value = get(name) ?? otherwise;
      if (typeof value !== 'number') throw wrong(name, 'a number');
      return value;
    },
    flag(name: string, otherwise: boolean): boolean {
      const value = get(name) ?? otherwise;
      if (typeof value !== 'boolean') throw wrong(name, 'true or false');
      return value;
    },
    texts(name: string): readonly string[] {
      const value = get(name);
      if (!Array.isArray(value) || typeof value[0] !== 'string') throw wrong(name, 'a list of texts');
      return value as readonly string[];
    },
    numbers(name: string, length: number): readonly number[] | undefined {
      const value = get(name);
      if (value === undefined) return undefined;
      if (!Array.isArray(value) || value.length !== length || typeof value[0] !== 'number')
        throw wrong(name, `a list of ${length} numbers`);
      return value as readonly number[];
    },
  };
}
