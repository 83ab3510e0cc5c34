// docs/vm.md#wasi: turns a WASI preview 1 command into a core module by linking the adapter into it.
import { MizuError } from '../../protocol/errors.ts';
import { decodeModule } from '../decode/sections.ts';
import { HOST_MODULE } from '../host-functions.ts';
import { type Library, mergeModules } from '../link/merge.ts';
import { decodeValidModule } from '../load.ts';
import { encodeModule } from '../wasm/encode.ts';
import { EXPORT_FUNCTION, EXPORT_MEMORY, type Export, type ModuleSections } from '../wasm/module.ts';
import { WASI_ADAPTER_BASE64 } from './generated/adapter-wasm.ts';

export const WASI_MODULE = 'wasi_snapshot_preview1';

/** The adapter as a library that answers `wasi_snapshot_preview1`. */
export const wasiLibrary: Library = {
  provides: WASI_MODULE,
  module: decodeModule(
    Uint8Array.from(atob(WASI_ADAPTER_BASE64), (c) => c.charCodeAt(0)),
    { library: true },
  ),
};

/**
 * The core module of a WASI command: it imports functions of `mizu` only and exports `_start` and `memory`. Unreachable
 * functions are left out. A module that imports nothing but `mizu` and exports `_start` already is one and comes back
 * as it is.
 * @throws MizuError `vm/malformed`, `vm/too-large`, `vm/invalid`, `vm/unsupported-feature`, `vm/unknown-import`,
 * `vm/import-type`, `vm/no-start`, `vm/reactor`
 */
export async function linkWasi(moduleBytes: Uint8Array): Promise<Uint8Array> {
  const main = decodeValidModule(moduleBytes);
  const start = startOf(main);
  if (main.imports.every((entry) => entry.module === HOST_MODULE)) return moduleBytes;
  const exports: Export[] = [start];
  // The one memory may have been exported under any name, or not at all: the adapter shares it by its index.
  exports.push({ name: 'memory', kind: EXPORT_MEMORY, index: 0 });
  return encodeModule(mergeModules(main, [wasiLibrary], exports));
}

function startOf(main: ModuleSections): Export {
  const find = (name: string) => main.exports.find((entry) => entry.name === name && entry.kind === EXPORT_FUNCTION);
  const start = find('_start');
  const names = main.exports.map((entry) => entry.name);
  const actual =
    names.length === 0 ? 'no exports' : `exports ${names.slice(0, 8).join(', ')}${names.length > 8 ? ', …' : ''}`;
  if (start === undefined && find('_initialize') !== undefined) {
    throw new MizuError({
      code: 'vm/reactor',
      message: 'The module is a WASI reactor (it exports _initialize); a data program is a command.',
      expected: 'the exported function _start',
      actual,
      hint: 'Compile it as a command with a main function (clang: without -mexec-model=reactor; Rust: a bin target).',
    });
  }
  if (start === undefined) {
    throw new MizuError({
      code: 'vm/no-start',
      message: 'The module has no entry.',
      expected: 'the exported function _start',
      actual,
      hint: 'Compile it as a WASI command with a main function.',
    });
  }
  return start;
}
