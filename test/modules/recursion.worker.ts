// Runs each shape of endless recursion and tells how it ended.
import { parentPort } from 'node:worker_threads';
import { runShapes } from './recursion.run.ts';

parentPort!.postMessage(await runShapes(11));
