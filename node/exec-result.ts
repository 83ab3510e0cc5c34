// docs/kernel.md#exec: decodes the result leaf of a program.
import { createReader } from '../protocol/bytes.ts';
import type { ExecResult } from '../protocol/state.ts';

export { type ExecResult, encodeExecResult } from '../protocol/state.ts';

/** @throws MizuError `protocol/malformed` */
export function decodeExecResult(bytes: Uint8Array): ExecResult {
  const reader = createReader(bytes, 'exec result');
  const status = reader.size('status');
  const outputRoot = reader.hex(32, 'outputRoot');
  const outputLength = reader.size('outputLength');
  const gasUsed = reader.u64('gasUsed');
  reader.bytes(72, 'zeros');
  reader.end();
  return { status, outputRoot, outputLength, gasUsed };
}
