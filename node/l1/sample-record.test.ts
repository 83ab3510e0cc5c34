// docs/attestations.md#questions
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Address } from '../../protocol/hex.ts';
import type { ContractEvent } from '../../service/l1/logs.ts';
import { openStore, type Store } from '../../service/storage/store.ts';
import { event, fakeHash } from '../../test/doubles/l1-events.fixture.ts';
import { type Mirror, openMirror } from './mirror.ts';

let folder: string;
let store: Store;
let mirror: Mirror;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mizu-samples-'));
  store = await openStore(folder);
  mirror = await openMirror(store);
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

const block = (n: number) => ({ number: BigInt(n), hash: fakeHash(n) });
const apply = (number: number, ...events: ContractEvent[]) =>
  mirror.apply({ kind: 'apply', block: block(number), events });

const ATTESTER: Address = `0x${'Aa'.repeat(20)}`;
const QUESTION = {
  id: fakeHash(1),
  assertion: fakeHash(2),
  attester: ATTESTER.toLowerCase(),
  commitment: fakeHash(3),
  deadline: 90n,
};
const asked = (question = QUESTION.id) =>
  event('SamplesAsked', {
    question,
    assertion: fakeHash(2),
    attester: ATTESTER,
    commitment: fakeHash(3),
    deadline: 90n,
  });
const MACHINES = [fakeHash(4), fakeHash(5)];
const opened = event('SamplesOpened', { question: QUESTION.id, machines: MACHINES, challengeableUntil: 50n });
const LIST = Array.from({ length: 32 }, (_, i) => fakeHash(100 + i));
const challenged = event('SampleChallenged', {
  game: fakeHash(6),
  question: QUESTION.id,
  challenger: ATTESTER,
  sample: 1n,
  start: fakeHash(7),
  end: fakeHash(5),
  message: fakeHash(8),
  list: LIST,
});

test('a question is open until it is answered or expires, and an answer challengeable until its time', async () => {
  await apply(1, asked(), asked(fakeHash(9)));
  expect(await mirror.question(QUESTION.id)).toEqual(QUESTION);
  expect((await mirror.askedQuestions()).map(({ id }) => id)).toEqual([QUESTION.id, fakeHash(9)]);
  await apply(2, opened);
  const answered = { ...QUESTION, opened: { machines: MACHINES, until: 50n } };
  expect((await mirror.askedQuestions()).map(({ id }) => id)).toEqual([fakeHash(9)]);
  expect(await mirror.challengeable(49n)).toEqual([answered]);
  expect(await mirror.challengeable(50n)).toEqual([]);
  await apply(3, event('SamplesExpired', { question: fakeHash(9) }));
  expect(await mirror.askedQuestions()).toEqual([]);
  // L1 takes the answer back.
  await mirror.apply({ kind: 'undo', block: block(3) });
  await mirror.apply({ kind: 'undo', block: block(2) });
  expect(await mirror.challengeable(0n)).toEqual([]);
  expect(await mirror.askedQuestions()).toHaveLength(2);
});

test('a game holds the list that is to be answered, until somebody has won it', async () => {
  await apply(1, asked(), opened, challenged);
  const { assertion, attester, commitment } = QUESTION;
  const game = {
    id: fakeHash(6),
    question: QUESTION.id,
    ...{ assertion, attester, commitment, challenger: ATTESTER, sample: 1, status: 'open', lists: 1 },
    ...{ start: fakeHash(7), startPosition: 0n, end: fakeHash(5), message: fakeHash(8), list: LIST },
  };
  expect(await mirror.openSampleGames()).toEqual([game]);
  const moved = {
    game: fakeHash(6),
    lists: 2,
    position: 1 << 20,
    start: fakeHash(10),
    end: fakeHash(11),
    list: MACHINES,
  };
  await apply(2, event('SampleMoved', { ...moved, side: 1 }));
  const answered = { lists: 2, startPosition: 1n << 20n, start: fakeHash(10), end: fakeHash(11), list: MACHINES };
  expect(await mirror.openSampleGames()).toEqual([{ ...game, ...answered, message: fakeHash(0) }]);
  await expect(apply(3, event('SampleMoved', { ...moved, lists: 4 }))).rejects.toMatchObject({
    code: 'l1/contradiction',
  });
  await apply(3, event('SampleGameWon', { game: fakeHash(6), question: QUESTION.id, winner: 1 }));
  expect(await mirror.openSampleGames()).toEqual([]);
});

test('what was never asked contradicts', async () => {
  for (const late of [opened, challenged, event('SampleGameRefunded', { game: fakeHash(6) })])
    await expect(apply(1, late)).rejects.toMatchObject({ code: 'l1/contradiction' });
});
