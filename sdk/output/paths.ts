// docs/sdk.md#output: where a sink's rows stand in a dataset's folder, whatever it is named.
import { MizuError } from '../../protocol/errors.ts';
import { NAME } from '../workflow/refusal.ts';

/** Devices on Windows, with any ending. */
const RESERVED = /^(?:con|prn|aux|nul|com\d|lpt\d)$/i;

/**
 * Paths below the folder, with `/`. Names that are one where capitals do not count (macOS, Windows), or name a device, get a
 * `_` behind them, in the order of the sinks.
 * @throws MizuError `sdk/bad-sink` for a name that no workflow of this SDK can have, or that is there twice
 */
export function pathsOf(names: readonly string[]): ReadonlyMap<string, string> {
  const paths = new Map<string, string>();
  const taken = new Set<string>();
  for (const name of names) {
    if (!NAME.test(name)) throw badSink('1 to 64 letters, digits, - and _, beginning with a letter', name);
    if (paths.has(name)) throw badSink('names that are unique in the workflow', name);
    let file = name;
    while (RESERVED.test(file) || taken.has(file.toLowerCase())) file += '_';
    if (name !== 'rejects') taken.add(file.toLowerCase());
    paths.set(name, name === 'rejects' ? 'rejects.jsonl' : `data/${file}.jsonl`);
  }
  return paths;
}

function badSink(expected: string, actual: string): MizuError {
  return new MizuError({
    code: 'sdk/bad-sink',
    message: 'The workflow names a part of its dataset in a way that cannot be a file.',
    expected,
    actual: JSON.stringify(actual).slice(0, 120),
    hint: 'Whoever deployed it has not used this SDK. Nothing was written.',
  });
}
