// Sorts dictionary entries into four kinds, and rejects what the model is not sure of.
import { dataset, z } from 'mizu';

const Entry = z.object({ word: z.string(), text: z.string() });
const KINDS = ['animal', 'plant', 'food', 'artifact'];

export default dataset('kinds', Entry)
  .filter('has-text', (row) => row.text.length >= 12)
  .dedupe('same-text', (row) => row.text.toLowerCase())
  .generate('answer', {
    model: 'datavm/small',
    prompt: (row) => `What kind of thing is it?\n\n${row.text}`,
    output: z.object({ kind: z.enum(KINDS), confidence: z.number().min(0).max(1) }),
  })
  .check('confident', (row) => row.answer.confidence >= 0.7)
  .map('flatten', ({ word, text, answer }) => ({ word, text, kind: answer.kind }))
  .split({ train: 0.8, test: 0.2 });
