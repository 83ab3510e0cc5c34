// Runs `mizu ARGS` in this process, for tests of what a command says.
import { vi } from 'vitest';
import { main } from '../../bin/main.ts';

/** The exit code, and all that was written to stdout and stderr. */
export async function runMain(...argv: string[]): Promise<{ code: number; text: string }> {
  let text = '';
  const write = (part: unknown) => {
    text += String(part);
    return true;
  };
  vi.spyOn(process.stdout, 'write').mockImplementation(write);
  vi.spyOn(process.stderr, 'write').mockImplementation(write);
  try {
    return { code: await main(argv), text };
  } finally {
    vi.restoreAllMocks();
  }
}
