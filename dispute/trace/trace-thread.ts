// docs/disputes.md#judged: a thread that holds a few traces and answers one question after another.
import { parentPort } from 'node:worker_threads';
import type { Hex } from '../../protocol/hex.ts';
import { mapStack } from '../../service/process/stacks.mjs';
import { createTrace, type Trace, type TraceInput, type TracePlace } from './trace.ts';

export type TraceQuestion =
  | { readonly kind: 'hashes'; readonly positions: readonly bigint[] }
  | { readonly kind: 'prove'; readonly position: bigint }
  | { readonly kind: 'place'; readonly position: bigint }
  | { readonly kind: 'length' };

export type ToTraces = {
  readonly id: number;
  /** The name of the trace. */
  readonly key: string;
  /** Sent with the first question about a trace. */
  readonly input?: TraceInput;
  /** The names of the traces to forget before the question is answered. */
  readonly drop: readonly string[];
  readonly question: TraceQuestion;
};

export type TraceAnswer = readonly Hex[] | Uint8Array | TracePlace | bigint;

export type FromTraces = { readonly id: number } & ({ readonly answer: TraceAnswer } | { readonly failure: string });

const port = parentPort;
if (port === null) throw new Error('this module runs as a worker thread');
const traces = new Map<string, Trace>();

port.on('message', (message: ToTraces) => {
  port.postMessage(respond(message));
});

function respond({ id, key, input, drop, question }: ToTraces): FromTraces {
  try {
    for (const other of drop) traces.delete(other);
    if (input !== undefined) traces.set(key, createTrace(input));
    const trace = traces.get(key);
    if (trace === undefined) throw new Error(`trace ${key} was not sent`);
    return { id, answer: answer(trace, question) };
  } catch (error) {
    return { id, failure: error instanceof Error ? mapStack(error.stack ?? error.message) : String(error) };
  }
}

function answer(trace: Trace, question: TraceQuestion): TraceAnswer {
  switch (question.kind) {
    case 'hashes':
      return trace.hashesAt(question.positions);
    case 'prove':
      return trace.prove(question.position);
    case 'place':
      return trace.place(question.position);
    case 'length':
      return trace.length();
  }
}
