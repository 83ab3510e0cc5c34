// Every documented command is run here as it stands on its page, or listed with the place where it is covered.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Devnet, startDevnet } from '../../devnet/devnet.ts';
import { type MockOpenAi, startMockOpenAi } from '../doubles/mock-openai.ts';
import { documentedCommands, NETWORKS } from './commands.ts';
import { readText } from './pages.ts';
import { killShells, linkClone, runShell } from './shell.fixture.ts';

/** Commands that are not run here, and why. */
const ELSEWHERE: readonly (readonly [command: string, why: string])[] = [
  ['npm test', 'runs this test'],
  ['npm run lint', 'scripts/test.mjs runs its parts'],
  ['npm run typecheck', 'scripts/test.mjs runs it'],
  ['npm run generate', 'writes into the repository; scripts/test.mjs runs it with --check'],
  ['npm run pack', 'test/pack packs and installs it'],
  ['npm run smoke', 'installs other lines of Node.js; scripts/test.mjs runs it where CI is true'],
  ['npm run cases', 'test/cases/cases.test.ts runs them all'],
  ['npm run bench', 'measures for a long time; its results are committed'],
  ['npm run conformance', 'test/conformance runs a part of it'],
  ['npm run fuzz', 'test/differential runs a part of it'],
  ['npm run mutation', 'rebuilds for an hour'],
  ['npm run lies', 'test/lies runs a part of it'],
  ['npm run lies -- court', 'test/lies/court.test.ts plays all of it'],
  ['npx mizu claim', 'nothing is due before the unbonding period is over: sdk/stakes/stakes.test.ts'],
];

/** Words that the output of a command has. */
const EXPECTED: readonly (readonly [command: RegExp, words: RegExp])[] = [
  [/> words\.jsonl$/, /^$/],
  [/extract\.ts /, /\d+ (glosses|licences|licence texts|texts|rows) in /],
  [/^npx mizu dev /, /result {2}train \d+ .*\n\nNext:\n {2}npx mizu quote /],
  [/^npx mizu quote /, /Quote {2}[\d,]+ rows in \d+ partition[\s\S]* cost .* MIZU/],
  [/^npx mizu run /, /Dataset {2}[\s\S]*root {5}0x[0-9a-f]{64}\ncost {5}[\d.]+ MIZU/],
  [/^npx mizu verify /, /verified {2}dataset 0x[0-9a-f]{64} of run 0x[0-9a-f]{64}\n(confirmed|asserted) on L1/],
  [/^npx mizu escape /, /it goes on [\s\S]*could leave with [\d.]+ MIZU/],
  [/^npx mizu stake .* --dry-run$/, /at risk [\s\S]*cost +\d transactions, at most [\s\S]*Nothing was sent/],
  [/^npx mizu stake /, /cost +\d transactions, at most [\s\S]*MIZU are staked as validator/],
  [/^npx mizu delegate /, /at risk [\s\S]*MIZU are delegated to 0x/],
  [/^npx mizu unbond /, /MIZU are on their way out, due from /],
  [/^npx mizu stakes$/, /validator\n[\s\S]*weight [\s\S]*delegated as validator to 0x/],
  [/^npx mizu attest$/, /^(up to batch +status|No assertions in the last week of blocks\.)/],
  [/^npx mizu court$/, /^No cases: nobody has disputed what a model said\./],
  [/^npx mizu model list$/, /name +version +licence +tasks\ndatavm\/small +1 /],
  [/^npx mizu model show /, /programId +0x[0-9a-f]{64}[\s\S]*loading +[\d,]+ gas a task/],
  [/^npx mizu invite .* --worker /, /may connect as 0x(5e){20} until [\s\S]*"invitation": "[\w-]+"/],
  [/^npx mizu invite .* --revoke/, /Invitations of the name alice count no longer\./],
  [/^npm run economics$/, /voter +re-runs and votes[\s\S]*Nothing that harms others pays\./],
  [/accuracy\.ts /, /\d+ of \d+ .*\d %/],
];

/** Rows that are kept of what an extract command wrote: the commands after it are the documented ones, on less. */
const SLICE_ROWS = 48;

const commands = documentedCommands();
// A space in the path, as strangers have it.
const home = mkdtempSync(join(tmpdir(), 'mizu docs '));
const folder = linkClone(join(home, 'a clone'));
let devnet: Devnet;
let endpoint: MockOpenAi;

beforeAll(async () => {
  devnet = await startDevnet({ folder });
  // What a reader has of his own: docs/sdk.md#endpoint.
  endpoint = await startMockOpenAi({ answer: () => ({ content: '{"kind":"animal","why":"it swims"}' }) });
  process.env.ENDPOINT = endpoint.url;
});

afterAll(async () => {
  killShells();
  await endpoint?.close();
  await devnet?.close();
  rmSync(home, { recursive: true, force: true });
});

const elsewhere = ELSEWHERE.map(([command]) => command);

test('every command is run, or it is said where; npm knows every script', () => {
  expect(commands.length).toBeGreaterThan(20);
  const { scripts } = JSON.parse(readText('package.json')) as { scripts: Record<string, string> };
  for (const { command, page, line } of commands) {
    const script = /^npm (?:run )?([\w-]+)/.exec(command)?.[1];
    if (script !== undefined) expect(scripts, `${page}:${line}`).toHaveProperty(script);
    const isKnown =
      [...elsewhere, ...NETWORKS].includes(command) || EXPECTED.some(([pattern]) => pattern.test(command));
    expect(isKnown, `${page}:${line}: say here what "${command}" prints`).toBe(true);
  }
  const documented = commands.map(({ command }) => command);
  expect(ELSEWHERE.filter(([command]) => !documented.includes(command))).toEqual([]);
});

test('the workflow of the README is the file that it names', () => {
  const [, file = ''] = /This is \[(examples[^\]]*)\]/.exec(readText('README.md')) ?? [];
  const [, shown] = /```ts\n([\s\S]*?)```/.exec(readText('README.md')) ?? [];
  expect(readText(file).split('\n').slice(1).join('\n')).toBe(shown);
});

const toRun = commands.filter(({ command }) => ![...elsewhere, ...NETWORKS].includes(command));

// In the order of their pages: a command needs what those before it have written.
test.each(toRun)('$page:$line $command', async ({ command }) => {
  const { code, output } = await runShell(folder, command);
  expect(code, output).toBe(0);
  const expected = EXPECTED.find(([pattern]) => pattern.test(command));
  expect(output).toMatch(expected?.[1] as RegExp);
  if (command.includes('extract.ts ')) slice(command);
});

test('mizu devnet: once a folder', async () => {
  const second = await runShell(folder, 'npx mizu devnet');
  expect(second.code).toBe(1);
  expect(second.output).toContain('A network is up in this folder already.');
});

function slice(command: string): void {
  const target = join(folder, command.split(' ').at(-1) as string);
  const file = target.endsWith('.jsonl') ? target : join(target, 'glosses.jsonl');
  const rows = readFileSync(file, 'utf8').split('\n').slice(0, SLICE_ROWS);
  writeFileSync(file, `${rows.join('\n')}\n`);
}
