// CONTRIBUTING.md: a workflow of one operator, for a measurement.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Calls `use` with a file that has the workflow; it is gone afterwards. */
export async function withWorkflow<T>(operator: string, use: (file: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'mizu-bench-'));
  try {
    const file = join(folder, 'workflow.ts');
    writeFileSync(file, `import { dataset } from 'mizu';\nexport default dataset('bench')${operator};\n`);
    return await use(file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
