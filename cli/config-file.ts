// docs/operations.md: reads a configuration file as it stands; each part checks its own fields.
import { readFile } from 'node:fs/promises';
import { MizuError } from '../protocol/errors.ts';

/** @throws MizuError `cli/no-file` or `cli/not-json` */
export async function readConfig(file: string): Promise<unknown> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new MizuError({
      code: 'cli/no-file',
      message: 'The configuration file cannot be read.',
      expected: 'a readable file',
      actual: (cause as Error).message,
      hint: 'Give its path with --config; `npx mizu devnet` writes examples to .mizu/devnet/config.',
      cause,
    });
  });
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new MizuError({
      code: 'cli/not-json',
      message: `${file} is not JSON.`,
      expected: 'one JSON object',
      actual: (cause as Error).message,
      hint: 'docs/operations.md shows the fields.',
      cause,
    });
  }
}
