// docs/sdk.md#retry: the rows that a run has brought to an operator over the whole dataset, from what the stage before that operator has written.
import { MizuError } from '../../protocol/errors.ts';
import type { Hex } from '../../protocol/hex.ts';
import type { ObjectRef } from '../../protocol/tree.ts';
import { type InputRow, MAX_ROW_BYTES } from '../input/rowset.ts';
import type { Network } from './network.ts';
import { headerShape, parseObject } from './shapes.ts';
import type { TaskView } from './views.ts';
import { readMetadata, readRun } from './watch.ts';

const TASKS_AT_ONCE = 1_000;
const NEWLINE = 10;

/** Where the rows are that have come to the operator `met`: the last of these runs that has it. @throws MizuError `sdk/retry-operator` */
export async function findKeptRows(network: Network, runs: readonly Hex[], met: string): Promise<readonly ObjectRef[]> {
  for (const run of [...runs].reverse()) {
    const { workflow } = await readRun(network, run);
    const { stages } = await readMetadata(network, workflow);
    const at = stages.findIndex(({ name }) => name.startsWith(`${met}/`));
    const before = stages.slice(0, Math.max(0, at)).findLastIndex(({ kind }) => ROWS.includes(kind));
    if (at >= 0) return before < 0 ? readInputs(network, run) : readOutputs(network, run, before);
  }
  throw noRows(met);
}

const ROWS: readonly string[] = ['rows', 'receive', 'apply', 'sort'];

/** The partitions of a run's inputs. */
export async function readInputs(network: Network, run: Hex): Promise<readonly ObjectRef[]> {
  const { partitions } = await readRun(network, run);
  const objects = (await network.rpc('mizu_getRunObjects', [run])) as readonly ObjectRef[] | null;
  return (objects ?? []).slice(0, partitions);
}

/** Their live rows, as rows of an input. @throws MizuError `sdk/retry-operator` for a row that is too large for one */
export async function* readKeptRows(network: Network, outputs: readonly ObjectRef[]): AsyncGenerator<InputRow> {
  for await (const line of readLive(network, outputs)) {
    if (line.length > MAX_ROW_BYTES) throw tooLarge(line.length);
    const [index, row] = JSON.parse(line) as [number, object];
    yield { kind: 'row', index, row };
  }
}

/** The lines of their live rows. */
export async function* readLive(network: Network, rowsets: readonly ObjectRef[]): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  for (const { root, length } of rowsets) {
    const bytes = await network.object(root, length);
    let from = bytes.indexOf(NEWLINE) + 1;
    const header = parseObject(headerShape, bytes.subarray(0, Math.max(0, from - 1)), 'The header of a rowset');
    // Rows of an input that is joined are read from its file again.
    const live = header.input === undefined ? header.out : 0;
    for (let i = 0; i < live; i++) {
      const to = bytes.indexOf(NEWLINE, from);
      if (to < 0) throw noRows('its rows');
      yield decoder.decode(bytes.subarray(from, to));
      from = to + 1;
    }
  }
}

async function readOutputs(network: Network, run: Hex, stage: number): Promise<ObjectRef[]> {
  const refs: ObjectRef[] = [];
  for (let more = true; more; ) {
    const page = { stage, offset: refs.length, limit: TASKS_AT_ONCE };
    const tasks = (await network.rpc('mizu_getTasks', [run, page])) as TaskView[];
    for (const { outputRoot, outputLength = 0 } of tasks)
      if (outputRoot !== undefined) refs.push({ root: outputRoot, length: outputLength });
    more = tasks.length === TASKS_AT_ONCE && refs.length % TASKS_AT_ONCE === 0;
  }
  return refs;
}

function noRows(met: string): MizuError {
  return new MizuError({
    code: 'sdk/retry-operator',
    message: `The rows that were kept at '${met}' are not found.`,
    expected: `a run of the dataset with the operator '${met}', behind other operators`,
    actual: 'none',
    hint: 'If the workflow has changed there, run it again on the whole input.',
  });
}

function tooLarge(characters: number): MizuError {
  return new MizuError({
    code: 'sdk/retry-operator',
    message: 'A row that was kept is too large to be the input of a run.',
    expected: `at most ${MAX_ROW_BYTES} bytes of JSON`,
    actual: `${characters} characters`,
    hint: 'Run the workflow again on the whole input.',
  });
}
