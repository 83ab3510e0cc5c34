// Classification: which of WordNet's 45 domains does a gloss belong to?
import { dataset, z } from 'mizu';
import { CLASSES } from './classes.ts';

const Gloss = z.object({ id: z.string(), words: z.array(z.string()), text: z.string() });
const Label = z.object({ domain: z.enum(CLASSES), confidence: z.number().min(0).max(1) });

export default dataset('gloss-domains', Gloss)
  .filter('has-text', (row) => row.text.length >= 12)
  .dedupe('near-dup', (row) => row.text, { near: 0.8 })
  .generate('label', {
    model: 'datavm/small',
    maxTokens: 64,
    prompt: (row) => `Which domain does this dictionary entry belong to?\n\n${row.text}`,
    output: Label,
  })
  .check('confident', (row) => row.label.confidence >= 0.4, { onFail: 'reject' })
  .map('flatten', ({ id, words, text, label }) => ({ id, words, text, ...label }))
  .split({ train: 0.9, test: 0.1 });
