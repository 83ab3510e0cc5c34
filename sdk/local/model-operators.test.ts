// Several answers, judgements and conversations, as a model that does what its text says answers them.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Backend, ChatRequest, Completion } from '../../edge/backends/backend.ts';
import { textOfContent } from '../../edge/backends/messages.ts';
import { type BundledWorkflow, bundleWorkflow } from '../compile/compile.ts';
import { assertTypes } from '../compile/typecheck.ts';
import type { EngineName } from './engine.ts';
import { type LocalRun, runLocal } from './run-local.ts';

type Said = Partial<Completion>;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mizu-operators-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const PNG = 'data:image/png;base64,iVBORw0KGgoAAAANSUhEUg==';

const bundles = new Map<string, Promise<BundledWorkflow>>();

function bundle(name: string, operators: string): Promise<BundledWorkflow> {
  const known = bundles.get(operators);
  if (known !== undefined) return known;
  const file = join(folder, `${name}.ts`);
  const text = `import { dataset, z } from 'mizu';\nexport default dataset<{ t: string }>('${name}')\n${operators};\n`;
  const bundled = writeFile(file, text).then(() => bundleWorkflow(file));
  bundles.set(operators, bundled);
  return bundled;
}

async function run(
  name: string,
  operators: string,
  rows: readonly object[],
  answer: (request: ChatRequest, text: string) => Said | string,
  options: { readonly engine?: EngineName; readonly partitions?: number } = {},
): Promise<LocalRun & { readonly asked: readonly ChatRequest[] }> {
  const asked: ChatRequest[] = [];
  const backend: Backend = {
    name: 'm',
    complete: async (request) => {
      asked.push(request);
      const said = answer(request, textOfContent(request.messages.at(-1)!.content));
      const usage = { promptTokens: 1, completionTokens: 1 };
      return { content: '', finishReason: 'stop', usage, ...(typeof said === 'string' ? { content: said } : said) };
    },
  };
  const result = await runLocal(await bundle(name, operators), rows, {
    engine: 'node',
    ...options,
    backends: [backend],
  });
  return { ...result, asked };
}

