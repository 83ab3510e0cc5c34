// docs/sdk.md#texts: lines of JSON that travel between the tasks of an operator over the whole dataset. A reader takes its own range of bytes only.
import { padHeader } from '../../protocol/rows.ts';
import type { GuestIo } from './io.ts';

/**
 * Object: a header line padded to whole leaves, then little-endian u32: G + 1 byte offsets, then the lines of group 0, 1, …, each
 * line and `\n`. The offsets count from the first line.
 */
type TextsHeader = { readonly mizu: 'texts'; readonly count: number; readonly groups: number; readonly size: number };

/** Collects lines by group. */
export type TextsWriter = { add(group: number, line: string): void; finish(io: GuestIo): void };

/** `count`: a number for the reader, the source's live rows. */
export function createTexts(count: number, groups: number): TextsWriter {
  const lines: string[][] = Array.from({ length: groups }, () => []);
  return {
    add: (group, line) => {
      lines[group]!.push(line);
    },
    finish: (io) => {
      const encoder = new TextEncoder();
      const bytes = lines.map((list) => encoder.encode(list.length === 0 ? '' : `${list.join('\n')}\n`));
      const offsets = new Uint32Array(groups + 1);
      bytes.forEach((part, group) => {
        offsets[group + 1] = offsets[group]! + part.length;
      });
      // The header has a length of whole leaves, so the words are aligned.
      io.write(padHeader({ mizu: 'texts', count, groups, size: offsets[groups]! }));
      io.write(new Uint8Array(offsets.buffer));
      for (const part of bytes) if (part.length > 0) io.write(part);
    },
  };
}

export type Texts = {
  readonly count: number;
  readonly groups: number;
  /** The lines of a group, one after another. */
  eachLine(group: number, visit: (line: string) => void): void;
  /** The values of lines that are JSON. */
  each(group: number, visit: (value: unknown) => void): void;
};

export function openTexts(io: GuestIo, input: number): Texts {
  io.open(input);
  const header = io.next() ? (io.json() as TextsHeader) : null;
  if (header?.mizu !== 'texts') throw new Error(`input ${input} holds no lines of an operator`);
  const { count, groups, size } = header;
  const first = io.inputSize(input) - size;
  const words = io.read(input, first - 4 * (groups + 1), 4 * (groups + 1)).slice();
  const offsets = new Uint32Array(words.buffer);
  const sizeOf = (group: number): number => offsets[group + 1]! - offsets[group]!;
  const eachLine: Texts['eachLine'] = (group, visit) => {
    if (sizeOf(group) === 0) return;
    const text = new TextDecoder().decode(io.read(input, first + offsets[group]!, sizeOf(group)));
    let from = 0;
    for (let to = text.indexOf('\n'); to >= 0; to = text.indexOf('\n', from)) {
      visit(text.slice(from, to));
      from = to + 1;
    }
  };
  return { count, groups, eachLine, each: (group, visit) => eachLine(group, (line) => visit(JSON.parse(line))) };
}
