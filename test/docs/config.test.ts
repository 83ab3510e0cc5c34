// The tables of docs/operations.md#config against the shapes that check the files.
import { relative } from 'node:path';
import { expect, test } from 'vitest';
import type { z } from 'zod';
import { validatorShape } from '../../challenger/config.ts';
import { daShape } from '../../da/config.ts';
import { gatewayShape, openAiConfig, simulatorConfig, workerShape } from '../../edge/config.ts';
import { networkShape } from '../../node/config.ts';
import { executorShape } from '../../prover/config.ts';
import { sequencerShape } from '../../sequencer/config.ts';
import { type ConfigField, fieldsOf } from './config-fields.ts';
import { ROOT, readText } from './pages.ts';

const page = readText('docs/operations.md');
const network = fieldsOf(networkShape).map(({ name }) => name);

test.each<[string, z.ZodType, readonly string[]]>([
  ['network-config', networkShape, []],
  ['sequencer-config', sequencerShape, network],
  ['executor-config', executorShape, network],
  ['validator-config', validatorShape, network],
  ['da-config', daShape, []],
  ['gateway-config', gatewayShape, []],
  ['edge-config', workerShape, []],
  ['openai-config', openAiConfig, []],
  ['simulator-config', simulatorConfig, []],
])('the table of %s has all fields with their defaults and ranges', (anchor, shape, elsewhere) => {
  const rows = tableAfter(anchor);
  const fields = fieldsOf(shape).filter(({ name }) => !elsewhere.includes(name));
  const told = fields.flatMap((field) => check(field, rows));
  expect(
    [...rows.keys()].filter((name) => !told.includes(name)),
    'rows of fields that are gone',
  ).toEqual([]);
});

type Row = { readonly fallback: string; readonly range: string; readonly text: string };

/** Names of the rows that tell of the field and of what is in it: a row each, or by name in the row of the whole. */
function check(field: ConfigField, rows: ReadonlyMap<string, Row>): string[] {
  const row = rows.get(field.name);
  expect(row, `no row for ${field.name}`).toBeDefined();
  expect([field.name, row?.fallback, row?.range]).toEqual([field.name, withoutRoot(field.fallback), field.range]);
  const inside = field.children.flatMap((child) => {
    if (rows.has(child.name)) return check(child, rows);
    const key = child.name.slice(field.name.length).replace(/^(\[\])?\./, '');
    expect(row?.text, `${child.name} is not in the row of ${field.name}`).toContain(`\`${key}\``);
    return [];
  });
  return [field.name, ...inside];
}

function tableAfter(anchor: string): Map<string, Row> {
  const [, after = ''] = page.split(`{#${anchor}}`);
  const [table = ''] = after.slice(after.indexOf('\n|')).split('\n\n');
  const cells = table
    .trim()
    .split('\n')
    .slice(2)
    .map((line) => line.split('|').map((cell) => cell.trim()));
  return new Map(
    cells.map(([, name = '', fallback = '', range = '', text = '']) => [
      name.replaceAll('`', ''),
      { fallback, range, text },
    ]),
  );
}

function withoutRoot(fallback: string): string {
  const path = fallback.replaceAll('`', '');
  return path.startsWith(ROOT) ? `\`${relative(ROOT, path)}\`` : fallback;
}
