// docs/sdk.md#run: one pass over an input file: its partitions' roots, its numbers, and a sample of its rows.
import { MAX_PARTITIONS } from '../../protocol/constants.ts';
import { MizuError } from '../../protocol/errors.ts';
import type { Hex } from '../../protocol/hex.ts';
import { hashInputs } from '../../protocol/messages.ts';
import { type ObjectRef, objectRef } from '../../protocol/tree.ts';
import { createFirstRows, OTHER_SAMPLE } from '../input/first-rows.ts';
import type { InputOptions } from '../input/format.ts';
import type { NamedSource } from '../input/named.ts';
import { type Partition, partitionFile, partitionRows, tooLarge } from '../input/partition.ts';
import type { InputRow } from '../input/rowset.ts';
import { mix32 } from '../runtime/hash.ts';

/** What one pass over a file has found. */
type FileSurvey = {
  readonly file: string;
  /** How it was read. */
  readonly options: InputOptions;
  /** Of its partitions. */
  readonly refs: readonly ObjectRef[];
  readonly rows: number;
  /** Of the partition that has most. */
  readonly mostRows: number;
  readonly broken: number;
  readonly bytes: number;
  /** Rows chosen by a hash of their line number, in the file's order; of an input that is joined, its first rows. */
  readonly sample: readonly InputRow[];
  /** Makes the partitions once more. */
  readonly open: () => AsyncIterable<Partition>;
};

/** Of an input beside the dataset's own. */
export type OtherSurvey = FileSurvey & { readonly name: string };

export type KeptSurvey = FileSurvey & { readonly at: string };

/** Of the dataset's own input, and of what is joined with it. */
export type Survey = FileSurvey & {
  readonly others: readonly OtherSurvey[];
  /** Rows that an earlier run has brought to the operator `at`: they stand before all others. */
  readonly kept?: KeptSurvey | undefined;
  /** Of the partitions of all inputs: rows that were kept, the dataset's own, the others. */
  readonly allRefs: readonly ObjectRef[];
  /** Names the inputs: the same rows in the same partitions. */
  readonly inputsHash: Hex;
  /** An object of some of the sample's rows as the program reads it, if it is no plain rowset. */
  readonly encode?: (rows: readonly InputRow[]) => Uint8Array;
  /** The same in partitions of at most so many rows, where they can be cut anew. */
  readonly resize?: (partitionRows: number) => Promise<Survey>;
};

/**
 * Reads an input once: its partitions, the hash that names it, and a sample of `sampleSize` rows that is the same each time.
 *
 * @example
 * const { inputsHash } = await surveyInput('rows.csv', 20, { delimiter: ';' });
 * @throws MizuError `sdk/no-input`, `sdk/empty-input`, `sdk/input-…`, `sdk/csv-…`
 */
export async function surveyInput(
  file: string,
  sampleSize: number,
  options: InputOptions = {},
  others: readonly NamedSource[] = [],
): Promise<Survey> {
  const own = await survey(file, options, createRowSampler(sampleSize), (onRow) => partitionFile(file, options, onRow));
  const resize = (partitionRows: number) => surveyInput(file, sampleSize, { ...options, partitionRows }, others);
  return { ...together(own, await surveyOthers(others, sampleSize)), resize };
}

async function surveyOthers(others: readonly NamedSource[], sampleSize: number): Promise<OtherSurvey[]> {
  const surveys: OtherSurvey[] = [];
  for (const { name, file, options } of others) {
    const tag = { input: name };
    const found = await survey(file, options, firstRows(sampleSize), (onRow) =>
      partitionFile(file, options, onRow, tag),
    );
    surveys.push({ ...found, name });
  }
  return surveys;
}

function firstRows(sampleSize: number): Sampler | undefined {
  if (sampleSize === 0) return undefined;
  const first = createFirstRows(OTHER_SAMPLE);
  return { add: first.add, sample: () => first.rows };
}

