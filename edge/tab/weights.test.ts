// docs/edge.md#tab: only the weights that the scripts name are used.
import { readFileSync } from 'node:fs';
import { afterEach, expect, test, vi } from 'vitest';
import { loadSmallClassifier, readSmallWeights } from '../backends/model/weights-file.ts';
import { fetchSmallClassifier } from './weights.ts';

const RECORD = new URL('../backends/model/small.json', import.meta.url);
const SHA256 = JSON.parse(readFileSync(RECORD, 'utf8')).weights;
const fetchThem = () => fetchSmallClassifier('/worker/small.bin', SHA256);
afterEach(() => vi.unstubAllGlobals());
const serve = (body: Uint8Array, status = 200) =>
  vi.stubGlobal('fetch', async () => new Response(new Uint8Array(body), { status }));

test('the weights that small.json names are those of the file', async () => {
  serve(readSmallWeights());
  const text = 'a large dog used for hunting bears';
  expect((await fetchThem()).classify(text)).toEqual(loadSmallClassifier().classify(text));
});

test('others are refused, and so is a gateway that gives none', async () => {
  const refused = { code: 'edge/other-weights' };
  serve(readSmallWeights().fill(1, 100_000, 100_001));
  await expect(fetchThem()).rejects.toMatchObject(refused);
  serve(new Uint8Array(), 404);
  await expect(fetchThem()).rejects.toMatchObject({ ...refused, actual: 'status 404' });
});
