// docs/vm.md#functions
import { expect, test } from 'vitest';
import { objectRoot } from '../../protocol/tree.ts';
import { assemble } from '../../test/modules/test-modules.fixture.ts';
import { loadModule } from '../load.ts';
import { lowerModule } from '../lower/module.ts';
import { functionAt } from './functions.ts';

const SOURCE = `(module
  (import "mizu" "clock" (func $clock (result i64)))
  (global $g (mut i64) (i64.const 0))
  (func $keep (param i64) (global.set $g (local.get 0)))
  (func $twice (export "_start") (call $keep (call $clock)) (call $keep (i64.const 7))))`;

test('an instruction has the name of its function, as far as the module has names', () => {
  const named = assemble(SOURCE, { names: true });
  const { code, starts } = lowerModule(loadModule(named), { entry: '_start', callStart: true });
  const root = objectRoot(code);
  const [, keep = 0, twice = 0] = starts;
  expect(functionAt(named, root, 0)).toBeUndefined();
  expect(functionAt(named, root, keep)).toEqual({ index: 1, name: 'keep', offset: 0 });
  expect(functionAt(named, root, twice + 1)).toEqual({ index: 2, name: 'twice', offset: 1 });
  const bare = assemble(SOURCE, { names: false });
  expect(functionAt(bare, root, twice)).toEqual({ index: 2, name: undefined, offset: 0 });
});

test('a module that does not lower to the code says nothing', () => {
  const other = assemble(SOURCE.replace('i64.const 7', 'i64.const 8'), { names: true });
  const { code } = lowerModule(loadModule(assemble(SOURCE, { names: true })), { entry: '_start', callStart: true });
  expect(functionAt(other, objectRoot(code), 2)).toBeUndefined();
});
