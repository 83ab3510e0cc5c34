// CONTRIBUTING.md#starts: what a process imports, in few files. A process of 300 modules of ours and 700 of libraries
// starts in 0.3 s of processor time instead of 1.5 s, and a network has twelve processes.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, extname, join, relative, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'build', 'bundle');
const require = createRequire(import.meta.url);
/** Raised when the form of what is written here changes. */
const FORMAT = 1;
/** A process that has begun to build and has not ended by then was stopped. */
const BUILD_SECONDS = 60;
/** A running process may still load a part of an older bundle. */
const KEPT_SECONDS = 24 * 3600;

/**
 * Libraries of plain JavaScript whose many modules are slow to load. All others stay where they are: they have files,
 * threads or native code beside them.
 */
const TAKEN_IN =
  /^(viem|ox|abitype|isows|ws|zod|undici|commander|express|eventemitter3|@noble\/|@scure\/|@ethereumjs\/)/;

/**
 * URL of the module that stands for this TypeScript file. It is built if it is not there or if one of its sources has
 * changed. It is undefined if another process is building it, or if the folder cannot be written.
 */
export async function bundleOf(file) {
  const name = `${relative(root, file).split(sep).join('-')}-${digest(file).slice(0, 8)}`;
  const manifestFile = join(folder, `${name}.json`);
  const stamp = stampOf();
  const manifest = readManifest(manifestFile);
  if (manifest?.stamp === stamp && isCurrent(manifest)) return pathToFileURL(join(folder, manifest.main)).href;
  const lock = join(folder, `${name}.lock`);
  try {
    mkdirSync(folder, { recursive: true });
    if (isLeft(lock)) rmSync(lock, { recursive: true, force: true });
    mkdirSync(lock);
  } catch {
    return undefined;
  }
  try {
    const built = await build(file, name);
    const temporary = `${manifestFile}.${process.pid}`;
    writeFileSync(temporary, JSON.stringify({ stamp, ...built }));
    renameSync(temporary, manifestFile);
    return pathToFileURL(join(folder, built.main)).href;
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

async function build(file, name) {
  const { build: bundle } = await import('esbuild');
  const sources = {};
  const output = `${name}-${Date.now()}-${process.pid}`;
  for (const old of readdirSync(folder))
    if (old.startsWith(`${name}-`) && isOlder(join(folder, old), KEPT_SECONDS))
      rmSync(join(folder, old), { recursive: true, force: true });
  await bundle({
    entryPoints: { main: file },
    outdir: join(folder, output),
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    sourcemap: true,
    sourcesContent: false,
    logLevel: 'error',
    // Packages that are CommonJS need `require`.
    banner: {
      js: "import { createRequire as $$create } from 'node:module'; const require = $$create(import.meta.url);",
    },
    plugins: [{ name: 'mizu', setup: (tools) => setUp(tools, sources) }],
  });
  return { main: `${output}/main.mjs`, sources };
}

function setUp(tools, sources) {
  tools.onResolve({ filter: /^[^./]/ }, async ({ path, pluginData, ...place }) => {
    if (pluginData === root || path.startsWith('node:') || TAKEN_IN.test(path)) return undefined;
    const found = await tools.resolve(path, { ...place, pluginData: root });
    // A package that is not installed may be one that is only tried.
    if (found.errors.length > 0 || found.external) return { path, external: true };
    const isRequired = place.kind === 'require-call' || place.kind === 'require-resolve';
    return { path: isRequired ? found.path : pathToFileURL(found.path).href, external: true };
  });
  tools.onLoad({ filter: /\.([cm]?[jt]s|json)$/ }, ({ path }) => {
    let contents = readFileSync(path, 'utf8');
    const isOurs = !path.includes(`${sep}node_modules${sep}`);
    if (isOurs) sources[relative(root, path)] = digest(contents);
    // A module finds the files beside it where the module itself lies.
    contents = contents.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href));
    // Places in a library are those in its installed files, not in the sources that its own source map names.
    if (!isOurs && !path.endsWith('.json')) contents += NO_MAP;
    const loader = { '.ts': 'ts', '.mts': 'ts', '.cts': 'ts', '.json': 'json' }[extname(path)] ?? 'js';
    return { contents, loader, resolveDir: dirname(path) };
  });
}

const NO_MAP = `\n//# sourceMappingURL=data:application/json;base64,${Buffer.from('{"version":3,"sources":[],"mappings":""}').toString('base64')}`;

function stampOf() {
  const packages = existsSync(join(root, 'package-lock.json')) ? readFileSync(join(root, 'package-lock.json')) : '';
  const { version } = require('esbuild/package.json');
  return digest(`${FORMAT}\0${version}\0${root}\0${packages}`);
}

function readManifest(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

function isCurrent({ main, sources }) {
  try {
    statSync(join(folder, main));
    return Object.entries(sources).every(([path, hash]) => digest(readFileSync(join(root, path), 'utf8')) === hash);
  } catch {
    return false;
  }
}

function isLeft(lock) {
  return existsSync(lock) && isOlder(lock, BUILD_SECONDS);
}

function isOlder(path, seconds) {
  return Date.now() - statSync(path).mtimeMs > seconds * 1000;
}

function digest(text) {
  return createHash('sha256').update(text).digest('hex');
}
