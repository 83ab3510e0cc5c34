// Whether a module is the program that was started, and not imported by one.
import { existsSync, realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** `url` is the module's import.meta.url: of the real file, whereas the command line may name a link to it. */
export function isStarted(url: string): boolean {
  const [, file] = process.argv;
  return file !== undefined && existsSync(file) && realpathSync(file) === fileURLToPath(url);
}