describe('several answers', () => {
  const numberOf = (request: ChatRequest) => request.mizu?.answer ?? 0;
  // The text has one word for each answer.
  const byWord = (request: ChatRequest, text: string): Said | string => {
    const word = text.split(' ')[numberOf(request)]!;
    return word === 'cut' ? { content: 'wor', finishReason: 'length' } : word === 'none' ? '' : word;
  };
  const rows = [{ t: 'a b c' }, { t: 'a cut c' }, { t: 'cut none c' }, { t: 'none none none' }];
  const operators = `  .generate('x', { model: 'm', n: 3, minAnswers: 2, temperature: 1, prompt: (r) => r.t,
    parse: (a) => (a === 'c' ? NaN : a) })
  .check('two', (r) => r.x.length > 1)`;

  test.each([
    ['node', 1],
    ['node', 3],
    ['native', 2],
  ] as const)('a bad one costs itself alone, on %s with %i partitions', async (engine, partitions) => {
    const { parts, rejects, operators: counts } = await run('each', operators, rows, byWord, { engine, partitions });
    expect(parts.train).toEqual([{ t: 'a b c', x: ['a', 'b'] }]);
    expect(rejects.map(({ index, operator, row }) => [index, operator, row])).toEqual([
      [0, 'x', rows[0]],
      [1, 'x', rows[1]],
      [2, 'x', rows[2]],
      [3, 'x', rows[3]],
    ]);
    expect(rejects.map(({ answer }) => answer)).toEqual([2, undefined, undefined, undefined]);
    expect(rejects.map(({ reason }) => reason)).toEqual([
      expect.stringMatching(/^answer 3 of 3: the parser failed: TypeError: .*NaN.* \(each\.ts:3\); the model said: c$/),
      expect.stringMatching(
        /^1 of 3 answers are good, 2 must be; answer 2 of 3: the answer is not whole: .*said: wor$/,
      ),
      expect.stringMatching(/^0 of 3 answers are good, 2 must be; answer 1 of 3: the answer is not whole/),
      expect.stringMatching(/^0 of 3 answers are good, 2 must be; answer 1 of 3: the answer is empty$/),
    ]);
    expect(counts).toEqual({ x: { in: 4, out: 1, rejected: 4 }, two: { in: 1, out: 1, rejected: 0 } });
  });

  test('a lost one is told, whatever becomes of its row in the same stage', async () => {
    const more = `  .generate('x', { model: 'm', n: 3, prompt: (r) => r.t })
  .flatMap('one', (r) => r.x.map((x) => ({ x })))
  .filter('not-c', (r) => r.x !== 'c')
  .check('not-a', (r) => r.x !== 'a')`;
    const { parts, rejects } = await run('lost', more, rows.slice(0, 3), byWord);
    expect(parts.train).toEqual([{ x: 'b' }]);
    expect(rejects.map(({ index, operator, reason }) => [index, operator, reason.slice(0, 15)])).toEqual([
      [0, 'not-a', 'the check faile'],
      [1, 'x', 'answer 2 of 3: '],
      [1, 'not-a', 'the check faile'],
      [2, 'x', 'answer 1 of 3: '],
      [2, 'x', 'answer 2 of 3: '],
    ]);
  });

  test('each has a request of its own; the first is the one of an operator without `n`', async () => {
    const plain = await run(
      'plain',
      `.generate('x', { model: 'm', seed: 7, prompt: (r) => r.t })`,
      [{ t: 'a' }],
      () => 'a',
    );
    const { asked } = await run(
      'own',
      `.generate('x', { model: 'm', n: 3, seed: 7, prompt: (r) => r.t })`,
      [{ t: 'a' }],
      () => 'a',
    );
    const request = { max_tokens: 256, messages: [{ role: 'user', content: 'a' }], seed: 7 };
    expect(plain.asked).toEqual([request]);
    expect(asked).toEqual([
      request,
      { ...request, seed: 8, mizu: { answer: 1 } },
      { ...request, seed: 9, mizu: { answer: 2 } },
    ]);
  });

  test('a row without a prompt has no answers, and takes none of its neighbours', async () => {
    const { parts, rejects } = await run(
      'gap',
      `  .flatMap('two', (r) => [{ t: r.t }, { t: r.t + '!' }])
  .generate('x', { model: 'm', n: 2, prompt: (r) => { if (r.t === 'b') throw new Error('no'); return r.t; } })`,
      [{ t: 'a' }, { t: 'b' }, { t: 'c' }],
      (_request, text) => text,
    );
    expect(parts.train!.map(({ t, x }) => [t, x])).toEqual(['a', 'a!', 'b!', 'c', 'c!'].map((t) => [t, [t, t]]));
    expect(rejects.map(({ index, reason }) => [index, reason])).toEqual([
      [1, 'the prompt failed: Error: no (gap.ts:4)'],
    ]);
  });

  test('whatever fails, each answer is its row’s own', async () => {
    // A letter an answer: good, cut, empty, or one on which the parser fails; `x` is a prompt that fails.
    const letter = fc.constantFrom('g', 'c', 'e', 'p', 'x');
    const texts = fc.array(
      fc.array(fc.string({ unit: letter, minLength: 2, maxLength: 2 }), { minLength: 1, maxLength: 3 }),
      { minLength: 1, maxLength: 6 },
    );
    const chain = `  .flatMap('each', (r) => r.t.split(' ').map((t, i) => ({ t, i })))
  .generate('x', { model: 'm', n: 2, prompt: (r) => { if (r.t.includes('x')) throw new Error('no'); return r.t + ' ' + r.i; },
    parse: (a) => { if (a.startsWith('p')) throw new Error('p'); return a; } })`;
    const answer = (request: ChatRequest, text: string): Said | string => {
      const kind = text[numberOf(request)]!;
      return kind === 'e' ? '' : { content: kind + text, finishReason: kind === 'c' ? 'length' : 'stop' };
    };
    const check = async (rows: string[][], partitions: number) => {
      const input = rows.map((list) => ({ t: list.join(' ') }));
      const { parts, rejects } = await run('random', chain, input, answer, { partitions });
      const all = rows.flatMap((list, index) => list.map((t, i) => ({ index, t, i })));
      const goodOf = ({ t, i }: { t: string; i: number }) =>
        t.includes('x') ? [] : [...t].flatMap((kind) => (kind === 'g' ? [`g${t} ${i}`] : []));
      const kept = all.filter((row) => goodOf(row).length > 0);
      expect(parts.train).toEqual(kept.map((row) => ({ t: row.t, i: row.i, x: goodOf(row) })));
      const lost = all.flatMap((row) => {
        const count = goodOf(row).length === 0 ? 1 : 2 - goodOf(row).length;
        return Array.from({ length: count }, () => [row.index, row.t, row.i]);
      });
      expect(
        rejects.map(({ index, row }) => [index, ...Object.values(row as { i: number; t: string }).reverse()]),
      ).toEqual(lost);
    };
    await fc.assert(fc.asyncProperty(texts, fc.integer({ min: 1, max: 3 }), check), { numRuns: 25 });
  });

  test('the requests of a task have a size', async () => {
    const chain = `  .generate('x', { model: 'm', n: 2, prompt: (r) => r.t.repeat(1_000_000) })`;
    const { parts, rejects, asked } = await run('many', chain, Array(27).fill({ t: 'a' }), () => 'b');
    expect([parts.train!.length, asked.length]).toEqual([25, 50]);
    expect(rejects.map(({ index }) => index)).toEqual([25, 26]);
    expect(rejects[0]!.reason).toContain('the requests of a task are at most 131071, with 50331648 characters');
  });
});

