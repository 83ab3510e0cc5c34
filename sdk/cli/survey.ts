// docs/sdk.md#input: the input that a command names, surveyed; standard input is kept first.
import { type Survey, surveyInput } from '../client/survey.ts';
import { inputFile } from '../input/spool.ts';
import { type InputFlags, inputOptions } from './options.ts';

/** `sampleRows` 0: no dry run is made of it. */
export async function surveyFlags(flags: InputFlags, sampleRows: number): Promise<Survey> {
  return surveyInput(await inputFile(flags.input), sampleRows, inputOptions(flags));
}
