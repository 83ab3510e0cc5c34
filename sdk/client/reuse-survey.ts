// docs/sdk.md#reuse: what an earlier run has made, as the input of the run that goes on with it.
import { MizuError } from '../../protocol/errors.ts';
import { concatBytes } from '../../protocol/hex.ts';
import { hashInputs } from '../../protocol/messages.ts';
import { padHeader } from '../../protocol/rows.ts';
import { type ObjectRef, objectRef } from '../../protocol/tree.ts';
import type { Partition } from '../input/partition.ts';
import { encodeRowset } from '../input/rowset.ts';
import type { Network } from './network.ts';
import type { Reuse } from './reuse.ts';
import { headerShape, parseObject } from './shapes.ts';
import { createRowSampler, type Survey } from './survey.ts';

/** As `survey` of the run's file, of which nothing is read. @throws MizuError `da/unavailable`, `sdk/nothing-left` */
export async function surveyReuse(
  network: Network,
  reuse: Reuse,
  { file, options }: Pick<Survey, 'file' | 'options'>,
  sampleSize: number,
): Promise<Survey> {
  const refs: ObjectRef[] = [];
  const answers = new Map<number, string[]>();
  const sampler = createRowSampler(sampleSize);
  let [rows, mostRows, bytes] = [0, 0, 0];
  for await (const { object, rowset, results } of partitionsOf(network, reuse)) {
    refs.push(objectRef(object));
    bytes += object.length;
    const [head = '', ...lines] = new TextDecoder().decode(rowset).split('\n');
    const { out } = parseObject(headerShape, new TextEncoder().encode(head), 'The header of a rowset');
    rows += out;
    mostRows = Math.max(mostRows, out);
    if (sampler === undefined) continue;
    for (const line of lines.slice(0, out)) {
      const [index, row] = JSON.parse(line) as [number, object];
      sampler.add({ kind: 'row', index, row });
    }
    const wanted = new Set(sampler.sample().map(({ index }) => index));
    for (const index of answers.keys()) if (!wanted.has(index)) answers.delete(index);
    for (const line of results === undefined ? [] : new TextDecoder().decode(results).split('\n').slice(1)) {
      const index = Number(line.slice(1, line.indexOf(',')));
      if (line !== '' && wanted.has(index)) answers.set(index, [...(answers.get(index) ?? []), line]);
    }
  }
  if (rows === 0) throw nothingLeft(reuse);
  return {
    file,
    options,
    refs,
    allRefs: refs,
    others: [],
    inputsHash: hashInputs(refs),
    rows,
    mostRows,
    broken: 0,
    bytes,
    sample: sampler?.sample() ?? [],
    open: async function* (): AsyncGenerator<Partition> {
      for await (const { object } of partitionsOf(network, reuse)) yield { bytes: object, rows: 0, broken: 0 };
    },
    encode: (some) => {
      if (reuse.results === undefined) return encodeRowset(some);
      const lines = [...new Set(some.map(({ index }) => index))].flatMap((index) => answers.get(index) ?? []);
      const header = padHeader({ mizu: 'results', count: lines.length });
      const text = header + lines.map((line) => `${line}\n`).join('');
      return concatBytes([new TextEncoder().encode(text), encodeRowset(some)]);
    },
  };
}

type Made = { readonly object: Uint8Array; readonly rowset: Uint8Array; readonly results: Uint8Array | undefined };

async function* partitionsOf(network: Network, { rows, results }: Reuse): AsyncGenerator<Made> {
  for (const [i, { root, length }] of rows.entries()) {
    const rowset = await network.object(root, length);
    const said = results?.[i];
    if (said === undefined) {
      yield { object: rowset, rowset, results: undefined };
      continue;
    }
    const answered = await network.object(said.root, said.length);
    yield { object: concatBytes([answered, rowset]), rowset, results: answered };
  }
}

function nothingLeft({ claim }: Reuse): MizuError {
  const last = claim.answered ?? claim.operators.at(-1);
  return new MizuError({
    code: 'sdk/nothing-left',
    message: `No row has come through the operators up to '${last}' in run ${claim.run}.`,
    expected: 'one row or more to go on with',
    actual: 'none',
    hint: 'Run all operators again with --no-cache, or correct the workflow.',
  });
}
