// docs/edge.md#schema-threads: one thread that checks contents; where it is stands in memory that the gateway sees.
import { parentPort, workerData } from 'node:worker_threads';
import { createContentCheck, type SchemaVerdict } from './check.ts';

export type CheckBatch = {
  readonly id: number;
  readonly schemas: readonly string[];
  /** `schema`: place in `schemas`; undefined: only that the content is JSON. */
  readonly items: readonly { readonly schema: number | undefined; readonly content: string }[];
};

export type CheckedBatch = { readonly id: number; readonly verdicts: readonly (SchemaVerdict | undefined)[] };

/** Number of items of this batch that it has begun. */
const progress = new Int32Array(workerData as SharedArrayBuffer);
const check = createContentCheck();
// The schema of schemas is compiled before the first item's time begins.
check('{}', '0');

parentPort?.on('message', ({ id, schemas, items }: CheckBatch) => {
  const verdicts = items.map(({ schema, content }, i) => {
    Atomics.store(progress, 0, i + 1);
    return check(schema === undefined ? undefined : schemas[schema], content);
  });
  parentPort?.postMessage({ id, verdicts } satisfies CheckedBatch);
});
