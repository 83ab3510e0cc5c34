// docs/prover.md#receipts: runs one step again from its record alone.

import type { Kernel, StepDone } from '../../kernel/run.ts';
import { bytesToHex } from '../../protocol/hex.ts';
import { decodeStateLeaf, encodeExecResult } from '../../protocol/state.ts';
import { createNodeMap } from '../nodes.ts';
import { type BodyChunk, requireStep, stateBefore } from './body.ts';

export type StepCheck =
  | { readonly ok: true; readonly done: StepDone }
  | { readonly ok: false; readonly reason: string };

/**
 * The request's `inputsRoot` commits to the list of inputs. Nothing commits to a program's result: it is checked by
 * running the program.
 */
export function verifyStep(kernel: Kernel, chunk: BodyChunk, i: number): StepCheck {
  const record = requireStep(chunk, i);
  const nodes = createNodeMap(record.nodes);
  const results = new Map(record.execs.map((exec) => [bytesToHex(exec.request), encodeExecResult(exec.result)]));
  const answer = kernel.step({
    stateLeaf: stateBefore(chunk, i),
    context: record.context,
    message: record.message,
    getNode: nodes.get,
    getExec: (request) => results.get(bytesToHex(request)),
  });
  if (answer.kind === 'needs') {
    const missing = [...answer.nodes, ...answer.execs.map((request) => `result of ${bytesToHex(request)}`)];
    return { ok: false, reason: `the record lacks ${missing.join(', ')}` };
  }
  const difference = differingFields(answer.stateLeaf, record.stateLeaf);
  if (difference.length > 0) return { ok: false, reason: `the state after it differs in ${difference.join(', ')}` };
  if (bytesToHex(answer.receiptBytes) !== bytesToHex(record.receipt))
    return { ok: false, reason: 'its receipt differs' };
  return { ok: true, done: answer };
}

/** The names of the fields in which two state leaves differ. It is `bytes` alone if one of them is no state leaf. */
export function differingFields(a: Uint8Array, b: Uint8Array): string[] {
  try {
    const [left, right] = [decodeStateLeaf(a), decodeStateLeaf(b)];
    const names = Object.keys(left) as (keyof typeof left)[];
    const fields = names.filter((name) => left[name] !== right[name]);
    return fields.length === 0 && bytesToHex(a) !== bytesToHex(b) ? ['bytes'] : fields;
  } catch {
    return ['bytes'];
  }
}
