import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { claimPorts } from './ports.ts';

const PREFERRED = { one: 9471, two: 9472 };
const LOCK = 9470;

test('networks that start at the same time get ports of their own', async () => {
  const claims = await Promise.all([1, 2, 3].map(() => claimPorts(PREFERRED, LOCK)));
  const ports = claims.flatMap((claim) => Object.values(claim.ports));
  expect(new Set(ports).size).toBe(6);
  expect(claims.filter(({ taken }) => taken.length === 0)).toHaveLength(1);
  for (const { release } of claims) await release();
  const again = await claimPorts(PREFERRED, LOCK);
  expect(again.ports).toEqual(PREFERRED);
  await again.release();
});

test('a port that somebody else has is named', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(PREFERRED.two, '127.0.0.1', resolve));
  const { ports, taken, release } = await claimPorts(PREFERRED, LOCK);
  expect(taken).toEqual(['two']);
  expect(Object.values(ports)).not.toContain(PREFERRED.two);
  await release();
  await new Promise((resolve) => server.close(resolve));
});
