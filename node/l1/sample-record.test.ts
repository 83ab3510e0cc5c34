// docs/attestations.md#questions
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Address, Hex } from '../../protocol/hex.ts';
import type { ContractEvent } from '../../service/l1/logs.ts';
import { openStore, type Store } from '../../service/storage/store.ts';
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

const hash = (n: number): Hex => `0x${n.toString(16).padStart(64, '0')}`;
const block = (n: number) => ({ number: BigInt(n), hash: hash(n) });
const event = (eventName: string, args: Record<string, unknown>): ContractEvent => ({
  address: `0x${'11'.repeat(20)}`,
  eventName,
  args,
  transactionHash: hash(77),
  logIndex: 0,
});
const apply = (number: number, ...events: ContractEvent[]) =>
  mirror.apply({ kind: 'apply', block: block(number), events });

const ATTESTER: Address = `0x${'Aa'.repeat(20)}`;
const QUESTION = {
  id: hash(1),
  assertion: hash(2),
  attester: ATTESTER.toLowerCase(),
  commitment: hash(3),
  deadline: 90n,
};
const asked = (question = QUESTION.id) =>
  event('SamplesAsked', { question, assertion: hash(2), attester: ATTESTER, commitment: hash(3), deadline: 90n });
const MACHINES = [hash(4), hash(5)];
const opened = event('SamplesOpened', { question: QUESTION.id, machines: MACHINES, challengeableUntil: 50n });
const LIST = Array.from({ length: 32 }, (_, i) => hash(100 + i));
const challenged = event('SampleChallenged', {
  game: hash(6),
  question: QUESTION.id,
  challenger: ATTESTER,
  sample: 1n,
  start: hash(7),
  end: hash(5),
  message: hash(8),
  list: LIST,
});

test('a question is open until it is answered or expires, and an answer challengeable until its time', async () => {
  await apply(1, asked(), asked(hash(9)));
  expect(await mirror.question(QUESTION.id)).toEqual(QUESTION);
  expect((await mirror.askedQuestions()).map(({ id }) => id)).toEqual([QUESTION.id, hash(9)]);
  await apply(2, opened);
  const answered = { ...QUESTION, opened: { machines: MACHINES, until: 50n } };
  expect((await mirror.askedQuestions()).map(({ id }) => id)).toEqual([hash(9)]);
  expect(await mirror.challengeable(49n)).toEqual([answered]);
  expect(await mirror.challengeable(50n)).toEqual([]);
  await apply(3, event('SamplesExpired', { question: hash(9) }));
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
    id: hash(6),
    question: QUESTION.id,
    ...{ assertion, attester, commitment, challenger: ATTESTER, sample: 1, status: 'open', lists: 1 },
    ...{ start: hash(7), startPosition: 0n, end: hash(5), message: hash(8), list: LIST },
  };
  expect(await mirror.openSampleGames()).toEqual([game]);
  const moved = { game: hash(6), lists: 2, position: 1 << 20, start: hash(10), end: hash(11), list: MACHINES };
  await apply(2, event('SampleMoved', { ...moved, side: 1 }));
  const answered = { lists: 2, startPosition: 1n << 20n, start: hash(10), end: hash(11), list: MACHINES };
  expect(await mirror.openSampleGames()).toEqual([{ ...game, ...answered, message: hash(0) }]);
  await expect(apply(3, event('SampleMoved', { ...moved, lists: 4 }))).rejects.toMatchObject({
    code: 'l1/contradiction',
  });
  await apply(3, event('SampleGameWon', { game: hash(6), question: QUESTION.id, winner: 1 }));
  expect(await mirror.openSampleGames()).toEqual([]);
});

test('what was never asked contradicts', async () => {
  for (const late of [opened, challenged, event('SampleGameRefunded', { game: hash(6) })])
    await expect(apply(1, late)).rejects.toMatchObject({ code: 'l1/contradiction' });
});
