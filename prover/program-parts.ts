// docs/prover.md#programs: the parts of a deployed program, from the store or from DA.
import { objectsOfProgram, type ProgramEntry } from '../protocol/definition.ts';
import { type ObjectSource, requireObject } from './derive.ts';
import type { ProgramParts } from './exec-job.ts';

/** @throws MizuError `da/object-missing` (retryable) */
export async function loadParts(entry: ProgramEntry, objects: ObjectSource): Promise<ProgramParts> {
  const refs = objectsOfProgram(entry);
  const names = ['Code', 'Image', 'Slots', 'Data', 'Module'] as const;
  const [code, image, slots, data, wasm] = await Promise.all(
    names.map((name, i) => requireObject(objects, refs[i]!, `${name} of a program`)),
  );
  return { header: entry.header, code: code!, image: image!, slots: slots!, data: data!, wasm: wasm! };
}
