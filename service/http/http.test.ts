// docs/operations.md#http
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { MizuError } from '../../protocol/errors.ts';
import { createLogger } from '../process/log.ts';
import { jsonBody, rawBody } from './body.ts';
import { createRpcClient, requestBytes, requestJson } from './client.ts';
import { createHttpApp, type HttpApp } from './http.ts';
import { parseRange } from './ranges.ts';

const apps: HttpApp[] = [];

afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
});

function create(): HttpApp {
  const app = createHttpApp({ log: createLogger('test', 'silent'), health: () => ({ name: 'test' }) });
  apps.push(app);
  return app;
}

test('health, metrics, and unknown pages', async () => {
  const url = await create().listen({ port: 0 });
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(await requestJson(`${url}/health`)).toEqual({ ok: true, pid: process.pid, name: 'test' });
  expect((await requestBytes(`${url}/metrics`)).status).toBe(200);
  await expect(requestJson(`${url}/nothing`)).rejects.toMatchObject({
    code: 'http/not-found',
    actual: 'GET /nothing',
    retryable: false,
  });
});

test('refusals travel with all that they say; other failures tell nothing', async () => {
  const http = create();
  http.app.post('/refuse', jsonBody(100), () => {
    throw new MizuError({ code: 'da/bad-request', message: 'Bad.', expected: 'a', actual: 'b', hint: 'c' });
  });
  http.app.get('/fail', () => {
    throw new Error('secret');
  });
  const url = await http.listen({ port: 0 });
  await expect(requestJson(`${url}/refuse`, { method: 'POST', body: {} })).rejects.toMatchObject({
    code: 'da/bad-request',
    expected: 'a',
    actual: 'b',
    hint: 'c',
  });
  await expect(requestJson(`${url}/refuse`, { method: 'POST', body: { long: 'x'.repeat(200) } })).rejects.toMatchObject(
    { code: 'http/too-large', expected: 'at most 100 bytes' },
  );
  const failure = (await requestJson(`${url}/fail`, { attempts: 1 }).catch((error: unknown) => error)) as MizuError;
  expect(failure.code).toBe('http/internal');
  expect(JSON.stringify(failure)).not.toContain('secret');
});

test('who is refused before the body is read sends no other request on the connection', async () => {
  const http = create();
  http.app.put('/small', rawBody(100), (_request, response) => void response.json({}));
  const port = Number(new URL(await http.listen({ port: 0 })).port);
  const answerTo = async (head: string, body: string) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.write(`${head}\r\nhost: x\r\ncontent-type: application/octet-stream\r\n\r\n${body}`);
    const [bytes] = await once(socket, 'data');
    socket.destroy();
    return String(bytes).toLowerCase();
  };
  const unread = await answerTo('PUT /small HTTP/1.1\r\ncontent-length: 1000000', 'x');
  expect(unread).toContain(' 413 ');
  expect(unread).toContain('connection: close');
  const nowhere = await answerTo('PUT /nowhere HTTP/1.1\r\ntransfer-encoding: chunked', '1\r\nx\r\n');
  expect(nowhere).toContain(' 404 ');
  expect(nowhere).toContain('connection: close');
  expect(await answerTo('GET /nowhere HTTP/1.1', '')).toContain('connection: keep-alive');
});

test('retryable answers are tried again, a bounded number of times', async () => {
  const http = create();
  let asked = 0;
  http.app.get('/third', (_request, response) => {
    asked += 1;
    response.status(asked < 3 ? 503 : 200).json({ asked });
  });
  const url = await http.listen({ port: 0 });
  expect(await requestJson(`${url}/third`)).toEqual({ asked: 3 });
  asked = 0;
  await expect(requestJson(`${url}/third`, { attempts: 2 })).rejects.toMatchObject({
    code: 'http/status-503',
    retryable: true,
  });
  expect(asked).toBe(2);
});

test('answers above the limit, slow ones and closed ports', async () => {
  const http = create();
  http.app.get('/big', (_request, response) => void response.end(Buffer.alloc(2000)));
  http.app.get('/slow', () => {});
  const url = await http.listen({ port: 0 });
  await expect(requestBytes(`${url}/big`, { limitBytes: 1000 })).rejects.toMatchObject({
    code: 'http/answer-too-large',
  });
  await expect(requestBytes(`${url}/slow`, { attempts: 1, timeoutSeconds: 0.1 })).rejects.toMatchObject({
    code: 'http/unreachable',
    actual: expect.stringContaining('0.1 s'),
  });
  await expect(requestBytes('http://127.0.0.1:9', { attempts: 1 })).rejects.toMatchObject({ code: 'http/unreachable' });
});

test('a port that is taken is named', async () => {
  const url = await create().listen({ port: 0 });
  await expect(create().listen({ port: Number(new URL(url).port) })).rejects.toMatchObject({
    code: 'http/cannot-listen',
    actual: 'EADDRINUSE',
  });
});

test('raw bodies arrive as they are; a JSON-RPC error becomes a refusal', async () => {
  const http = create();
  http.app.put('/raw', rawBody(100), (request, response) => void response.json([...(request.body as Buffer)]));
  http.app.post(
    '/',
    (_request, response) =>
      void response.json({
        jsonrpc: '2.0',
        id: 1,
        error: { code: -32000, message: 'No.', data: { code: 'a/b', actual: 'x' } },
      }),
  );
  const url = await http.listen({ port: 0 });
  expect((await requestBytes(`${url}/raw`, { method: 'PUT', body: Uint8Array.of(1, 2, 255) })).bytes.toString()).toBe(
    new TextEncoder().encode('[1,2,255]').toString(),
  );
  await expect(createRpcClient(url)('any')).rejects.toMatchObject({ code: 'a/b', message: 'No.', actual: 'x' });
});

test('byte ranges', () => {
  expect(parseRange(undefined, 10)).toBeUndefined();
  expect(parseRange('bytes=0-0', 10)).toEqual({ first: 0, last: 0 });
  expect(parseRange('bytes=5-', 10)).toEqual({ first: 5, last: 9 });
  expect(parseRange('bytes=-3', 10)).toEqual({ first: 7, last: 9 });
  expect(parseRange('bytes=-30', 10)).toEqual({ first: 0, last: 9 });
  expect(parseRange('bytes=3-100', 10)).toEqual({ first: 3, last: 9 });
  expect(parseRange('bytes=10-', 10)).toBe('unsatisfiable');
  expect(parseRange('bytes=5-3', 10)).toBeUndefined();
  expect(parseRange('bytes=1-2,4-5', 10)).toBeUndefined();
});
