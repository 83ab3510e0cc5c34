import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import type { WebSocket } from 'ws';
import { createIntake, type Intake, SMALL_FRAME_BYTES } from './intake.ts';

let intake: Intake;
afterEach(() => intake.close());

class FakeSocket extends EventEmitter {
  isPaused = false;
  ended: string | undefined;
  pause() {
    this.isPaused = true;
  }
  resume() {
    this.isPaused = false;
  }
  close(_code: number, reason: string) {
    this.ended = reason;
    this.emit('close');
  }
  terminate() {
    this.ended = 'terminated';
    this.emit('close');
  }
}

function connect({ known = true } = {}) {
  const socket = new FakeSocket();
  const connection = new EventEmitter();
  const whole = intake.watch(socket as unknown as WebSocket, connection as Socket, () => known);
  const send = (bytes: number) => connection.emit('data', Buffer.alloc(bytes));
  return { socket, send, whole };
}

test('large frames come by few lanes; the next begins when one is whole or its connection ends', () => {
  intake = createIntake({ lanes: 2 });
  const [a, b, c, d] = [connect(), connect(), connect(), connect()];
  for (const { send } of [a, b, c, d]) send(SMALL_FRAME_BYTES + 1);
  const paused = () => [a, b, c, d].map(({ socket }) => socket.isPaused);
  expect(paused()).toEqual([false, false, true, true]);
  a.send(SMALL_FRAME_BYTES);
  a.whole();
  expect(paused()).toEqual([false, false, false, true]);
  b.socket.terminate();
  expect(paused()).toEqual([false, false, false, false]);
});

test('small frames wait for nobody', () => {
  intake = createIntake({ lanes: 1 });
  const large = connect();
  large.send(2 * SMALL_FRAME_BYTES);
  const small = connect();
  for (let i = 0; i < 10; i++) {
    small.send(SMALL_FRAME_BYTES / 2);
    small.whole();
  }
  expect(small.socket.isPaused).toBe(false);
});

test('whoever is not known yet may not begin a large one', () => {
  intake = createIntake();
  const { socket, send } = connect({ known: false });
  send(SMALL_FRAME_BYTES);
  expect(socket.ended).toBeUndefined();
  send(1);
  expect(socket.ended).toBe('terminated');
});

test('a large frame that takes too long gives its lane up', () => {
  vi.useFakeTimers();
  try {
    intake = createIntake({ lanes: 1, laneSeconds: 60 });
    const slow = connect();
    const next = connect();
    slow.send(2 * SMALL_FRAME_BYTES);
    next.send(2 * SMALL_FRAME_BYTES);
    vi.advanceTimersByTime(60_000);
    expect([slow.socket.ended, next.socket.isPaused]).toEqual(['a frame takes too long', false]);
  } finally {
    vi.useRealTimers();
  }
});
