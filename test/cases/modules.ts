// docs/vm.md#program: modules of WebAssembly that others have compiled.
import { MizuError } from '../../protocol/errors.ts';
import { loadModule } from '../../vm/load.ts';
import { linkWasi } from '../../vm/wasi/link.ts';
import { assemble } from '../modules/test-modules.fixture.ts';
import type { CaseKind } from './case.ts';

const START = '(func (export "_start"))';
const MODULES: readonly (readonly [name: string, wat: string, wanted: string])[] = [
  [
    'a function in a table',
    `(module (memory (export "memory") 1) (table 1 funcref) (func $f) (elem (i32.const 0) func $f) ${START})`,
    'taken',
  ],
  [
    'a passive segment of functions',
    `(module (memory (export "memory") 1) (table 1 funcref) (func $f) (elem func $f) ${START})`,
    'taken',
  ],
  [
    'a function of WASI',
    `(module (import "wasi_snapshot_preview1" "proc_exit" (func $e (param i32))) (memory (export "memory") 1) (func (export "_start") (call $e (i32.const 0))))`,
    'taken',
  ],
  [
    'WASI before its preview 1',
    `(module (import "wasi_unstable" "proc_exit" (func $e (param i32))) (func (export "_start") (call $e (i32.const 0))))`,
    'refused: …: wasi_unstable.proc_exit…',
  ],
  [
    'a function of another host',
    `(module (import "env" "now" (func $n (result i64))) (func (export "_start") (drop (call $n))))`,
    'refused: …: env.now…',
  ],
];

export const MODULES_KIND: CaseKind = {
  kind: 'modules',
  page: 'docs/vm.md#program',
  run: () =>
    Promise.all(
      MODULES.map(async ([name, wat, wanted]) => ({ name, input: wat, came: await cameOf(assemble(wat)), wanted })),
    ),
};

async function cameOf(wasm: Uint8Array): Promise<string> {
  try {
    loadModule(await linkWasi(wasm));
    return 'taken';
  } catch (error) {
    if (!(error instanceof MizuError)) throw error;
    return `refused: ${error.code}: ${error.actual} (${error.hint})`;
  }
}
