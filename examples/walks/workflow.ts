// docs/sdk.md#simulate: a program of the workflow's own, walk.wasm, walks once for each row.
import { dataset, z } from 'mizu';

const Walk = z.object({ id: z.int(), steps: z.int().min(1) });
const Ended = z.object({ end: z.int(), furthest: z.int() });

export default dataset('walks', Walk)
  .simulate('walk', {
    program: 'walk.wasm',
    input: (row) => String(row.steps),
    seed: (row) => row.id,
    output: Ended,
    gasLimit: 10_000_000,
  })
  .check('away', (row) => row.walk.end !== 0)
  .map('flatten', ({ id, steps, walk }) => ({ id, steps, ...walk }));
