// docs/sdk.md#package: npm's own packer.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** @returns the tarball's path, its size and the size of what is in it */
export function packFolder(folder, destination) {
  const args = ['pack', folder, '--json', '--ignore-scripts', '--pack-destination', destination];
  const { npm_execpath: npm } = process.env;
  const options = { encoding: 'utf8', cwd: destination, shell: npm === undefined && process.platform === 'win32' };
  const run = npm?.endsWith('.js')
    ? spawnSync(process.execPath, [npm, ...args], options)
    : spawnSync('npm', args, options);
  if (run.status !== 0) throw new Error(`npm pack failed: ${run.stderr}`);
  const [{ filename, size, unpackedSize }] = JSON.parse(run.stdout);
  return { file: join(destination, filename), sizeBytes: size, unpackedBytes: unpackedSize };
}
