// docs/sdk.md#whole: what an operator over the whole dataset makes does not depend on the number of its buckets.
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { anyCuts, type OracleChain, openOracleChain } from '../../test/sdk/oracle.fixture.ts';
import { fillTemplates, TEXTS } from '../../test/sdk/templates.fixture.ts';

const BUCKETS = [1, 2, 5, 16, 64];
const chainOf = (buckets: number): string => `
  .dedupe('near', (row) => row.text, { near: 0.8, onDuplicate: 'reject', buckets: ${buckets} })
  .dedupe('exact', (row) => row.key, { onDuplicate: 'reject', buckets: ${buckets} })
  .sort('order', (row) => row.size, { buckets: ${Math.min(buckets, 8)} })
  .join('other', (row) => row.size % 5 === 0, { on: (row) => row.size % 3, key: (row) => row.size % 3, how: 'left', buckets: ${buckets} })
  .batch('some', { size: 3, key: (row) => row.size % 4, buckets: ${buckets} })
  .groupBy((row) => row.some.length, { buckets: ${buckets} })
  .aggregate('group', (group) => ({ all: group.collect((row) => row.some) }))`;

let chains: OracleChain[];
beforeAll(async () => {
  chains = await Promise.all(BUCKETS.map((buckets) => openOracleChain(chainOf(buckets))));
});

const texts = [...fillTemplates(40), ...TEXTS.letters(12), ...TEXTS.different(8)].flatMap(({ text }) => [
  text,
  `${text} Thank you very much!`,
  text.replace(/\d+/, '7'),
  text.repeat(3),
]);
const row = fc.record({
  text: fc.oneof(fc.constantFrom(...texts), fc.constantFrom('', '?', 'one word')),
  key: fc.nat(60),
  size: fc.nat(30),
});

test('the rows that are kept, and what is made of them, are the same with 1 to 64 buckets', async () => {
  let [kept, rejected] = [0, 0];
  await fc.assert(
    fc.asyncProperty(fc.array(row, { minLength: 5, maxLength: 120, size: 'max' }), anyCuts(120), async (rows, cuts) => {
      const [first, ...others] = await Promise.all(chains.map((chain) => chain.run(rows, cuts)));
      kept += first!.parts.train!.length;
      rejected += first!.rejects.filter(({ operator }) => operator === 'near').length;
      for (const { parts, rejects, operators } of others) {
        expect({ parts, rejects, operators }).toEqual({
          parts: first!.parts,
          rejects: first!.rejects,
          operators: first!.operators,
        });
      }
    }),
    { numRuns: 8, seed: 3 },
  );
  expect([kept > 8, rejected > 50]).toEqual([true, true]);
});
