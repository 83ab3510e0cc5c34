// docs/sdk.md#endpoint: a model of one's own answers: `endpoint/NAME` is NAME at the server that --backend names.
import { dataset, z } from 'mizu';

const Entry = z.object({ word: z.string(), text: z.string() });
const Kind = z.object({ kind: z.enum(['animal', 'plant', 'food', 'artifact']), why: z.string() });

export default dataset('own-model', Entry)
  .filter('has-text', (row) => row.text.length >= 12)
  .generate('answer', {
    model: 'endpoint/llama3.2',
    system: 'You sort the entries of a dictionary. Answer with JSON.',
    prompt: (row) => `What kind of thing is "${row.word}"?\n\n${row.text}`,
    output: Kind,
    maxTokens: 200,
  })
  .map('flatten', ({ word, text, answer }) => ({ word, text, ...answer }));
