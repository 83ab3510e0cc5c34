// docs/sdk.md#local: the `io` of a task over bytes in memory, for the bundle in Node and for tests.
import { concatBytes } from '../../protocol/hex.ts';
import { hashText } from '../runtime/hash.ts';
import type { GuestIo } from '../runtime/io.ts';
import { groupReference, nearKeyReference } from '../runtime/near-reference.ts';
import { createNearTask } from '../runtime/near-task.ts';
import { rowIndex } from '../runtime/rowset.ts';
import { freezeJson } from '../runtime/seal.ts';
import { createVectorsTask } from '../runtime/vectors-task.ts';

export type MemoryIo = { readonly io: GuestIo; output(): Uint8Array; log(): string };

/** `parse`: the JSON.parse of the context whose objects the bundle is to see. */
export function createMemoryIo(
  env: Readonly<Record<string, string>>,
  inputs: readonly Uint8Array[],
  parse: (text: string) => unknown = JSON.parse,
): MemoryIo {
  const all = [new Uint8Array(0), ...inputs];
  const parts: Uint8Array[] = [];
  const encoder = new TextEncoder();
  let log = '';
  let lines: string[] = [];
  let at = -1;
  const inputAt = (index: number): Uint8Array => {
    const bytes = all[index];
    if (bytes === undefined) throw new RangeError(`there is no input ${index}; the task has ${all.length}`);
    return bytes;
  };
  const read = (index: number, offset: number, length: number): Uint8Array => {
    const bytes = inputAt(index);
    if (offset < 0 || offset + length > bytes.length)
      throw new RangeError(`bytes ${offset}+${length} of ${bytes.length}`);
    return bytes.slice(offset, offset + length);
  };
  const io: GuestIo = {
    env,
    inputCount: () => all.length,
    inputSize: (index) => inputAt(index).length,
    read,
    open: (index) => {
      // Objects that are not text are opened for their header only.
      lines = new TextDecoder().decode(inputAt(index)).split('\n');
      if (lines.at(-1) === '') lines.pop();
      at = -1;
    },
    next: () => ++at < lines.length,
    line: () => lines[at]!,
    json: () => parse(lines[at]!),
    write: (value) => {
      parts.push(typeof value === 'string' ? encoder.encode(value) : value.slice());
    },
    log: (value) => {
      log += value;
    },
    guarded: (compute, commit) => {
      while (compute()) commit();
      return true;
    },
    row: () => {
      const live = parse(lines[at]!) as [number, object];
      freezeJson(live[1]);
      return live;
    },
    index: () => rowIndex(lines[at]!),
    hash: hashText,
    hashFirst: (text, seed) => hashText(text, seed)[0]!,
    seal: () => undefined,
    sealWith: () => undefined,
    canonical: () => undefined,
    nearKey: nearKeyReference,
    group: groupReference,
    ...createNearTask(read),
    ...createVectorsTask(read),
  };
  return { io, output: () => concatBytes(parts), log: () => log };
}
