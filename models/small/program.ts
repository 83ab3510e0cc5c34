// docs/models.md#small: the built-in model as a program: the request object in, the result object out.
import { parseChatRequest } from '../../edge/backends/backend.ts';
import { type Classifier, createClassifier } from '../../edge/backends/model/classifier.ts';
import { completeSmall } from '../../edge/backends/model/small.ts';
import { toRowFailure, toRowUsage } from '../../edge/backends/row-failure.ts';
import { encodeResultLine, type RowResult } from '../../edge/rows.ts';
import { MizuError } from '../../protocol/errors.ts';
import { type ObjectHeader, padHeader } from '../../protocol/rows.ts';
import { markPlace, viewWeights, type WeightCounts, weightBytes } from './layout.ts';

/** Of the program's `io`: docs/vm.md#quickjs. */
type Io = {
  open(index: number): void;
  next(): boolean;
  json(): unknown;
  write(text: string): void;
};

/** The builder knows how many weights there are. */
declare const WEIGHT_COUNTS: WeightCounts;

const counts = WEIGHT_COUNTS;
const buffer = new ArrayBuffer(weightBytes(counts));
markPlace(new Uint8Array(buffer));
const classifier: Classifier = createClassifier(viewWeights(buffer, counts));
const load = () => classifier;

function main(io: Io): void {
  io.open(1);
  const header = (io.next() ? io.json() : {}) as Partial<ObjectHeader>;
  if (header.mizu !== 'requests') throw new Error('input 1 is not a request object');
  const lines: string[] = [];
  let [input, output] = [0, 0];
  while (io.next()) {
    const [index, request] = io.json() as [number, unknown];
    const result = answer(request);
    input += result.usage?.prompt_tokens ?? 0;
    output += result.usage?.completion_tokens ?? 0;
    lines.push(encodeResultLine(index, result));
  }
  const { count, model } = header;
  if (lines.length !== count) throw new Error(`${lines.length} requests, the header says ${String(count)}`);
  io.write(padHeader({ mizu: 'results', count, model, inputTokens: input, outputTokens: output }));
  for (const line of lines) io.write(`${line}\n`);
}

function answer(value: unknown): RowResult {
  try {
    const { content, finishReason, usage } = completeSmall(parseChatRequest(value), load);
    return { content, finish_reason: finishReason, usage: toRowUsage(usage) };
  } catch (error) {
    if (!(error instanceof MizuError)) throw error;
    return toRowFailure(error);
  }
}

(globalThis as { __mizu_main?: (io: Io) => void }).__mizu_main = main;
