// docs/operations.md#http: what one peer does to a service, others do not feel.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { createLogger } from '../process/log.ts';
import { type DiskObjects, openDiskObjects } from '../storage/disk-objects.ts';
import { jsonBody, rawBody } from './body.ts';
import { requestBytes } from './client.ts';
import { createHttpApp, type HttpApp } from './http.ts';
import type { HttpLimitChanges } from './http-limits.ts';
import { sendObject } from './ranges.ts';

const cleanups: (() => Promise<unknown> | unknown)[] = [];
const QUICK: HttpLimitChanges = { graceSeconds: 0.3, bytesPerSecond: 1_000 };

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start(limits: HttpLimitChanges, objects?: DiskObjects, openPosts: readonly string[] = []) {
  const http: HttpApp = createHttpApp({ log: createLogger('test', 'silent'), health: () => ({}), limits, openPosts });
  http.app.put('/raw', rawBody(1_000_000), (request, response) => {
    response.json({ length: (request.body as Buffer).length });
  });
  http.app.post('/', jsonBody(10_000), (request, response) => void response.json({ got: request.body }));
  http.app.post('/other', jsonBody(10_000), (_request, response) => void response.json({}));
  if (objects !== undefined)
    http.app.get('/objects/:root', (request, response) =>
      sendObject(request, response, objects, request.params.root as `0x${string}`),
    );
  const url = await http.listen({ port: 0 });
  cleanups.push(() => http.close());
  return { url, port: Number(new URL(url).port), server: http.server };
}

function open(port: number, localAddress = '127.0.0.2'): Socket {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  socket.on('error', () => {});
  cleanups.push(() => socket.destroy());
  return socket;
}

async function answerOf(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (part: Buffer) => {
    text += part.toString();
  });
  await closed(socket);
  return text;
}

test('a body that is not of the content type is refused, so that a page of another origin cannot send it unasked', async () => {
  const { url } = await start({}, undefined, ['/']);
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
    const answer = await fetch(`${url}/`, { method: 'POST', body: '{}', headers: { 'content-type': type } });
    expect(answer.status).toBe(415);
    expect(((await answer.json()) as { error: unknown }).error).toMatchObject({
      code: 'http/unsupported-media-type',
      expected: expect.stringContaining('application/json'),
      actual: type,
    });
  }
  const coded = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
  expect((await fetch(`${url}/`, { method: 'POST', body: '{}', headers: coded })).status).toBe(415);
  expect((await fetch(`${url}/raw`, { method: 'PUT', body: 'x' })).status).toBe(415);
  const json = { 'content-type': 'application/json; charset=utf-8' };
  expect(await (await fetch(`${url}/`, { method: 'POST', body: '[1]', headers: json })).json()).toEqual({ got: [1] });
  const wrong = await fetch(`${url}/`, { method: 'POST', body: '{', headers: json });
  expect([wrong.status, ((await wrong.json()) as { error: { code: string } }).error.code]).toEqual([
    400,
    'http/not-json',
  ]);
});

test('pages of other origins may read, and write only where that is open', async () => {
  const { url } = await start({}, undefined, ['/']);
  const originOf = (answer: Response) => answer.headers.get('access-control-allow-origin');
  const health = await fetch(`${url}/health`);
  expect(originOf(health)).toBe('*');
  expect(health.headers.get('access-control-expose-headers')).toContain('content-range');
  const preflight = async (path: string) => fetch(`${url}${path}`, { method: 'OPTIONS' });
  expect((await preflight('/')).headers.get('access-control-allow-methods')).toBe('GET, HEAD, POST');
  expect((await preflight('/other')).headers.get('access-control-allow-methods')).toBe('GET, HEAD');
  expect((await preflight('/raw')).headers.get('access-control-allow-methods')).toBe('GET, HEAD');
  const post = (path: string) =>
    fetch(`${url}${path}`, { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } });
  expect(originOf(await post('/'))).toBe('*');
  expect(originOf(await post('/other'))).toBeNull();
  expect(originOf(await fetch(`${url}/metrics`))).toBeNull();
});

test('bodies below the least rate are cut off with 408, while one of an honest client is taken', async () => {
  const { url, port } = await start(QUICK);
  const slow = Array.from({ length: 20 }, () => open(port));
  const answers = slow.map(answerOf);
  for (const socket of slow)
    socket.write(
      'PUT /raw HTTP/1.1\r\nhost: x\r\ncontent-type: application/octet-stream\r\ncontent-length: 900000\r\n\r\n',
    );
  const dripping = setInterval(() => {
    for (const socket of slow) if (!socket.destroyed) socket.write('x');
  }, 20);
  cleanups.push(() => clearInterval(dripping));
  const body = new Uint8Array(900_000);
  const headers = { 'content-type': 'application/octet-stream' };
  expect((await requestBytes(`${url}/raw`, { method: 'PUT', body, headers })).status).toBe(200);
  for (const answer of await Promise.all(answers)) {
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(answer).toContain('1000 bytes a second after 0.3 s');
  }
});

