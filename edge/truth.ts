// docs/audits.md#truth: what a model of class A answers to the rows of a request object, as one hash.
import type { Hex } from '../protocol/hex.ts';
import { keccakHex } from '../protocol/tree.ts';
import { type Backend, type ChatRequest, parseChatRequest } from './backends/backend.ts';
import { decodeRequests } from './rows.ts';

/** Rows of a canary, at most: who audits an item runs so many of its rows again. */
export const MAX_CANARY_ROWS = 16;

/**
 * Undefined if the object is no list of requests, or of more rows than a canary has, if the model fails for one of them,
 * or if `goesOn` says no before a row.
 */
export async function truthOf(
  requests: Uint8Array,
  backend: Backend,
  signal: AbortSignal,
  goesOn: () => Promise<boolean> = async () => true,
): Promise<Hex | undefined> {
  const lines: string[] = [];
  try {
    const { count, lineOf } = decodeRequests(requests, MAX_CANARY_ROWS);
    if (count === 0) return undefined;
    for (let place = 0; place < count; place++) {
      if (!(await goesOn())) return undefined;
      const [index, request] = JSON.parse(lineOf(place)) as [number, ChatRequest];
      const { content, finishReason } = await backend.complete(parseChatRequest(request), signal);
      lines.push(truthLine(index, content, finishReason));
    }
  } catch {
    // It has no truth that this machine knows, so it is no canary to it.
    return undefined;
  }
  return hashTruth(lines);
}

/** A row's part of the truth. */
export function truthLine(index: number, content: string, finishReason: string): string {
  return JSON.stringify([index, content, finishReason]);
}

/** The truth, from its lines. */
export function hashTruth(lines: readonly string[]): Hex {
  return keccakHex(new TextEncoder().encode(lines.join('\n')));
}
