// docs/edge.md#schema-threads: one thread that checks contents; its progress stands in memory that it shares with the
// gateway.
import { parentPort, workerData } from 'node:worker_threads';
import { createContentCheck, type SchemaVerdict } from './check.ts';

export type CheckBatch = {
  readonly id: number;
  readonly schemas: readonly string[];
  /** `schema` is a place in `schemas`; if it is undefined, the content need only be JSON. */
  readonly items: readonly { readonly schema: number | undefined; readonly content: string }[];
};

export type CheckedBatch = { readonly id: number; readonly verdicts: readonly (SchemaVerdict | undefined)[] };

/** The number of items of this batch that the thread has begun. */
const progress = new Int32Array(workerData as SharedArrayBuffer);
const check = createContentCheck();
// Compiles the schema of schemas before the time of the first item begins.
check('{}', '0');

parentPort?.on('message', ({ id, schemas, items }: CheckBatch) => {
  const verdicts = items.map(({ schema, content }, i) => {
    Atomics.store(progress, 0, i + 1);
    return check(schema === undefined ? undefined : schemas[schema], content);
  });
  parentPort?.postMessage({ id, verdicts } satisfies CheckedBatch);
});
