// docs/edge.md#tab: a page judges by its own pings whether its gateway is there.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openTabSocket } from './socket.ts';

class FakeSocket extends EventTarget {
  static readonly OPEN = 1;
  static last: FakeSocket;
  readonly sent: string[] = [];
  readonly closes: unknown[] = [];
  readyState = 1;

  constructor() {
    super();
    FakeSocket.last = this;
  }

  send(text: string) {
    this.sent.push(text);
  }

  close(code?: number) {
    this.closes.push(code);
  }

  says(text: string) {
    this.dispatchEvent(Object.assign(new Event('message'), { data: text }));
  }

  ends(code: number, reason: string) {
    this.dispatchEvent(Object.assign(new Event('close'), { code, reason }));
  }
}

const events: unknown[] = [];
function open() {
  const socket = openTabSocket('ws://gateway/workers', {
    message: (text) => events.push(text),
    failed: () => events.push('failed'),
    closed: (code, reason) => events.push([code, reason]),
  });
  return { socket, fake: FakeSocket.last };
}

beforeEach(() => {
  events.length = 0;
  vi.useFakeTimers();
  vi.stubGlobal('WebSocket', FakeSocket);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test('a gateway that answers is pinged every 20 s, and one that leaves three pings without an answer is gone', () => {
  const { fake } = open();
  for (let turn = 0; turn < 10; turn++) {
    vi.advanceTimersByTime(20_000);
    fake.says('{"type":"pong"}');
  }
  expect(fake.sent).toEqual(new Array(10).fill('{"type":"ping"}'));
  events.length = 0;
  vi.advanceTimersByTime(79_999);
  expect(events).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(events).toEqual([[1006, 'the gateway is silent']]);
  // What the browser says later is not heard.
  fake.says('late');
  fake.ends(1006, '');
  vi.advanceTimersByTime(600_000);
  expect(events).toHaveLength(1);
});

test('it closes with a code that a page may give, and waits 2 s at most', async () => {
  const first = open();
  const closed = first.socket.close(1000);
  first.fake.ends(1000, '');
  await closed;
  const second = open();
  const given = second.socket.close(1002);
  await vi.advanceTimersByTimeAsync(2_000);
  await given;
  await second.socket.close(1000);
  expect([first.fake.closes, second.fake.closes]).toEqual([[1000], [4002]]);
  expect(events).toEqual([
    [1000, ''],
    [1006, 'closed without an answer'],
  ]);
});
