// docs/edge.md#failures: what providers answer, and what becomes of the row. All rows of a workflow ask one endpoint, in one run.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createOpenAiBackends } from '../../edge/backends/openai.ts';
import { openAiConfig } from '../../edge/config.ts';
import { bundleWorkflow } from '../../sdk/compile/compile.ts';
import { runLocal } from '../../sdk/local/run-local.ts';
import { type MockAnswer, startMockOpenAi } from '../doubles/mock-openai.ts';
import { createProviderAnswers, PROVIDER_MODES, type ProviderMode } from '../doubles/provider-modes.fixture.ts';
import { JSON_ANSWERS, PARSER_CASES, TEXT_ANSWERS } from './answer-table.ts';
import { type Case, type CaseKind, told } from './case.ts';

const HEAD = "import { dataset, z } from 'mizu';\n";
const ASK =
  "model: 'acme/chat', maxTokens: 64, temperature: 0, prompt: (r: any) => 'MODE:' + r.mode + ' say something'";
const SHAPE = "z.object({ label: z.enum(['pos', 'neg']), n: z.number() })";
const CODES = PARSER_CASES.map(([name, code]) => `  ${JSON.stringify(name)}: (a, r, said) => ${code},`).join('\n');

const WORKFLOWS = {
  json: `${HEAD}export default dataset<any>('json').generate('a', { ${ASK}, output: ${SHAPE} });\n`,
  text: `${HEAD}export default dataset<any>('text').generate('a', { ${ASK} });\n`,
  parser: `${HEAD}const CODES: Record<string, (a: any, r: any, said: any) => any> = {\n${CODES}\n};
export default dataset<any>('parser').generate('a', { ${ASK}, onTruncated: 'keep', keepReasoning: true, parse: (a: any, r: any, said: any) => CODES[r.case]!(a, r, said) });\n`,
} as const;

/** How often a mode is asked for is told beside what came of it. */
async function ask(folder: string, name: keyof typeof WORKFLOWS, rows: readonly { readonly mode: ProviderMode }[]) {
  const file = join(folder, `${name}.ts`);
  await writeFile(file, WORKFLOWS[name]);
  const answers = createProviderAnswers();
  const mock = await startMockOpenAi({ answer: answers.answer });
  const config = { kind: 'openai', baseUrl: mock.url, models: { 'acme/chat': 'm' }, attempts: 3, firstBackoffMs: 1 };
  const { backends, close } = createOpenAiBackends(openAiConfig.parse(config));
  try {
    const run = await runLocal(await bundleWorkflow(file), rows, { engine: 'node', backends });
    return { ...run, calls: answers.calls };
  } finally {
    await close();
    await mock.close();
  }
}

function shown({ status = 200, headers, body, hangUp, cut }: MockAnswer): string {
  if (hangUp === true) return 'the connection ends';
  const text = typeof body === 'string' ? body : body === undefined ? '' : `${body.length} bytes`;
  const more = headers === undefined ? '' : ` ${JSON.stringify(headers)}`;
  return `${status}${more} ${text}${cut === true ? ', and the connection ends' : ''}`;
}

async function ofProviders(folder: string, name: 'json' | 'text'): Promise<Case[]> {
  const table = Object.entries(name === 'json' ? JSON_ANSWERS : TEXT_ANSWERS);
  const modes = ['ok', ...table.map(([mode]) => mode)] as ProviderMode[];
  const { parts, rejects, calls } = await ask(
    folder,
    name,
    modes.map((mode) => ({ mode })),
  );
  return table.map(([mode, [wanted, times]]) => {
    const row = parts.train!.find((one) => one.mode === mode);
    const reason = rejects.find((one) => (one.row as { mode: string }).mode === mode)?.reason ?? 'no reject';
    const came = row === undefined ? `✗ ${reason.replaceAll(/\s+/g, ' ')}` : told([row.a], []);
    const called = (count: number) => (count === 1 ? 'asked once' : `asked ${count} times`);
    return {
      name: mode,
      engine: name,
      input: shown(PROVIDER_MODES[mode as ProviderMode](1)),
      came: `${called(calls(mode))}: ${came}`,
      wanted: `${called(times)}: ${wanted}`,
    };
  });
}

async function ofParsers(folder: string): Promise<Case[]> {
  const rows = PARSER_CASES.map(([name, , , mode = 'ok']) => ({ case: name, mode: mode as ProviderMode }));
  const { parts, rejects } = await ask(folder, 'parser', rows);
  return PARSER_CASES.map(([name, code, wanted]) => {
    const row = parts.train!.find((one) => one.case === name);
    const reason = rejects.find((one) => (one.row as { case: string }).case === name)?.reason ?? 'no reject';
    return {
      name,
      engine: 'parse',
      input: code,
      came: row === undefined ? `✗ ${reason.replace(/ \(parser\.ts:\d+\)/, '')}` : told([row.a], []),
      wanted,
    };
  });
}

export const ANSWERS: CaseKind = {
  kind: 'answers',
  page: 'docs/edge.md#failures',
  run: async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mizu-cases-'));
    try {
      return [
        ...(await ofProviders(folder, 'json')),
        ...(await ofProviders(folder, 'text')),
        ...(await ofParsers(folder)),
      ];
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};