test('headers that do not come are not waited for', async () => {
  const { url, port } = await start(QUICK);
  const [silent, slow] = [open(port), open(port)];
  const answers = [silent, slow].map(answerOf);
  slow.write('GET /health HTTP/1.1\r\nhost: x\r\n');
  const dripping = setInterval(() => !slow.destroyed && slow.write('x: y\r\n'), 50);
  cleanups.push(() => clearInterval(dripping));
  await Promise.all(answers);
  expect((await requestBytes(`${url}/health`)).status).toBe(200);
});

test('one address cannot take all connections', async () => {
  const { url, port } = await start({ connections: 12, connectionsPerAddress: 8 });
  const shut: Socket[] = [];
  const greedy = Array.from({ length: 30 }, (_, i) => open(port, i < 15 ? '127.0.0.2' : '127.0.0.3'));
  for (const socket of greedy) socket.once('close', () => shut.push(socket));
  await Promise.all(greedy.map((socket) => Promise.race([once(socket, 'connect'), closed(socket)])));
  expect((await requestBytes(`${url}/health`)).status).toBe(200);
  expect((await fetch(`${url}/health`)).status).toBe(200);
  expect(shut.length).toBeGreaterThanOrEqual(18);
});

test('a request of another address is served before those that one address has waiting; a connection has one at a time', async () => {
  const http = createHttpApp({ log: createLogger('test', 'silent'), health: () => ({}) });
  cleanups.push(() => http.close());
  const served: { readonly from: string; readonly finish: () => void }[] = [];
  let onServed = () => {};
  http.app.get('/work', async (request, response) => {
    await new Promise<void>((finish) => {
      served.push({ from: request.query.from as string, finish });
      onServed();
    });
    response.json({});
  });
  const port = Number(new URL(await http.listen({ port: 0 })).port);
  const untilServed = async (count: number) => {
    while (served.length < count) await new Promise<void>((resolve) => (onServed = resolve));
  };
  const asked = new Promise<void>((resolve) => {
    let count = 0;
    http.server.on('request', () => ++count === 31 && resolve());
  });
  const ask = (from: string, localAddress: string) => {
    const socket = open(port, localAddress);
    socket.write(`GET /work?from=${from} HTTP/1.1\r\nhost: x\r\n\r\n`);
    return socket;
  };
  for (let i = 0; i < 30; i++) ask('greedy', '127.0.0.2');
  await untilServed(4);
  const honest = ask('honest', '127.0.0.3');
  await asked;
  served[0]?.finish();
  await untilServed(5);
  expect(served[4]?.from).toBe('honest');
  // This request comes before the answer to the one before it: it is refused behind that answer, and the connection
  // ends.
  honest.write('GET /work?from=pipelined HTTP/1.1\r\nhost: x\r\n\r\n');
  await once(http.server, 'request');
  const answers = answerOf(honest);
  served[4]?.finish();
  const text = await answers;
  expect([...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)).toEqual(['200', '429']);
  expect(text).toMatch(/retry-after: 1/i);
});

test('a reader that takes nothing is cut off, and holds little memory until then', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mizu-http-'));
  cleanups.push(() => rmSync(folder, { recursive: true }));
  const objects = await openDiskObjects(folder);
  const bytes = new Uint8Array(32 * 1024 * 1024).fill(7);
  const { root } = await objects.put(bytes);
  const { url, port, server } = await start({ graceSeconds: 0.3, bytesPerSecond: 1_000_000 }, objects);
  const gone: Promise<unknown>[] = [];
  const allThere = new Promise<void>((resolve) => {
    server.on('request', ({ socket }) => {
      if (gone.push(closed(socket)) === 40) resolve();
    });
  });
  const before = process.memoryUsage().rss;
  const readers = Array.from({ length: 40 }, () => open(port));
  await Promise.all(
    readers.map(async (socket) => {
      socket.pause();
      await once(socket, 'connect');
      socket.write(`GET /objects/${root} HTTP/1.1\r\nhost: x\r\n\r\n`);
    }),
  );
  await allThere;
  const readersGone = gone.slice(0, 40);
  const read = await requestBytes(`${url}/objects/${root}`);
  expect(read.bytes.length).toBe(bytes.length);
  const part = await requestBytes(`${url}/objects/${root}`, { headers: { range: 'bytes=100-199' } });
  expect([part.status, part.bytes.length]).toEqual([206, 100]);
  // All objects in memory would be 1.3 GB.
  expect(process.memoryUsage().rss - before).toBeLessThan(400 * 1024 * 1024);
  await Promise.all(readersGone);
});

/** Waits until the socket is closed, also if it was reset. */
function closed(socket: Socket): Promise<void> {
  return socket.closed ? Promise.resolve() : new Promise((resolve) => void socket.once('close', () => resolve()));
}
