// docs/sdk.md#cli: what dev, quote, deploy and run do first: check the types, compile.
import { access } from 'node:fs/promises';
import { MizuError } from '../protocol/errors.ts';
import { type CompiledWorkflow, compileWorkflow } from '../sdk/compile/compile.ts';
import { CACHE_FOLDER } from './cache-folder.ts';
import { checkTypes } from './check-types.ts';

/** @throws MizuError `sdk/…` if the workflow is not valid */
export async function prepareWorkflow(file: string, from?: string): Promise<CompiledWorkflow> {
  await assertFile(file);
  // Both run at once. If both refuse, the compiler's refusal is the clearer one, so it is thrown.
  const types = checkTypes(file).then(
    () => null,
    (error: unknown) => error as Error,
  );
  const compiled = await compileWorkflow(file, { cacheFolder: CACHE_FOLDER, from });
  const problem = await types;
  if (problem !== null) throw problem;
  return compiled;
}

export async function assertFile(file: string): Promise<void> {
  await access(file).catch((cause: unknown) => {
    throw new MizuError({
      code: 'cli/no-file',
      message: `The workflow file cannot be read: ${file}`,
      expected: 'a TypeScript file with a workflow',
      actual: (cause as { code?: string }).code,
      hint: 'Try one of the examples: examples/gloss-domains/workflow.ts',
    });
  });
}
