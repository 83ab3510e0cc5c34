// docs/sdk.md#package: files of which the SDK is made: in a clone, or below node_modules where the package is installed.
import { resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export const SDK = fileURLToPath(new URL('..', import.meta.url));
const FOLDERS = [SDK, resolve(SDK, '../protocol'), resolve(SDK, '../edge'), resolve(SDK, '../models')];

/** `path` is absolute. */
export function isOwnFile(path: string): boolean {
  return FOLDERS.some((folder) => path.startsWith(folder.endsWith(sep) ? folder : folder + sep));
}
