// docs/errors.md: what the page says about a code.
import type { DescribedCode } from '../../../protocol/error-codes.ts';

export type ErrorText = {
  /** What has happened. */
  readonly means: string;
  /** The usual cause, where `means` does not say it. */
  readonly cause?: string;
  readonly toDo: string;
  /** The status of the answer, if a service gives the code over HTTP. */
  readonly http?: number;
  /** The sequencer gives the code as `data.code` of a JSON-RPC error. */
  readonly rpc?: true;
  /** The code stands in the error of a row's result, so also in `rejects.jsonl`. */
  readonly row?: true;
};

/** The codes of some areas: a text for each, and for no other. */
export type TextsOf<Area extends string> = Readonly<Record<Extract<DescribedCode, `${Area}/${string}`>, ErrorText>>;
