// docs/edge.md#workers: a worker's connection in Node.js, by ws.
import { WebSocket } from 'ws';
import { MAX_FRAME_BYTES } from '../frames.ts';
import { CLOSE_MS, type OpenSocket, SILENCE_MS } from './socket.ts';

export const openNodeSocket: OpenSocket = (url, on) => {
  const socket = new WebSocket(url, {
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
    handshakeTimeout: 10_000,
  });
  let silence: NodeJS.Timeout | undefined;
  // The gateway pings every 20 s.
  const heard = () => {
    clearTimeout(silence);
    silence = setTimeout(() => socket.terminate(), SILENCE_MS);
  };
  socket.on('open', heard);
  socket.on('ping', heard);
  socket.on('message', (data) => {
    heard();
    on.message(String(data));
  });
  socket.on('error', on.failed);
  socket.on('close', (code, reason) => {
    clearTimeout(silence);
    on.closed(code, String(reason));
  });
  return {
    isOpen: () => socket.readyState === WebSocket.OPEN,
    send: (text) => socket.send(text),
    close: (code) => closeSocket(socket, code),
  };
};

async function closeSocket(socket: WebSocket, code: number): Promise<void> {
  if (socket.readyState === WebSocket.CLOSED) return;
  await new Promise<void>((resolve) => {
    const kill = setTimeout(() => socket.terminate(), CLOSE_MS);
    socket.once('close', () => {
      clearTimeout(kill);
      resolve();
    });
    socket.close(code);
  });
}
