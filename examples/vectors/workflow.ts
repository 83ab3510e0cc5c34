// Labels from a few examples, and vectors, by a sentence encoder that runs inside the DataVM.
import { dataset, z } from 'mizu';

const MODEL = 'datavm/use-lite-int8';
const KINDS = ['living', 'artefact', 'act', 'quality'] as const;

const Gloss = z.object({ id: z.string(), words: z.array(z.string()), text: z.string() });

export default dataset('gloss-vectors', Gloss)
  .filter('has-text', (row) => row.text.length >= 12)
  .dedupe('same-text', (row) => row.text)
  .classify('kind', {
    model: MODEL,
    labels: KINDS,
    text: (row) => row.text,
    examples: [
      { text: 'a small songbird with brown and yellow feathers', label: 'living' },
      { text: 'a tropical tree of the genus Ficus with large leaves', label: 'living' },
      { text: 'a person who writes books or plays', label: 'living' },
      { text: 'a device that measures temperature', label: 'artefact' },
      { text: 'a vehicle that carries heavy goods', label: 'artefact' },
      { text: 'a garment that is worn on the head', label: 'artefact' },
      { text: 'move fast by using one’s feet', label: 'act' },
      { text: 'take something away by force', label: 'act' },
      { text: 'the act of working together', label: 'act' },
      { text: 'having a bright or strong color', label: 'quality' },
      { text: 'not able to be seen or understood', label: 'quality' },
      { text: 'of or relating to the law', label: 'quality' },
    ],
  })
  .embed('vector', { model: MODEL, text: (row) => row.text })
  .split({ train: 0.9, test: 0.1 });
