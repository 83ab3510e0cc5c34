// Passages of long texts for a balanced labelling job: cut, each once, with what is known of their family, so many of each, in batches.
import { dataset, z } from 'mizu';
import families from './families.json' with { type: 'json' };

const Licence = z.object({ id: z.string().min(1), osiApproved: z.boolean(), text: z.string().min(1) });

export default dataset('passages', Licence)
  .chunk('passage', {
    text: (row) => row.text,
    size: 120,
    overlap: 20,
    keep: ({ id, osiApproved }) => ({ id, osiApproved, family: id.split('-')[0]! }),
  })
  .filter('long-enough', (row) => row.passage.text.length >= 200)
  .dedupe('once', (row) => row.passage.text.replace(/\s+/g, ' ').trim())
  .join('about', families, { on: (row) => row.family, key: (about) => about.family })
  .sample('balanced', { each: 12, by: (row) => row.family })
  .sort('order', [{ by: (row) => row.family }, { by: (row) => row.id }, { by: (row) => row.passage.start }])
  .map('flat', ({ id, family, passage, about }) => ({ id, family, copyleft: about.copyleft, text: passage.text }))
  .batch('passages', { size: 5, key: (row) => row.family });
