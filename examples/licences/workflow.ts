// Validation and dedupe: licence texts that are complete, with each text once.
import { dataset, z } from 'mizu';

const Licence = z.object({
  id: z.string().min(1),
  name: z.string().min(1),
  osiApproved: z.boolean(),
  text: z.string(),
});

export default dataset('licences', Licence)
  .check('has-text', (row) => row.text.trim().length >= 200)
  .map('normalise', (row) => ({ ...row, text: row.text.replace(/\s+/g, ' ').trim() }))
  .dedupe('same-text', (row) => row.text, { onDuplicate: 'reject' })
  .dedupe('near-text', (row) => row.text, { near: 0.9, onDuplicate: 'reject' })
  .map('measure', (row) => ({ ...row, words: row.text.split(' ').length }))
  .validate('complete', Licence.extend({ words: z.int().min(20) }))
  .split({ train: 0.9, test: 0.1 });
