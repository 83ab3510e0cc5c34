// Runs the platform's forge and passes on its exit code: the npm launcher's own exit code is always 0.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const architectures = { x64: 'amd64', arm64: 'arm64' };
const windows = process.platform === 'win32';
const name = `@foundry-rs/forge-${process.platform}-${architectures[process.arch] ?? process.arch}`;

function findForge() {
  const require = createRequire(import.meta.url);
  try {
    return join(dirname(require.resolve(`${name}/package.json`)), 'bin', windows ? 'forge.exe' : 'forge');
  } catch (cause) {
    throw new Error(
      `${name} is not installed: forge has no build for this platform, or npm left out optional packages`,
      {
        cause,
      },
    );
  }
}

const root = fileURLToPath(new URL('..', import.meta.url));
const { status, signal, error } = spawnSync(findForge(), process.argv.slice(2), { cwd: root, stdio: 'inherit' });
if (error) throw error;
if (signal) process.kill(process.pid, signal);
process.exitCode = status ?? 1;
