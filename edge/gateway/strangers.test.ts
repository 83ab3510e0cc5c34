// docs/edge.md#intake: what a stranger sends ends his connection, and nothing else.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { createDomain } from '../../protocol/typed-data.ts';
import { createLogger, describeThrown } from '../../service/process/log.ts';
import { WORKER_PATH } from '../frames.ts';
import { createSessions, type Sessions } from './sessions.ts';
import { parseWorkerFrame } from './worker-frames.ts';

let server: Server;
let sessions: Sessions;
let port: number;

beforeEach(async () => {
  server = createServer();
  sessions = createSessions({
    server,
    queue: { leasesOf: () => [], adopt: () => false } as never,
    reputation: { isBanned: () => false, points: () => 100 } as never,
    domain: createDomain(1, `0x${'11'.repeat(20)}`),
    gateway: `0x${'22'.repeat(20)}`,
    admissions: { revoked: () => new Set<string>() } as never,
    programs: { get: async () => null },
    accounts: { adopt: async () => undefined, sign: () => undefined },
    shareBasisPoints: 8_000,
    leaseRows: 1,
    maxWorkers: 8,
    reconnectSeconds: 1,
    log: createLogger('test', 'silent'),
    onChange: () => undefined,
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});

afterEach(async () => {
  await sessions.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function say(text: string): Promise<[code: number, reason: string]> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${WORKER_PATH}`);
  await once(socket, 'open');
  socket.send(text);
  const [code, reason] = await once(socket, 'close');
  return [code, String(reason)];
}

test.each([
  ['three bytes a character', '€'.repeat(100)],
  ['four bytes a character', '😀'.repeat(100)],
  ['a name', JSON.stringify({ type: 'é'.repeat(500) })],
  ['two hellos', JSON.stringify({ type: 'drain' })],
])('a frame that cannot be read, of %s, is answered with a reason of at most 123 bytes', async (_name, text) => {
  const [code, reason] = await say(text);
  expect(code).toBe(1008);
  expect(reason).toMatch(/^(A frame cannot be read|The worker is refused)/);
  expect(reason).not.toContain('\ufffd');
  expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(123);
  expect((await say(text))[0]).toBe(1008);
});

test('whoever resets a connection that is refused harms nobody', async () => {
  for (let i = 0; i < 20; i++) {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.on('error', () => undefined);
    const path = i % 2 === 0 ? '/nowhere' : WORKER_PATH;
    socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`);
    socket.resetAndDestroy();
    await once(socket, 'close');
  }
  expect((await say('x'))[0]).toBe(1008);
});

test.each([
  ['rows', `{"type":"results","lease":1,"signature":"0x${'11'.repeat(65)}","rows":[${'1,'.repeat(4_000)}1]}`],
  ['fields', `{"type":"drain",${Array.from({ length: 50_000 }, (_, i) => `"k${i}":1`).join(',')}}`],
])('a frame that is wrong in thousands of %s is told in a few words', (_name, frame) => {
  let caught: unknown;
  try {
    parseWorkerFrame(frame);
  } catch (error) {
    caught = error;
  }
  expect(JSON.stringify(describeThrown(caught)).length).toBeLessThan(2_000);
});
