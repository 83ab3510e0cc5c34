// docs/operations.md#children: lives a moment longer than the process that has started it, and kills what that one has left.
import { createInterface } from 'node:readline';
import { killGroup } from './kill-group.mjs';

const children = new Set();
// A parent that dies may reset the pipe instead of ending it: the lines close either way.
process.stdin.on('error', () => lines.close());
const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const pid = Number(line.slice(1));
  if (line.startsWith('+')) children.add(pid);
  else children.delete(pid);
});
lines.once('close', () => {
  for (const pid of children) killGroup(pid);
});
