// Runs the platform's forge and passes on its exit code: the npm launcher's own exit code is always 0.
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import './ts.mjs';

const { startChild } = await import('../service/process/child.ts');

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
for (const [signal, code] of Object.entries({ SIGHUP: 129, SIGINT: 130, SIGTERM: 143 }))
  process.once(signal, () => process.exit(code));
const [status] = await once(startChild(findForge(), process.argv.slice(2), { cwd: root, stdio: 'inherit' }), 'exit');
process.exitCode = status ?? 1;
