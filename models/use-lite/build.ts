// docs/models.md#image: makes the program of `datavm/use-lite` of its module, the package's weights and the head.
import { type BuiltProgram, toBuiltProgram } from '../../vm/entry.ts';
import { mergeModules } from '../../vm/link/merge.ts';
import { takeImage, withGlobalExports, withoutState } from '../../vm/link/snapshot.ts';
import { decodeValidModule, loadModule } from '../../vm/load.ts';
import { createProgram } from '../../vm/program.ts';
import { encodeModule } from '../../vm/wasm/encode.ts';
import { openUseLite } from './encoder.ts';
import { USE_LITE_BASE64 } from './generated/program-wasm.ts';
import { readHead } from './head.ts';
import { readUseLiteFiles } from './package-files.ts';

/** 512 MiB: weights and tables have 31; the rest is for texts of the longest requests and for all answers of a task. */
const MAX_PAGES = 8192;

/**
 * The same bytes on every machine. With `bytes` it is `datavm/use-lite-int8`.
 * @throws MizuError `sdk/no-weights`
 */
export async function buildUseLite({ bytes = false } = {}): Promise<BuiltProgram> {
  const whole = withGlobalExports(decodeValidModule(Uint8Array.from(Buffer.from(USE_LITE_BASE64, 'base64'))));
  const compiled = await WebAssembly.compile(encodeModule(whole) as Uint8Array<ArrayBuffer>);
  const encoder = await openUseLite(compiled, await readUseLiteFiles(), { head: readHead(), bytes });
  encoder.close();
  const image = takeImage(whole, encoder.memory, encoder.instance);
  const bare = withoutState(whole);
  const exports = bare.exports.filter(({ name }) => name === '_start' || name === 'memory');
  const pruned = mergeModules(bare, [], exports);
  const memory = pruned.memory && { ...pruned.memory, maximum: MAX_PAGES };
  const wasm = encodeModule({ ...pruned, memory });
  return toBuiltProgram(createProgram({ module: loadModule(wasm), image }), wasm);
}
