// docs/sdk.md#rejects-told: what the command says when an input has no row, no row comes through, or an endpoint does not answer.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { main } from '../../bin/main.ts';
import { startMockOpenAi } from '../doubles/mock-openai.ts';
import type { Case, CaseKind } from './case.ts';

const WORKFLOWS: Readonly<Record<string, string>> = {
  'other.ts': "import { dataset, z } from 'mizu';\nexport default dataset('other', z.object({ text: z.string() }));\n",
  'ask.ts':
    "import { dataset, z } from 'mizu';\nexport default dataset('ask', z.object({ id: z.string() })).generate('a', { model: 'endpoint/llama3.2', prompt: (r) => r.id });\n",
};

const INPUTS: Readonly<Record<string, string>> = { 'rows.jsonl': '{"id":"a"}\n{"id":"b"}\n', 'none.jsonl': '' };

type CommandCase = readonly [name: string, argv: readonly string[], wanted: string];

const COMMANDS: readonly CommandCase[] = [
  ['no row', ['dev', 'other.ts', '--input', 'none.jsonl'], 'exit 2: …'],
  [
    'a schema of other rows',
    ['dev', 'other.ts', '--input', 'rows.jsonl'],
    'exit 2: …rejected 2 of 2 by input, the first: text: Invalid input: expected string…',
  ],
  [
    'a model at an endpoint',
    ['dev', 'ask.ts', '--input', 'rows.jsonl', '--backend', 'ENDPOINT', '--no-cache'],
    'exit 0: …train 2…; asked for: llama3.2',
  ],
  ['an input that is not there', ['dev', 'other.ts', '--input', 'nothing.jsonl'], 'exit 1: …no such file…'],
  ['a command that is not there', ['deploi', 'other.ts'], 'exit 1: …'],
];

async function run(argv: readonly string[]): Promise<string> {
  let text = '';
  const { stdout, stderr } = process;
  const before = [stdout.write, stderr.write] as const;
  const write = ((part: string | Uint8Array) => {
    text += String(part);
    return true;
  }) as typeof stdout.write;
  stdout.write = write;
  stderr.write = write;
  try {
    const code = await main([...argv]);
    return `exit ${code}: ${text.replaceAll(/\s+/g, ' ')}`;
  } finally {
    [stdout.write, stderr.write] = before;
  }
}

export const COMMANDS_KIND: CaseKind = {
  kind: 'commands',
  page: 'docs/sdk.md#rejects-told',
  run: async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mizu-cases-'));
    const before = process.cwd();
    const asked = new Set<string>();
    const mock = await startMockOpenAi({
      answer: ({ model }) => {
        asked.add(model);
        return { content: 'yes' };
      },
    });
    try {
      process.chdir(folder);
      for (const [name, text] of Object.entries({ ...WORKFLOWS, ...INPUTS })) await writeFile(name, text);
      const cases: Case[] = [];
      for (const [name, argv, wanted] of COMMANDS) {
        asked.clear();
        const came = await run(argv.map((word) => (word === 'ENDPOINT' ? mock.url : word)));
        const models = asked.size === 0 ? '' : `; asked for: ${[...asked].join(', ')}`;
        cases.push({ name, input: `mizu ${argv.join(' ')}`, came: `${came}${models}`, wanted });
      }
      return cases;
    } finally {
      process.chdir(before);
      await mock.close();
      await rm(folder, { recursive: true, force: true });
    }
  },
};
