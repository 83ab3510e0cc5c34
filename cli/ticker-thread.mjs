// docs/sdk.md#dev-progress: writes where a command is, also while the command's own thread computes and cannot write.
import { writeSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';

const { fd, everyMs, columns } = workerData;
let text = '';
let stage = '';
let since = Date.now();
let isDrawn = false;

const timer = setInterval(() => {
  if (text === '') return;
  const line = `${text}, ${Math.round((Date.now() - since) / 1000)} s`;
  // Without columns it is not a terminal, and each line stays.
  if (columns === undefined) write(`${line}\n`);
  else write(`\r\x1b[2K${line.slice(0, columns - 1)}`);
  isDrawn = true;
}, everyMs);

parentPort.on('message', (message) => {
  if (message === null) {
    clearInterval(timer);
    if (isDrawn && columns !== undefined) write('\r\x1b[2K');
    parentPort.close();
    return;
  }
  if (message.stage !== stage) since = Date.now();
  ({ stage, text } = message);
});

function write(bytes) {
  try {
    writeSync(fd, bytes);
  } catch {
    // Nobody reads the line, or not fast enough: the next line will come.
  }
}
