// docs/rows.md#header: rowsets begin with the headers of the vectors, whoever writes them: a program in the DataVM, one in Node, the reader of
// input files; and who reads them finds what is in them.
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { parameters, runPlain } from '../../test/modules/plain-host.fixture.ts';
import VECTORS from '../../test/vectors/row-headers.json' with { type: 'json' };
import { createQuickJsProgram } from '../../vm/quickjs/program.ts';
import { SHAPE } from '../compile/bundle.ts';
import { encodeRowset, type InputRow } from '../input/rowset.ts';
import { createMemoryIo } from '../local/memory-io.ts';
import { readRowsetHeader } from '../local/run-local.ts';
import { openRowset, type RowsetHeader, writeRowset } from './rowset.ts';

const ROWSETS = VECTORS.filter(({ header }) => header.mizu === 'rows');
const padded = (text: string, sizeBytes: number) =>
  Buffer.concat([Buffer.from(text), Buffer.alloc(sizeBytes - 1 - Buffer.byteLength(text), ' '), Buffer.from('\n')]);

test('in the DataVM a program pads every header as the vectors say', async () => {
  const { outputFiles } = await build({
    ...SHAPE,
    stdin: {
      contents: `import { padHeader } from './protocol/rows.ts';
        globalThis.__mizu_main = (io) => { io.open(1); while (io.next()) io.write(padHeader(io.json())); };`,
      resolveDir: fileURLToPath(new URL('../..', import.meta.url)),
      loader: 'ts',
    },
    write: false,
    format: 'iife',
  });
  const program = await createQuickJsProgram(outputFiles[0]!.text);
  const lines = VECTORS.map(({ header }) => `${JSON.stringify(header)}\n`).join('');
  const { output } = await runPlain(program, { inputs: [parameters([]), Buffer.from(lines)] });
  expect(Buffer.from(output)).toEqual(Buffer.concat(VECTORS.map(({ text, sizeBytes }) => padded(text, sizeBytes))));
});

test.each(ROWSETS)('a stage writes $name, and reads it', ({ header, text, sizeBytes }) => {
  const written = createMemoryIo({}, []);
  writeRowset(written.io, header as RowsetHeader, ['[0,{}]'], []);
  const object = Buffer.from(written.output());
  expect(object).toEqual(Buffer.concat([padded(text, sizeBytes), Buffer.from('[0,{}]\n')]));
  expect(readRowsetHeader(object)).toEqual(header);
  expect(openRowset(createMemoryIo({}, [object]).io, 1).operators).toEqual(header.operators);
});

test.each(ROWSETS.filter(({ text }) => text.includes('"operators":{}')))('an input begins with $name', (vector) => {
  const { header, text, sizeBytes } = vector;
  const { out = 0, rejected = 0, input, at } = header;
  const rows = [
    ...Array.from({ length: out }, (_, index): InputRow => ({ kind: 'row', index, row: {} })),
    ...Array.from({ length: rejected }, (_, i): InputRow => ({ kind: 'broken', index: out + i, text: '', reason: '' })),
  ];
  const tag = { ...(input === undefined ? {} : { input }), ...(at === undefined ? {} : { at }) };
  expect(Buffer.from(encodeRowset(rows, tag).subarray(0, sizeBytes))).toEqual(padded(text, sizeBytes));
});
