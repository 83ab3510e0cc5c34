// docs/rpc.md: what some readers do does not close /events and /objects to others.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { createHttpApp } from '../../service/http/http.ts';
import { createLogger } from '../../service/process/log.ts';
import { openDiskObjects } from '../../service/storage/disk-objects.ts';
import { openStore } from '../../service/storage/store.ts';
import { createStepSignal } from '../chain/step-signal.ts';
import { openTables } from '../index/tables.ts';
import { addRoutes } from './routes.ts';

const cleanups: (() => Promise<unknown> | unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

test('idle streams of a few addresses take all places; each honest address still gets its own, and keeps it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mizu-events-'));
  cleanups.push(() => rmSync(folder, { recursive: true }));
  const store = await openStore(join(folder, 'state'));
  cleanups.push(() => store.close());
  const files = await openDiskObjects(join(folder, 'objects'), { durable: false });
  const http = createHttpApp({ log: createLogger('test', 'silent'), health: () => ({}) });
  const steps = createStepSignal();
  const streams = { total: 12, perPeer: 6 };
  addRoutes(http, { tables: openTables(store), objects: files, files, steps, streams });
  const url = await http.listen({ port: 0 });
  cleanups.push(() => http.close());
  const port = Number(new URL(url).port);

  const greedy: Stream[] = [];
  for (let i = 0; i < 20; i++) greedy.push(await openStream(port, i % 2 === 0 ? '127.0.0.2' : '127.0.0.3'));
  // Two addresses with their six each; the others were told why.
  expect(greedy.filter(({ head }) => head.includes(' 200 '))).toHaveLength(12);
  const refused = greedy.filter(({ head }) => head.includes(' 503 '));
  expect(refused).toHaveLength(8);
  expect(refused[0]?.head).toContain('at most 6 of one address, 12 of all');

  const honest: Stream[] = [];
  for (let i = 4; i < 8; i++) honest.push(await openStream(port, `127.0.0.${i}`));
  expect(honest.every(({ head }) => head.includes(' 200 '))).toBe(true);
  const isOpen = ({ head, socket }: Stream) => head.includes(' 200 ') && !socket.closed;
  while (greedy.filter(isOpen).length > 8)
    await Promise.race(greedy.filter(isOpen).map(({ socket }) => closed(socket)));
  // The attack goes on: those that were put out come again, in vain.
  for (let i = 0; i < 20; i++) await openStream(port, i % 2 === 0 ? '127.0.0.2' : '127.0.0.3');
  expect(honest.every(({ socket }) => !socket.closed)).toBe(true);
  const told = Promise.all(honest.map(({ socket }) => received(socket, 'event: rollback')));
  steps.rollBack(-1);
  steps.announce(1);
  await told;
});

test('objects that must be fetched from DA: a few at once, of one address fewer; what is on the disk is not held up', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mizu-events-'));
  cleanups.push(() => rmSync(folder, { recursive: true }));
  const store = await openStore(join(folder, 'state'));
  cleanups.push(() => store.close());
  const files = await openDiskObjects(join(folder, 'objects'), { durable: false });
  const { root } = await files.put(Uint8Array.of(1, 2, 3));
  const http = createHttpApp({ log: createLogger('test', 'silent'), health: () => ({}) });
  let fetched = () => {};
  let asked = 0;
  const objects = {
    ...files,
    get: () => {
      asked += 1;
      return new Promise<undefined>((resolve) => {
        const before = fetched;
        fetched = () => {
          before();
          resolve(undefined);
        };
      });
    },
  };
  const fetches = { total: 4, perPeer: 2 };
  addRoutes(http, { tables: openTables(store), objects, files, steps: createStepSignal(), fetches });
  const url = await http.listen({ port: 0 });
  cleanups.push(() => http.close());
  const rootOf = (i: number) => `0x${String(i).padStart(64, '0')}`;
  const answers = Array.from({ length: 5 }, (_, i) =>
    fetch(`${url}/objects/${rootOf(i)}`).then(({ status }) => status),
  );
  const first = await Promise.race(answers);
  expect(first).toBe(429);
  expect(await (await fetch(`${url}/objects/${root}`)).arrayBuffer()).toEqual(Uint8Array.of(1, 2, 3).buffer);
  fetched();
  expect((await Promise.all(answers)).sort()).toEqual([404, 404, 429, 429, 429]);
  expect(asked).toBe(2);
});

type Stream = { readonly socket: Socket; readonly head: string };

/** Resolves with the first bytes of the answer, or with what was there when it was closed. */
async function openStream(port: number, localAddress: string): Promise<Stream> {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  cleanups.push(() => socket.destroy());
  socket.on('error', () => {});
  socket.write('GET /events HTTP/1.1\r\nhost: x\r\n\r\n');
  const first = await Promise.race([once(socket, 'data'), closed(socket)]);
  return { socket, head: String(first?.[0]) };
}

/** Waits for this text, whatever comes before it, such as heartbeats. @throws Error if the stream ends without it */
async function received(socket: Socket, text: string): Promise<void> {
  let all = '';
  for await (const bytes of socket) {
    all += String(bytes);
    if (all.includes(text)) return;
  }
  throw new Error(`the stream ended without ${text}: ${all}`);
}

/** Waits until the socket is closed, also if it was reset. */
function closed(socket: Socket): Promise<void> {
  return socket.closed ? Promise.resolve() : new Promise((resolve) => void socket.once('close', () => resolve()));
}
