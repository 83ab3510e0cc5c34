// docs/sdk.md#package: commands check types where TypeScript is installed, and say so where it is not.
import { MizuError } from '../protocol/errors.ts';
import { assertTypes } from '../sdk/compile/typecheck.ts';

/**
 * Warns on standard error if there is no TypeScript.
 * @throws MizuError `sdk/types` if the types are wrong
 */
export async function checkTypes(file: string): Promise<void> {
  await assertTypes(file).catch((error: unknown) => {
    if (!(error instanceof MizuError) || error.code !== 'sdk/no-typescript') throw error;
    process.stderr.write(`${error.message} ${error.hint}\n`);
  });
}
