// docs/sdk.md#input: surveys the inputs that a command names; standard input is kept in a file first.
import { type Survey, surveyInput } from '../sdk/client/survey.ts';
import { orderInputs } from '../sdk/input/named.ts';
import { inputFile } from '../sdk/input/spool.ts';
import { type InputFlags, inputsFromFlags } from './input-flags.ts';

/** `wanted` are the names of the inputs that the workflow joins. With `sampleRows` 0 no rows are kept for a dry run. */
export async function surveyFlags(flags: InputFlags, wanted: readonly string[], sampleRows: number): Promise<Survey> {
  const { file, options, others } = inputsFromFlags(flags);
  const ordered = orderInputs(wanted, others);
  const kept = await inputFile(file);
  const named = [];
  for (const one of ordered) named.push({ ...one, file: await inputFile(one.file) });
  return surveyInput(kept, sampleRows, options, named);
}
