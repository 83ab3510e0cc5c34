// docs/edge.md#builtin: the weights' file, brotli over the weights' bytes, and the committed model that is read from it.
import { readFileSync } from 'node:fs';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import { type Classifier, createClassifier } from './classifier.ts';
import { unpackWeights } from './weights.ts';

let small: Classifier | undefined;

/** The committed model; read and unpacked at the first call (about 50 ms). */
export function loadSmallClassifier(): Classifier {
  small ??= createClassifier(unpackWeights(readSmallWeights()));
  return small;
}

/** The bytes that `packWeights` has made of the committed model. */
export function readSmallWeights(): Uint8Array {
  return decompressWeights(readFileSync(new URL('./small.bin', import.meta.url)));
}

export function compressWeights(packed: Uint8Array): Uint8Array {
  return brotliCompressSync(packed, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 22 },
  });
}

export function decompressWeights(file: Uint8Array): Uint8Array {
  return new Uint8Array(brotliDecompressSync(file));
}
