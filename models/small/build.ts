// docs/models.md#small: makes the program of `datavm/small` of its bundle and the weights of the built-in model.
import { readFile } from 'node:fs/promises';
import { type IndexedWeights, unpackWeights } from '../../edge/backends/model/weights.ts';
import { readSmallWeights } from '../../edge/backends/model/weights-file.ts';
import type { BuiltProgram } from '../../vm/entry.ts';
import type { Image } from '../../vm/program.ts';
import { buildProgram } from '../../vm/quickjs/build.ts';
import { MARK_BYTES, markPlace, viewWeights, type WeightCounts, weightBytes } from './layout.ts';

/** Written by `npm run generate`, for this number of weights. No module of this repository: the package has it byte for byte. */
const BUNDLE = new URL('./generated/bundle.txt', import.meta.url);

/** The same bytes on every machine. */
export async function buildSmall(): Promise<BuiltProgram> {
  const weights = unpackWeights(readSmallWeights());
  return buildProgram(await readFile(BUNDLE, 'utf8'), { finish: (image) => withWeights(image, weights) });
}

export function countWeights({ bias, hashes, values }: IndexedWeights): WeightCounts {
  return { classes: bias.length, features: hashes.length, values: values.length };
}

/** Where the weights lie in an image in which they are not written yet. */
export function findWeights(memory: Uint8Array): number {
  const bytes = Buffer.from(memory.buffer, memory.byteOffset, memory.byteLength);
  const mark = markPlace(new Uint8Array(MARK_BYTES));
  const at = bytes.indexOf(mark);
  if (at < 0 || bytes.indexOf(mark, at + 1) >= 0) throw new Error('the place of the weights is not found once');
  return at;
}

// They come into the image as they are: as a text in the bundle they would lie there twice.
function withWeights(image: Image, weights: IndexedWeights): Image {
  const counts = countWeights(weights);
  const buffer = new ArrayBuffer(weightBytes(counts));
  const views = viewWeights(buffer, counts);
  views.hashes.set(weights.hashes);
  views.starts.set(weights.starts);
  views.buckets.set(weights.buckets);
  views.bias.set(weights.bias);
  views.classes.set(weights.classes);
  views.values.set(weights.values);
  const memory = image.memory.slice();
  memory.set(new Uint8Array(buffer), findWeights(memory));
  return { ...image, memory };
}
