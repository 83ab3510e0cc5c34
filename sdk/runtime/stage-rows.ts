// docs/sdk.md#stages: the stages that read a rowset and write one: rows, receive and apply share one loop.
import { type Context, runAttempts } from './attempts.ts';
import { createCounts } from './operator-counts.ts';
import {
  MAX_LIVE_LENGTH,
  openAnyRowset,
  openRowset,
  type RowsetHeader,
  rejectLine,
  rowText,
  writeRowset,
} from './rowset.ts';
import { rejectedText, sealedText } from './seal.ts';
import type { LostAnswer, StageOperator, Verdict } from './verdict.ts';

/** Made by a flatMap, on its way to the operator `from`. */
type Pending = {
  readonly index: number;
  readonly ordinal: number;
  readonly from: number;
  readonly text: string;
  readonly row: object;
};

/** `isOther`: its rows are those of another input, and stay that. */
export function runRowStage(
  context: Context,
  input: number,
  operators: readonly StageOperator[],
  isOther = false,
): void {
  const { io } = context;
  const header = isOther ? openAnyRowset(io, input) : openRowset(io, input);
  const counts = createCounts(operators);
  const live: string[] = [];
  const rejects: string[] = [];
  /** The next one is the last. */
  const pending: Pending[] = [];
  let liveLength = 0;
  let read = 0;

  // The row whose turn it is. `isLine`: it is as it was read, and its text is in `io.line()`; else `text` is its canonical text. `row` null: not parsed yet.
  let more = true;
  const at = { index: 0, ordinal: -1 };
  let from = 0;
  let isLine = false;
  let text: string | null = null;
  let row: object | null = null;
  const advance = (): void => {
    const next = pending.pop();
    if (next !== undefined) {
      ({ index: at.index, ordinal: at.ordinal, from, text, row } = next);
      isLine = false;
      return;
    }
    more = read < header.out && io.next();
    if (!more) return;
    isLine = true;
    at.index = io.index();
    at.ordinal = read++;
    from = 0;
    row = null;
  };

  // What the attempt has noted: the operator that the row is at, the row as that operator reads it, and what becomes of it.
  let operator = 0;
  let seenLine = false;
  let seenText: string | null = null;
  let seenRow: object | null = null;
  let verdict: Verdict | null = null;
  let written = '';
  // Only the first operator of a stage, which reads a line, loses answers.
  let lost: readonly LostAnswer[] | null = null;

  const attempt = (): boolean => {
    if (!more) return false;
    let isRead = isLine;
    let nowText = text;
    let now = row;
    // Where the row was changed, and what it was before.
    let changedBy = from;
    let oldLine = isLine;
    let oldText = text;
    let old = row;
    verdict = null;
    for (let next = from; next < operators.length; next++) {
      const current = operators[next]!;
      operator = next;
      seenLine = isRead;
      seenText = nowText;
      seenRow = now;
      if (now === null && current.blind !== true) now = io.row()[1];
      const found = current.apply(now!, at, current.counts === true ? counts.nth(next, at.index) : 0);
      if (found.kind === 'keep') continue;
      if (found.kind === 'part') lost = found.lost;
      else if (found.kind !== 'row') {
        verdict = found;
        return true;
      }
      changedBy = next;
      oldLine = seenLine;
      oldText = seenText;
      old = seenRow;
      now = found.row;
      isRead = false;
      nowText = null;
    }
    if (isRead) {
      written = io.line();
      return true;
    }
    if (nowText === null) {
      operator = changedBy;
      seenLine = oldLine;
      seenText = oldText;
      seenRow = old;
      nowText = sealedText(now!);
    }
    written = `[${at.index},${nowText}]`;
    return true;
  };
  // Whatever becomes of the row afterwards.
  const rejectLost = (answers: readonly LostAnswer[]): void => {
    const seen = rowText(io.line());
    for (const { answer, reason } of answers) {
      rejects.push(rejectLine(at.index, seen, operators[0]!.name, reason, answer));
    }
    counts.rejected[0]! += answers.length;
    lost = null;
  };
  const refuse = (reason: string): void => {
    if (lost !== null) rejectLost(lost);
    const seen = seenLine ? rowText(io.line()) : (seenText ?? rejectedText(seenRow!));
    rejects.push(rejectLine(at.index, seen, operators[operator]!.name, reason));
    counts.rejected[operator]!++;
    lose();
  };
  const lose = (): void => {
    counts.add(at.index, from, operator);
    counts.lost[operator]!++;
    advance();
  };
  const commit = (): void => {
    if (lost !== null) rejectLost(lost);
    if (verdict !== null) {
      settle(verdict);
      return;
    }
    liveLength += written.length;
    if (liveLength > MAX_LIVE_LENGTH) {
      liveLength -= written.length;
      refuse(`a task gives at most ${MAX_LIVE_LENGTH} characters of rows, and has no room for this one`);
      return;
    }
    counts.add(at.index, from, operators.length - 1);
    live.push(written);
    advance();
  };
  const settle = (found: Verdict): void => {
    if (found.kind === 'stop') throw found.error;
    if (found.kind === 'reject') {
      refuse(found.reason);
      return;
    }
    if (found.kind === 'rows') {
      for (let i = found.rows.length - 1; i >= 0; i--) pending.push({ ...at, ...found.rows[i]!, from: operator + 1 });
      counts.made[operator]! += found.rows.length;
    }
    lose();
  };

  advance();
  runAttempts(context, { attempt, commit, refuse, made: () => operators[operator]!.made });
  const old: string[] = [];
  while (io.next()) old.push(io.line());
  const output: RowsetHeader = {
    mizu: 'rows',
    in: header.out,
    out: live.length,
    rejected: rejects.length,
    operators: { ...header.operators, ...counts.stats() },
    ...(header.input === undefined ? {} : { input: header.input }),
  };
  writeRowset(io, output, live, [...old, ...rejects]);
}