/** Rows that are read from elsewhere, each time anew; they keep their index. */
export type RowSource = () => AsyncIterable<InputRow>;

/**
 * `file` says where the rows stand; `kept` are rows that an earlier run has brought to the operator `at`. @throws MizuError
 * `sdk/empty-input`, `sdk/input-too-large`
 */
export async function surveyRows(
  file: string,
  sampleSize: number,
  rows: RowSource,
  kept?: { readonly at: string; readonly rows: RowSource },
  others: readonly NamedSource[] = [],
  mostRows?: number,
): Promise<Survey> {
  const own = await survey(file, {}, createRowSampler(sampleSize), (onRow) =>
    partitionRows(rows(), onRow, {}, MAX_PARTITIONS, mostRows),
  );
  const resize = (most: number) => surveyRows(file, sampleSize, rows, kept, others, most);
  return {
    ...together(own, await surveyOthers(others, sampleSize), await surveyKept(file, sampleSize, kept)),
    resize,
  };
}

async function surveyKept(
  file: string,
  sampleSize: number,
  kept: { readonly at: string; readonly rows: RowSource } | undefined,
): Promise<KeptSurvey | undefined> {
  if (kept === undefined || (await kept.rows()[Symbol.asyncIterator]().next()).done) return undefined;
  const { at, rows } = kept;
  const found = await survey(file, {}, firstRows(sampleSize), (onRow) => partitionRows(rows(), onRow, { at }));
  return { ...found, at };
}

/** The inputs of a run in the order of their partitions. */
export function inputsInOrder({ kept, others, ...own }: Survey): readonly FileSurvey[] {
  return [...(kept === undefined ? [] : [kept]), own, ...others];
}

function together(own: FileSurvey, others: readonly OtherSurvey[], kept?: KeptSurvey): Survey {
  const allRefs = [...(kept?.refs ?? []), ...own.refs, ...others.flatMap(({ refs }) => refs)];
  if (allRefs.length > MAX_PARTITIONS) throw tooLarge();
  return { ...own, others, kept, allRefs, inputsHash: hashInputs(allRefs) };
}

async function survey(
  file: string,
  options: InputOptions,
  sampler: Sampler | undefined,
  partitions: (onRow?: (row: InputRow) => unknown) => AsyncIterable<Partition>,
): Promise<FileSurvey> {
  const refs: ObjectRef[] = [];
  let [rows, mostRows, broken, bytes] = [0, 0, 0, 0];
  for await (const partition of partitions(sampler?.add)) {
    refs.push(objectRef(partition.bytes));
    rows += partition.rows;
    mostRows = Math.max(mostRows, partition.rows);
    broken += partition.broken;
    bytes += partition.bytes.length;
  }
  if (refs.length === 0) throw emptyInput(file);
  const sample = sampler?.sample() ?? [];
  return { file, options, refs, rows, mostRows, broken, bytes, sample, open: () => partitions() };
}

type Sampler = { add(row: InputRow): unknown; sample(): InputRow[] };

/** Rows chosen by a hash of their index, the same of each input; undefined: none. */
export function createRowSampler(size: number): Sampler | undefined {
  if (size === 0) return undefined;
  const chosen: { key: number; row: InputRow }[] = [];
  return {
    add: (row) => {
      if (row.kind !== 'row') return;
      const key = mix32(row.index + 1);
      if (chosen.length === size && key >= chosen.at(-1)!.key) return;
      const at = chosen.findIndex((other) => other.key > key);
      chosen.splice(at < 0 ? chosen.length : at, 0, { key, row });
      if (chosen.length > size) chosen.pop();
    },
    sample: () => chosen.map(({ row }) => row).sort((a, b) => a.index - b.index),
  };
}

function emptyInput(file: string): MizuError {
  return new MizuError({
    code: 'sdk/empty-input',
    message: `${file} has no rows.`,
    expected: 'one row or more',
    actual: 'nothing, or a header alone',
    hint: 'Check the path given with --input.',
  });
}
