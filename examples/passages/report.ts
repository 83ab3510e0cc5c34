// What the texts of an input are like, family by family: one row each, the largest first.
import { dataset, z } from 'mizu';

const Licence = z.object({ id: z.string().min(1), osiApproved: z.boolean(), text: z.string() });

export default dataset('licence-report', Licence)
  .map('measure', ({ id, osiApproved, text }) => ({
    id,
    family: id.split('-')[0]!,
    approved: osiApproved ? 1 : 0,
    words: text.split(/\s+/).length,
  }))
  .groupBy((row) => row.family)
  .aggregate('families', (group) => ({
    licences: group.count(),
    approved: group.sum((row) => row.approved),
    meanWords: group.mean((row) => row.words),
    longest: group.max((row) => row.words),
    examples: group.collect((row) => row.id, { limit: 3 }),
  }))
  .filter('families-only', (row) => row.licences >= 2)
  .sort('largest', [{ by: (row) => row.licences, order: 'descending' }, { by: (row) => row.key }])
  .limit('top', 20);
