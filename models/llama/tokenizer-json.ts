// docs/models.md#safetensors: a tokenizer from the file tokenizer.json of Hugging Face's tokenizers.
import { z } from 'zod';
import { badFile } from './source.ts';
import {
  byteVocabulary,
  type Ends,
  type FileToken,
  type PieceKind,
  pieceVocabulary,
  type Split,
  type Vocabulary,
} from './vocabulary.ts';

const part = z.object({ type: z.string() }).loose();
const shape = z.object({
  added_tokens: z.array(z.object({ id: z.number().int(), content: z.string(), special: z.boolean() })).nullish(),
  normalizer: part.nullish(),
  pre_tokenizer: part.nullish(),
  post_processor: z.unknown(),
  model: z.object({
    type: z.literal('BPE'),
    vocab: z.record(z.string(), z.number().int().nonnegative()),
    merges: z.array(z.union([z.string(), z.tuple([z.string(), z.string()])])),
    byte_fallback: z.boolean().nullish(),
    ignore_merges: z.boolean().nullish(),
    unk_token: z.string().nullish(),
  }),
});
type Tokenizer = z.infer<typeof shape>;
type Part = z.infer<typeof part>;

const BYTE = /^<0x[0-9A-F]{2}>$/;
const LLAMA_3 =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
const SPLITS: ReadonlyMap<string, Split> = new Map([
  [LLAMA_3, 'llama-3'],
  [LLAMA_3.replace('{1,3}', ''), 'qwen2'],
]);

/** @throws MizuError `sdk/model-file` */
export function readTokenizer(text: string, ends: Ends): Vocabulary {
  const file = parse(text);
  const { model } = file;
  const tokens = tokensOf(file);
  const merges = model.merges.map(toPair);
  const given = { ...ends, begin: begins(file, ends.begin) ? ends.begin : undefined };
  if (model.byte_fallback) {
    const unknown = model.unk_token == null ? 0 : (model.vocab[model.unk_token] ?? 0);
    return pieceVocabulary(tokens, { unknown, spacePrefix: addsSpace(file), ends: given, merges });
  }
  return byteVocabulary(tokens, merges, {
    split: splitOf(file),
    wholeWords: model.ignore_merges ?? false,
    ends: given,
  });
}

function parse(text: string): Tokenizer {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw badFile('tokenizer.json in JSON', (cause as Error).message, cause);
  }
  const parsed = shape.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw badFile('a tokenizer.json of byte pair encoding', `${issue?.path.join('.')}: ${issue?.message}`);
}

function tokensOf({ model, added_tokens: added }: Tokenizer): FileToken[] {
  const tokens: (FileToken | undefined)[] = [];
  const limit = Object.keys(model.vocab).length + (added?.length ?? 0);
  const set = (id: number, text: string, kind: PieceKind) => {
    if (id >= limit) throw badFile(`tokens below ${limit}, without gaps`, `${id}`);
    tokens[id] = { text, kind, score: 0 };
  };
  for (const [text, id] of Object.entries(model.vocab))
    set(id, text, model.byte_fallback && BYTE.test(text) ? 'byte' : 'normal');
  for (const { id, content, special } of added ?? [])
    set(id, content, content === model.unk_token ? 'unknown' : special ? 'control' : 'user');
  return Array.from(tokens, (token, id) => {
    if (token === undefined) throw badFile('a token for each number', `none for ${id}`);
    return token;
  });
}

function toPair(merge: string | readonly [string, string]): readonly [string, string] {
  if (typeof merge !== 'string') return merge;
  const cut = merge.indexOf(' ', 1);
  if (cut < 0) throw badFile('merges like "left right"', JSON.stringify(merge).slice(0, 60));
  return [merge.slice(0, cut), merge.slice(cut + 1)];
}

/** Whether the template of the post-processor has the token that begins a text. */
function begins({ post_processor: processor, added_tokens: added }: Tokenizer, id: number | undefined): boolean {
  const token = added?.find((one) => one.id === id)?.content;
  return token !== undefined && JSON.stringify(processor ?? null).includes(JSON.stringify(token));
}

function partsOf(given: Part | null | undefined, list: string): readonly Part[] {
  if (given === null || given === undefined) return [];
  const inner = given[list];
  return given.type === 'Sequence' && Array.isArray(inner) ? (inner as Part[]) : [given];
}

/** SentencePiece's separator before the first word, by the normalizer or by the pre-tokenizer. */
function addsSpace({ normalizer, pre_tokenizer: pre }: Tokenizer): boolean {
  if (partsOf(normalizer, 'normalizers').some(({ type }) => type === 'Prepend')) return true;
  const [first] = partsOf(pre, 'pretokenizers');
  return first?.type === 'Metaspace' && first.prepend_scheme !== 'never' && first.add_prefix_space !== false;
}

function splitOf({ pre_tokenizer: pre }: Tokenizer): Split {
  const parts = partsOf(pre, 'pretokenizers');
  const types = parts.map(({ type }) => type).join(' ');
  if (types === 'ByteLevel') return 'gpt-2';
  if (types === 'Digits ByteLevel' && parts[0]?.individual_digits === true) return 'smollm';
  const pattern = (parts[0]?.pattern as { Regex?: unknown } | undefined)?.Regex;
  const split = types === 'Split ByteLevel' ? SPLITS.get(String(pattern)) : undefined;
  if (split === undefined)
    throw badFile(
      'a pre-tokenizer of GPT-2, Llama 3, Qwen 2 or SmolLM',
      `${types} ${String(pattern ?? '')}`.slice(0, 200),
    );
  return split;
}
