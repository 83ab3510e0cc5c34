// Runs each shape of endless recursion and tells how it ended. No `await` at the top level: CONTRIBUTING.md#threads.
import { parentPort } from 'node:worker_threads';
import { runShapes } from './recursion.run.ts';

void runShapes(11).then((ends) => parentPort!.postMessage(ends));
