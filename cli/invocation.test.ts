import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { shellWord } from '../sdk/output/shell-word.ts';
import { killShells, runShell } from '../test/docs/shell.fixture.ts';
import { commandAt } from './invocation.ts';

const bin = fileURLToPath(new URL('../bin/mizu.mjs', import.meta.url));
const root = fileURLToPath(new URL('../', import.meta.url));
let home: string;

beforeAll(() => {
  home = realpathSync(mkdtempSync(join(tmpdir(), 'mizu typed ')));
  for (const folder of ['work', 'path', 'project/node_modules/.bin', 'other/node_modules/.bin'])
    mkdirSync(join(home, folder), { recursive: true });
  symlinkSync(bin, join(home, 'path', 'mizu'));
  symlinkSync(bin, join(home, 'project/node_modules/.bin/mizu'));
  writeFileSync(join(home, 'other/node_modules/.bin/mizu'), '');
});
afterAll(() => {
  killShells();
  rmSync(home, { recursive: true, force: true });
});

test('mizu is named as it can be called from where the user stands', () => {
  const at = (cwd: string, path: readonly string[] = [], started = bin) =>
    commandAt({ bin, cwd: join(home, cwd), path: path.join(delimiter), started });
  const onPath = join(home, 'path');
  expect(at('work')).toBe(`node ${shellWord(bin)}`);
  expect(at('work', [], join(onPath, 'mizu'))).toBe(`node ${shellWord(join(onPath, 'mizu'))}`);
  expect(at('work', [], join(home, 'other/node_modules/.bin/mizu'))).toBe(`node ${shellWord(bin)}`);
  expect(at('work', ['', join(home, 'none'), onPath])).toBe('mizu');
  expect(at('project')).toBe('npx mizu');
  expect(at('project/node_modules', [onPath])).toBe('npx mizu');
  expect(at('other')).toBe(`node ${shellWord(bin)}`);
  expect(commandAt({ bin, cwd: root, path: '', started: bin })).toBe('npx mizu');
  expect(commandAt({ bin, cwd: join(root, 'examples', 'first'), path: '', started: bin })).toBe('npx mizu');
});

test('in a folder of others, by a path or a link, commands that are printed run as they are pasted', async () => {
  const folder = join(home, "a stranger's folder");
  mkdirSync(folder);
  symlinkSync(bin, join(home, 'my mizu'));
  writeFileSync(
    join(folder, 'my flow.ts'),
    `import { dataset, z } from 'mizu';
export default dataset('good', z.object({ id: z.number() })).map('next', ({ id }) => ({ id: id + 1 }));
`,
  );
  writeFileSync(join(folder, 'my rows.jsonl'), '{"id":1}\n');
  const dev = await runShell(folder, "'../my mizu' dev 'my flow.ts' --input 'my rows.jsonl'");
  expect(dev.code, dev.output).toBe(0);
  const [quote = '', run = ''] = [...dev.output.matchAll(/^ {2}(node .*?) {2}/gm)].map(([, command]) => command);
  expect(run).toContain("'my flow.ts' --input 'my rows.jsonl' --output out");
  const quoted = await runShell(folder, quote);
  expect(quoted.code).toBe(1);
  expect(quoted.output).toMatch(
    /^There is no network to talk to\.[\s\S]*to do: {4}Start one in another terminal: node /,
  );
  const [, devnet = ''] = /terminal: (node .*) devnet$/m.exec(quoted.output) ?? [];
  const help = await runShell(folder, `${devnet} run --help`);
  expect(help.output).toContain(`$ ${devnet} run `);
});
