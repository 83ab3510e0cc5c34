import { expect, test } from 'vitest';
import Unfinished from './unfinished.ts';

const MINUTE_MS = 60_000;

test('a file that does not end is named, and ends the run; others do not', () => {
  const said: string[] = [];
  let [now, ends] = [0, 0];
  const reporter = new Unfinished({ now: () => now, end: () => ends++, print: (line: string) => said.push(line) });
  reporter.onTestModuleStart({ moduleId: 'ends.test.ts' });
  reporter.onTestModuleStart({ moduleId: 'hangs.test.ts' });
  now = 20 * MINUTE_MS;
  reporter.onTestModuleEnd({ moduleId: 'ends.test.ts' });
  reporter.onTestModuleStart({ moduleId: 'late.test.ts' });
  reporter.look();
  expect([said, ends]).toEqual([[], 0]);
  now = 36 * MINUTE_MS;
  reporter.look();
  expect(said).toEqual([expect.stringMatching(/^FAILED hangs\.test\.ts: has not ended after 35 minutes/)]);
  expect(ends).toBe(1);
});
