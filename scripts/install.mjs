// Runs before `npm start` and `npm run demo`, and with --dev before `npm test`: installs what a fresh clone needs to
// run. Compilers, linters and test tools are installed only with --dev. It has no dependencies itself.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isInRange, rangeInWords } from './node-version.mjs';
import { runNpm } from './npm.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
if (!isInRange(process.versions.node, engines.node)) {
  const needed = rangeInWords(engines.node);
  console.error(`MIZU needs Node.js ${needed}; this is ${process.version}. Get one from https://nodejs.org`);
  process.exit(1);
}

// The lockfile's hash tells whether node_modules belongs to it; the word after the hash tells how much of it is
// installed.
const lockHash = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .digest('hex');
const stamp = join(root, 'node_modules/.mizu-lock');
const [installed, extent] = existsSync(stamp) ? readFileSync(stamp, 'utf8').split(' ') : [];
const hasDev = extent === 'dev';
// Tools that are there stay there.
const dev = hasDev || process.argv.includes('--dev');
if (installed !== lockHash || dev !== hasDev) {
  const size = dev ? 'with development tools, about 830 MB, once; a minute or two' : 'about 280 MB, once; a minute';
  console.log(`Installing the packages of package-lock.json (${size})...`);
  const status = installPackages();
  if (status !== 0) process.exit(status);
  writeFileSync(stamp, `${lockHash} ${dev ? 'dev' : 'run'}`);
}

const { build } = await import('./build.mjs');
await build();

/**
 * Returns the exit code. It is `npm install`, not `npm ci`: a mirror may lack the binaries of other platforms, which ci
 * takes for an error.
 */
function installPackages() {
  const args = [
    'install',
    '--no-save',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
    ...(dev ? [] : ['--omit=dev']),
  ];
  const run = runNpm(args, { cwd: root, stdio: 'inherit' });
  if (run.status === 0) return 0;
  if (run.signal !== null || (run.status ?? 0) >= 128) {
    console.error('\nStopped. The same command again goes on with the installation.');
    return 130;
  }
  console.error(
    'npm install failed: see its message above. The usual causes are no network, or a full disk. The same command again goes on.',
  );
  return 1;
}
