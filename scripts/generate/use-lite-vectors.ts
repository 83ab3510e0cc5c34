// docs/models.md#head: vectors of WordNet's glosses, kept in build/use-lite between runs: all of them take about 11 minutes of a core.
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { fileURLToPath } from 'node:url';
import { hashFeature } from '../../edge/backends/model/features.ts';
import { type Gloss, readGlosses } from '../../edge/backends/model/glosses.ts';
import { openUseLite, VECTOR_SIZE } from '../../models/use-lite/encoder.ts';
import { readUseLiteFiles } from '../../models/use-lite/package-files.ts';
import { compileUseLiteSimd } from './use-lite-program.mjs';

export type EmbeddedGloss = Gloss & { readonly vector: Float32Array };

const FOLDER = fileURLToPath(new URL('../../build/use-lite/', import.meta.url));
const VECTORS = `${FOLDER}vectors.bin`;
/** How many of the order are done. */
const PROGRESS = `${FOLDER}progress.txt`;
const VECTOR_BYTES = VECTOR_SIZE * Float32Array.BYTES_PER_ELEMENT;
const PIECE = 500;

/** All glosses in an order that mixes classes: whatever their number, the first ones are a fair sample. */
export async function orderedGlosses(): Promise<Gloss[]> {
  const glosses: { readonly gloss: Gloss; readonly rank: number }[] = [];
  for await (const gloss of readGlosses()) glosses.push({ gloss, rank: hashFeature(`order ${gloss.id}`) });
  return glosses.sort((a, b) => a.rank - b.rank || (a.gloss.id < b.gloss.id ? -1 : 1)).map(({ gloss }) => gloss);
}

/** Of the first `count` glosses of the order. What a run before has embedded is not embedded again. */
export async function embedGlosses(count: number): Promise<EmbeddedGloss[]> {
  const glosses = (await orderedGlosses()).slice(0, count);
  mkdirSync(FOLDER, { recursive: true });
  const file = openSync(VECTORS, existsSync(VECTORS) ? 'r+' : 'w+');
  try {
    let done = existsSync(PROGRESS) ? Number(readFileSync(PROGRESS, 'utf8')) : 0;
    if (done < glosses.length) {
      const { embed } = await openUseLite(new WebAssembly.Module(compileUseLiteSimd()), await readUseLiteFiles());
      for (; done < glosses.length; ) {
        const piece = glosses.slice(done, done + PIECE).map(({ text }) => Buffer.from(embed(text).buffer));
        writeSync(file, Buffer.concat(piece), 0, undefined, done * VECTOR_BYTES);
        done += piece.length;
        writeFileSync(`${PROGRESS}.new`, String(done));
        renameSync(`${PROGRESS}.new`, PROGRESS);
      }
    }
    return glosses.map((gloss, i) => {
      const vector = new Float32Array(VECTOR_SIZE);
      readSync(file, vector, 0, VECTOR_BYTES, i * VECTOR_BYTES);
      return { ...gloss, vector };
    });
  } finally {
    closeSync(file);
  }
}
