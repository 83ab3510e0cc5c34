// A thread that ends as soon as it is given a job.
import { parentPort } from 'node:worker_threads';

parentPort?.on('message', () => process.exit(7));
