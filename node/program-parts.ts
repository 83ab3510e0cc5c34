// docs/prover.md#programs: the parts of a deployed program, from the store or from DA.
import { objectsOfProgram, type ProgramEntry } from '../protocol/definition.ts';
import type { ObjectRef } from '../protocol/tree.ts';
import { type ObjectSource, requireObject } from './l1/derive.ts';
import type { ProgramParts } from './workers/exec-job.ts';
import type { PartLengths } from './workers/job-size.ts';

const NO_MODULE = new Uint8Array(0);

export function lengthsOf(entry: ProgramEntry): PartLengths {
  return {
    code: entry.codeLength,
    image: entry.imageLength,
    slots: entry.slotsLength,
    data: entry.dataLength,
    wasm: entry.wasmLength,
  };
}

/**
 * `entries`: that of the state first, then others with the same programId. Their parts mean the same, and may be found
 * when those of the first are not. `module` is only a hint: the result has none if none is asked for, or if nobody has
 * it.
 * @throws MizuError `da/object-missing` (retryable) if none of them has a part
 */
export async function loadParts(
  entries: readonly [ProgramEntry, ...ProgramEntry[]],
  objects: ObjectSource,
  module?: ObjectRef,
): Promise<ProgramParts> {
  const refs = entries.map(objectsOfProgram);
  const part = async (index: number, name: string): Promise<Uint8Array> => {
    for (const own of refs.slice(0, -1)) {
      const bytes = await objects.get(own[index]!.root);
      if (bytes !== undefined) return bytes;
    }
    return requireObject(objects, refs.at(-1)![index]!, `${name} of a program`);
  };
  const wasm = module === undefined ? undefined : await objects.get(module.root);
  return {
    header: entries[0].header,
    code: await part(0, 'Code'),
    image: await part(1, 'Image'),
    slots: await part(2, 'Slots'),
    data: await part(3, 'Data'),
    wasm: wasm ?? NO_MODULE,
  };
}
