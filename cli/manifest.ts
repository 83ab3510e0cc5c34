// docs/sdk.md#package: the package.json of this command line: the workspace's in a clone, else the published one.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const MANIFEST = fileURLToPath(new URL('../sdk/package.json', import.meta.url));

export function ownVersion(): string {
  return (JSON.parse(readFileSync(MANIFEST, 'utf8')) as { version: string }).version;
}
