import { afterEach, describe, expect, test } from 'vitest';
import type { ResponseFormat } from '../backends/backend.ts';
import { createSchemaChecker, type SchemaChecker, type SchemaCheckerOptions } from './checker.ts';

const STUCK = new URL('../../test/doubles/stuck.worker.ts', import.meta.url);
let checker: SchemaChecker;
afterEach(() => checker.close());

const open = (options: SchemaCheckerOptions) => {
  checker = createSchemaChecker(options);
  return checker;
};
const formatOf = (schema: unknown) => ({ type: 'json_schema', json_schema: { schema } }) as ResponseFormat;
const item = (content: string, schema: unknown = { type: 'number' }) => ({ format: formatOf(schema), content });
const ended = {
  kind: 'unusable',
  reason: expect.stringMatching(/^schema at its root: the check has not ended in 200 ms/),
};

describe('the schema checker', () => {
  test('has one verdict an item', async () => {
    const items = [
      item('1'),
      item('"x"'),
      { format: { type: 'text' }, content: '{' },
      { format: { type: 'json_object' }, content: '{' },
    ];
    expect(await open({ threads: 1 }).check('run', [...items, { format: undefined, content: '{' }])).toEqual([
      undefined,
      { kind: 'unfit', reason: 'value must be number' },
      undefined,
      { kind: 'unfit', reason: expect.stringMatching(/^not JSON/) },
      undefined,
    ]);
  });

  test('does not hand on a schema that is too long or cannot be written', async () => {
    let deep: unknown = {};
    for (let i = 0; i < 100_000; i++) deep = [deep];
    const verdicts = await open({ threads: 1, script: STUCK }).check('run', [
      item('stuck', { title: 'x'.repeat(70_000) }),
      item('stuck', deep),
    ]);
    expect(verdicts.map((verdict) => verdict?.reason)).toEqual([
      expect.stringContaining('too large'),
      expect.stringContaining('too large'),
    ]);
  });

  test('ends a check that does not end; the others of its lease are checked, and it is not tried again', async () => {
    const { check } = open({ threads: 1, deadlineMs: 200, script: STUCK });
    expect(await check('run', [item('1'), item('stuck', { a: 1 }), item('2')])).toEqual([undefined, ended, undefined]);
    expect(await check('run', [item('1', { a: 1 })])).toEqual([ended]);
    expect(await check('run', [item('1', { a: 2 })])).toEqual([undefined]);
  });

  test('outlives a thread that fails or runs out of memory', async () => {
    const { check } = open({ threads: 1, deadlineMs: 20_000, script: STUCK });
    const verdicts = await check('run', [item('broken', { a: 1 }), item('1'), item('fat', { a: 2 })]);
    expect(verdicts.map((verdict) => verdict?.reason)).toEqual([
      expect.stringMatching(/thread has failed: broken/),
      undefined,
      expect.stringMatching(/thread has failed: .*memory/),
    ]);
  });

  test('gives runs their turns: whoever has much to check holds up nobody for longer than one lease', async () => {
    const { check } = open({ threads: 1 });
    const order: string[] = [];
    const ask = async (run: string) => {
      await check(run, [item('1')]);
      order.push(run);
    };
    await Promise.all([...Array.from({ length: 5 }, () => ask('greedy')), ask('modest'), ask('other')]);
    expect(order.slice(0, 4).sort()).toEqual(['greedy', 'greedy', 'modest', 'other']);
  });

  test('refuses what waits when it is closed', async () => {
    const { check, close } = open({ threads: 1, deadlineMs: 20_000, script: STUCK });
    const waiting = [check('run', [item('stuck')]), check('run', [item('1')])].map((one) =>
      expect(one).rejects.toThrow(/closed/),
    );
    await close();
    await Promise.all(waiting);
  });
});
