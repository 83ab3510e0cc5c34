// docs/sdk.md#package: npm's own packer.
import { join } from 'node:path';
import { runNpm } from '../npm.mjs';

/** @returns the tarball's path, its size and the size of what is in it */
export function packFolder(folder, destination) {
  const args = ['pack', folder, '--json', '--ignore-scripts', '--pack-destination', destination];
  const run = runNpm(args, { encoding: 'utf8', cwd: destination });
  if (run.status !== 0) throw new Error(`npm pack failed: ${run.stderr}`);
  const [{ filename, size, unpackedSize }] = JSON.parse(run.stdout);
  return { file: join(destination, filename), sizeBytes: size, unpackedBytes: unpackedSize };
}