describe('a judge', () => {
  const prefers = (word: string) => (_request: ChatRequest, text: string) => {
    const [first = ''] = text.slice(text.indexOf('First text:\n') + 12).split('\n');
    const winner = word === 'first' || word === 'tie' ? word : first.includes(word) ? 'first' : 'second';
    return JSON.stringify({ reason: `for ${word}`, winner });
  };
  const operator = `.judge('j', { model: 'm', question: (r) => r.t, a: () => 'cat', b: () => 'dog' })`;

  test.each([
    ['cat', 'a', ['a', 'a']],
    ['dog', 'b', ['b', 'b']],
    ['first', 'tie', ['a', 'b']],
    ['tie', 'tie', ['tie', 'tie']],
  ])('that prefers %s', async (word, winner, votes) => {
    const { parts, asked } = await run('judge', operator, [{ t: 'Which?' }], prefers(word));
    expect(parts.train).toEqual([{ t: 'Which?', j: { winner, votes, reasons: [`for ${word}`, `for ${word}`] } }]);
    expect(asked.map(({ messages }) => messages.at(-1)!.content)).toEqual([
      'Question:\nWhich?\n\nFirst text:\ncat\n\nSecond text:\ndog',
      'Question:\nWhich?\n\nFirst text:\ndog\n\nSecond text:\ncat',
    ]);
  });

  test('is asked once without the swap', async () => {
    const once = `.judge('j', { model: 'm', swap: false, a: () => 'cat', b: () => 'dog' })`;
    const { parts, asked } = await run('once', once, [{ t: 'x' }], prefers('first'), { engine: 'native' });
    expect([parts.train![0]!.j, asked.length]).toEqual([{ winner: 'a', votes: ['a'], reasons: ['for first'] }, 1]);
  });

  test('that answers one order only judges nothing', async () => {
    const { rejects } = await run('half', operator, [{ t: 'x' }], (request, text) =>
      text.includes('First text:\ndog') ? { content: '{"rea', finishReason: 'length' } : prefers('cat')(request, text),
    );
    expect(rejects).toMatchObject([
      {
        operator: 'j',
        reason: expect.stringMatching(/^with b first: the model gave no answer: .*; the model said: \{"rea$/),
      },
    ]);
  });
});

test('a rubric yields a number of the scale, and why', async () => {
  const operator = `.score('s', { model: 'm', system: 'Be strict.', rubric: { 1: 'wrong', 3: 'partly', 5: 'right' }, prompt: (r) => r.t })`;
  const { parts, rejects, asked } = await run(
    'rubric',
    operator,
    [{ t: '5' }, { t: '4' }],
    (_request, text) => `{"reason":"so","score":${text}}`,
  );
  expect(parts.train).toEqual([{ t: '5', s: { reason: 'so', score: 5 } }]);
  expect(rejects[0]!.reason).toMatch(/score must be equal to one of/);
  expect(asked[0]!.messages[0]).toEqual({
    role: 'system',
    content: 'Be strict.\n\nRate by this scale. Give the reason first, then the number.\n1: wrong\n3: partly\n5: right',
  });
});

test.each(['node', 'native'] as const)('a conversation grows by what was answered, on %s', async (engine) => {
  const operators = `  .converse('talk', { model: 'm', system: 'Be brief.', turns: [
    (r) => 'Say ' + r.t,
    (r, messages) => messages.length + ' ' + r.t + ' again',
    () => [{ role: 'user', content: 'and' }, { role: 'assistant', content: 'what?' }, { role: 'user', content: 'end' }],
  ] })
  .generate('last', { model: 'm', prompt: (r) => [...r.talk, { role: 'user', content: 'Sure?' }] })`;
  const { parts, rejects, asked } = await run(
    'talk',
    operators,
    [{ t: 'a' }, { t: 'b' }],
    (_request, text) => (text === '3 b again' ? '' : `<${text}>`),
    { engine },
  );
  const talk = [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'Say a' },
    { role: 'assistant', content: '<Say a>' },
    { role: 'user', content: '3 a again' },
    { role: 'assistant', content: '<3 a again>' },
    { role: 'user', content: 'and' },
    { role: 'assistant', content: 'what?' },
    { role: 'user', content: 'end' },
    { role: 'assistant', content: '<end>' },
  ];
  expect(parts.train).toEqual([{ t: 'a', talk, last: '<Sure?>' }]);
  expect(asked.at(-1)!.messages).toEqual([...talk, { role: 'user', content: 'Sure?' }]);
  expect(rejects).toMatchObject([{ index: 1, operator: 'talk-2', reason: 'the answer is empty' }]);
});

describe('messages', () => {
  const operator = `.generate('x', { model: 'm', prompt: (r) => JSON.parse(r.t) })`;
  const ask = (messages: unknown) => run('messages', operator, [{ t: JSON.stringify(messages) }], () => 'seen');
  const image = (url: string) => ({ type: 'image_url', image_url: { url } });

  test('show images, by address or as data', async () => {
    const content = [
      { text: 'What is it?', type: 'text' },
      { image_url: { detail: 'low', url: PNG }, type: 'image_url' },
      image('https://example.org/a.png?b=1'),
    ];
    const { parts, asked } = await ask([{ role: 'user', content }]);
    expect([parts.train![0]!.x, asked[0]!.messages]).toEqual(['seen', [{ role: 'user', content }]]);
  });

  test.each([
    ['none at all', [], '0 messages; a request has 1 to 256'],
    ['too many', Array.from({ length: 257 }, () => ({ role: 'user', content: 'x' })), 'at most 256 messages, not 257'],
    ['another role', [{ role: 'tool', content: 'x' }], 'its role is tool, not system, user, assistant'],
    ['no content', [{ role: 'user', content: null }], 'content is a text or a list of 1 to 64 parts'],
    [
      'another type',
      [{ role: 'user', content: [{ type: 'input_audio', input_audio: {} }] }],
      "a part has a field 'input_audio'",
    ],
    ['an image of the system', [{ role: 'system', content: [image(PNG)] }], 'an image in a message of the system'],
    [
      'too many images',
      [{ role: 'user', content: Array.from({ length: 17 }, () => image(PNG)) }],
      '17 images; a request has at most 16',
    ],
  ])('are refused: %s', async (_name, messages, reason) => {
    const { rejects } = await ask(messages);
    expect(rejects).toMatchObject([{ operator: 'x', reason: expect.stringContaining(reason) }]);
  });
});

test('a prompt has a bounded text', async () => {
  const operator = `.generate('x', { model: 'm', prompt: (r) => r.t.repeat(20_000) })`;
  const { parts, rejects } = await run(
    'long',
    operator,
    [{ t: 'x'.repeat(10) }, { t: '\u0001'.repeat(10) }],
    () => 'seen',
  );
  expect(parts.train).toMatchObject([{ x: 'seen' }]);
  expect(rejects[0]!.reason).toContain('a prompt has at most 1048576 characters of JSON');
});

test('types follow the options', async () => {
  const file = join(folder, 'types.ts');
  await writeFile(
    file,
    `import { dataset, type Judgement, type Message, z } from 'mizu';
export default dataset('types', z.object({ t: z.string() }))
  .generate('many', { model: 'm', n: 2, prompt: (r) => r.t, output: z.object({ a: z.number() }), parse: (x) => x.a })
  .generate('one', { model: 'm', prompt: (r) => r.many[0]!.toFixed() })
  .classify('labels', { model: 'm', n: 3, labels: ['x', 'y'], text: (r) => r.one })
  .score('plain', { model: 'm', prompt: (r) => r.labels.join() })
  .score('rated', { model: 'm', rubric: { 1: 'bad', 2: 'good' }, prompt: (r) => r.plain.toFixed() })
  .score('both', { model: 'm', n: 2, rubric: { 1: 'bad', 2: 'good' }, prompt: (r) => r.rated.reason })
  .judge('judged', { model: 'm', a: (r) => r.one, b: (r) => r.both[0]!.reason })
  .converse('talk', { model: 'm', turns: [(r) => r.judged.winner] })
  .map('all', (r) => {
    const all: [number[], string, ('x' | 'y')[], number, number, Judgement, Message[]] =
      [r.many, r.one, r.labels, r.plain, r.both[1]!.score, r.judged, r.talk];
    return { all };
  });
`,
  );
  await assertTypes(file);
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.replace('r.rated.reason', 'r.rated.reasons').replace('r.judged.winner', 'r.judged.winer'));
  await expect(assertTypes(file)).rejects.toMatchObject({
    actual: expect.stringMatching(/'reasons' does not exist[\s\S]*'winer' does not exist/),
  });
});
