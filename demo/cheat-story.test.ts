// docs/operations.md#cheat: the words of a dispute, on a terminal of 80 columns.
import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { createOutput } from '../cli/output.ts';
import { SIDE } from '../protocol/generated/enums.ts';
import type { Address, Hex } from '../protocol/hex.ts';
import { sinceGenesis, toStepInAssertion } from '../protocol/step-numbers.ts';
import { createStory } from './cheat-story.ts';
import type { DisputeEvent } from './dispute-feed.ts';
import type { Seen, WatchedFault, Watcher } from './watcher.ts';

const hash = (digit: string): Hex => `0x${digit.repeat(64)}`;
const address = (digit: string): Address => `0x${digit.repeat(40)}`;
const MIZU = 10n ** 18n;
const [LIAR, VALIDATOR] = [address('A'), address('b')];
const leaf = (digit: string) => ({
  stateRoot: hash(digit),
  receiptHash: hash('0'),
  batch: 1n,
  message: 0n,
  step: 20n,
});

const fault: WatchedFault = {
  step: toStepInAssertion(17),
  sinceGenesis: sinceGenesis(toStepInAssertion(17), 0n),
  place: { batch: 3n, message: 10 },
  message: { kind: 'Advance', run: hash('7'), stage: 1, partition: 0 },
  claimed: leaf('1'),
  own: leaf('2'),
  instructions: 660_232n,
};
const seen: Seen = {
  place: {
    position: 549_896n,
    machine: 'program',
    programId: hash('c'),
    pc: 131_882,
    instruction: 'output_write',
    family: 'host',
  },
  before: hash('3'),
  after: hash('5'),
  source: { index: 1425, name: undefined, offset: 273 },
  written: { offset: 0, bytes: new TextEncoder().encode(`{"text":"${'long '.repeat(30)}"}\n{"text":`) },
};
const assertion = { id: hash('d'), asserter: LIAR, post: leaf('1'), stepCount: 20 };
const watcher = { check: async () => ({ assertion, fault }), see: async () => seen } as unknown as Watcher;
const metadata = {
  name: 'first',
  version: 1,
  stages: [
    { name: 'rows', kind: 'rows', operators: [], sink: null },
    { name: 'train', kind: 'sink', operators: [], sink: 'train' },
  ],
  models: {},
  sdk: '0.1.0',
} as const;

async function tell(
  events: readonly (Pick<DisputeEvent, 'name'> & { args: object; sender?: Address })[],
  json = false,
) {
  let text = '';
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += chunk;
      done();
    },
  });
  const output = createOutput(json, stream);
  const cast = new Map([
    [LIAR.toLowerCase(), 'liar'],
    [VALIDATOR, 'validator'],
  ]);
  const bonds = { asserter: 100n * MIZU, challenger: 50n * MIZU };
  const heading = (title: string) => output.say(`\n${title}`);
  const story = createStory({ watcher, output, heading, cast, metadata, bonds, columns: 80 });
  for (const event of events)
    await story.tell({ transaction: hash('e'), gasUsed: 94_000n, sender: VALIDATOR, ...event } as DisputeEvent);
  return { text, story };
}

const DISPUTE = [
  { name: 'AssertionCreated', args: { id: hash('d') } },
  { name: 'GameOpened', args: { game: hash('9'), assertion: hash('d'), challenger: VALIDATOR, index: 17n } },
  { name: 'Moved', sender: LIAR, args: { game: hash('9'), side: SIDE.asserter, lists: 2, position: 0n } },
  { name: 'Moved', args: { game: hash('9'), side: SIDE.challenger, lists: 8, position: 549_888n } },
  {
    name: 'StepProven',
    args: { game: hash('9'), position: 549_896n, start: hash('3'), end: hash('4'), provenEnd: hash('5') },
  },
  {
    name: 'Slashed',
    args: { account: LIAR, beneficiary: VALIDATOR, slashed: 100n * MIZU, reward: MIZU, burned: 99n * MIZU },
  },
  { name: 'AssertionConfirmed', args: { id: hash('d') } },
] as const;

test('from the lie to the slash, in lines that fit', async () => {
  const { text, story } = await tell(DISPUTE);
  for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
  for (const words of [
    'liar asserts the states after steps 1 to 20 since genesis: wrong',
    'step 18 since genesis: the program that writes "train", partition 1',
    'Bonds: 50 MIZU of validator, 100 MIZU of liar.',
    '1      validator  1 to 1,099,511,627,776      1,099,511,627,776    94,000',
    '2      liar       1 to 34,359,738,368            34,359,738,368    94,000',
    '8      validator  549,889 to 549,920                         32    94,000',
    'proof  validator  549,897                                     1    94,000',
    '4 transactions',
    'output_write (host), instruction 549,897 of the step',
    'function 1,425 of its WebAssembly, instruction 274 (it names none)',
    'says L1: liar is wrong',
    'liar       is slashed 100 MIZU of its stake:',
    '99 MIZU burned, 1 MIZU for the gas of validator',
    'confirmed  what liar has asserted: 0xdddddddddd…dddddd',
  ])
    expect(text).toContain(words);
  expect([...story.slashed]).toEqual(['liar']);
  expect(story.assertions.get(hash('d'))).toMatchObject({ by: 'liar', wrong: true });
});

test('as JSON, one event a line, amounts as decimal numbers', async () => {
  const { text } = await tell(DISPUTE, true);
  const events = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(events.map(({ event }) => event)).toEqual([
    'asserted',
    'fault',
    'game-opened',
    'list',
    'list',
    'list',
    'instruction',
    'slashed',
    'assertion-confirmed',
  ]);
  expect(events[5]).toMatchObject({ list: 8, firstInstruction: '549889', lastInstruction: '549920', left: '32' });
  expect(events[7]).toMatchObject({ party: 'liar', burned: String(99n * MIZU) });
});

test('a game that ends by time, and a malformed state, are told as such', async () => {
  const { text } = await tell([
    { name: 'TimedOut', args: { game: hash('9'), side: SIDE.asserter } },
    { name: 'LeafRejected', args: { assertion: hash('d'), index: 3n, challenger: VALIDATOR } },
  ]);
  expect(text).toContain('the asserter has not moved in time');
  expect(text).toContain('validator shows a state that is malformed in itself');
});
