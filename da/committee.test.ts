import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createLogger } from '../service/process/log.ts';
import { type Appointed, describeMembers, followCommittee } from './committee.ts';

const [A, B, C] = ['aa', 'bb', 'cc'].map((byte) => `0x${byte.repeat(20)}` as const) as [
  `0x${string}`,
  `0x${string}`,
  `0x${string}`,
];
const KNOWN = [
  { address: A, url: 'http://a' },
  { address: B, url: 'http://b' },
];
const log = createLogger('test', 'silent');

let told: Appointed;
let reads: number;
let isDown: boolean;
const read = async () => {
  reads += 1;
  if (isDown) throw new Error('down');
  return told;
};

beforeEach(() => {
  vi.useFakeTimers();
  [reads, isDown] = [0, false];
  told = { epoch: 1n, threshold: 2, members: [{ address: B }, { address: A }] };
});
afterEach(() => {
  vi.useRealTimers();
});

test('the committee is read when it is needed, at most every five seconds, in its own order', async () => {
  const committee = followCommittee(read, KNOWN, log);
  expect(reads).toBe(0);
  const both = { epoch: 1n, threshold: 2, members: [KNOWN[1], KNOWN[0]] };
  expect(await Promise.all([committee.current(), committee.current()])).toEqual([both, both]);
  expect(reads).toBe(1);
  told = { epoch: 2n, threshold: 1, members: [{ address: A }] };
  vi.advanceTimersByTime(4_999);
  expect((await committee.current()).epoch).toBe(1n);
  vi.advanceTimersByTime(2);
  expect(await committee.current()).toEqual({ epoch: 2n, threshold: 1, members: [KNOWN[0]] });
  told = { ...told, epoch: 3n };
  vi.advanceTimersByTime(1);
  expect((await committee.current(true)).epoch).toBe(3n);
  expect(committee.known()).toEqual(KNOWN);
});

test('while it cannot be read, the last one serves; without one the reason is told', async () => {
  const committee = followCommittee(read, KNOWN, log);
  isDown = true;
  await expect(committee.current()).rejects.toThrow('down');
  isDown = false;
  await committee.current();
  isDown = true;
  expect((await committee.current(true)).epoch).toBe(1n);
});

test('a member without an address is refused by name; one that the reader tells is taken', async () => {
  told = { epoch: 2n, threshold: 2, members: [{ address: A }, { address: C }] };
  const committee = followCommittee(read, KNOWN, log);
  await expect(committee.current()).rejects.toMatchObject({
    code: 'da/unknown-member',
    message: expect.stringContaining(C),
  });
  expect((await committee.appointed()).members).toEqual([KNOWN[0], { address: C, url: null }]);
  told = {
    ...told,
    members: [
      { address: A, url: 'http://other' },
      { address: C, url: 'http://c' },
    ],
  };
  expect((await committee.current(true)).members).toEqual([KNOWN[0], { address: C, url: 'http://c' }]);
  expect(describeMembers([C, B], KNOWN)).toEqual([
    { address: C, url: null },
    { address: B, url: 'http://b' },
  ]);
});
