// docs/sdk.md#package: the JavaScript of the package: few files side by side in dist/, with what they load beside them.
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { GUEST_ROOTS } from './guest.mjs';

const BESIDE = /new URL\(\s*(['"`])([^'"`$]+)\1,\s*import\.meta\.url,?\s*\)/g;
const COMMENT = /^\s*(\*|\/\/)/;
/** npm packages of which one file is taken in. */
const TAKEN_FILES = /createRequire\(import\.meta\.url\)\.resolve\('(quickjs-wasi\/quickjs\.wasm)'\)/g;

/** The file that becomes the package's `mizu`. */
const COMMAND = 'cli/packed.ts';
/**
 * Places that modules name, and what stands for them in the package, relative to dist/. The last two are needed only
 * where TypeScript is loaded.
 */
const PLACES = {
  'bin/mizu.mjs': './mizu.js',
  'sdk/package.json': '../package.json',
  'scripts/ts.mjs': './none',
  build: './none/',
};
/** Folders that are copied as they are. */
const FOLDERS = { 'cli/template': './template/' };

/**
 * Bundles what the workspace exports, the command and the threads and processes that these start.
 * @returns the folders of the npm packages that were taken in
 */
export async function bundlePackage(root, workspace, outdir) {
  const external = Object.keys({ ...workspace.dependencies, ...workspace.peerDependencies });
  const entries = new Map();
  for (const [name, file] of Object.entries(workspace.exports))
    entries.set(name === '.' ? 'index' : basename(name), join(root, 'sdk', file));
  entries.set('mizu', join(root, COMMAND));
  // The file of a thread may name another, so this is repeated until no new one is named.
  for (;;) {
    const known = entries.size;
    const { metafile, outputFiles } = await bundle(root, new Map(entries), entries, external, outdir);
    if (entries.size > known) continue;
    for (const { path, contents } of outputFiles) writeFileSync(path, contents, { mode: modeOf(contents) });
    return { packages: takenPackages(root, metafile) };
  }
}

function bundle(root, entries, found, external, outdir) {
  return build({
    entryPoints: Object.fromEntries(entries),
    outdir,
    absWorkingDir: root,
    bundle: true,
    splitting: true,
    chunkNames: 'part-[hash]',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    metafile: true,
    write: false,
    legalComments: 'none',
    logLevel: 'error',
    external: external.flatMap((name) => [name, `${name}/*`]),
    // Packages that are CommonJS need `require`.
    banner: {
      js: "import { createRequire as $$create } from 'node:module'; const require = $$create(import.meta.url);",
    },
    plugins: [{ name: 'pack', setup: (tools) => setUp(tools, root, found, outdir) }],
  });
}

function setUp(tools, root, entries, outdir) {
  tools.onLoad({ filter: /\.m?[jt]s$/ }, ({ path }) => {
    if (path.includes(`${sep}node_modules${sep}`)) return undefined;
    const contents = readFileSync(path, 'utf8')
      .replace(BESIDE, (whole, _quote, place, offset, text) => {
        if (COMMENT.test(text.slice(text.lastIndexOf('\n', offset) + 1, offset))) return whole;
        return `new URL(${JSON.stringify(placed(resolve(dirname(path), place)))}, import.meta.url)`;
      })
      .replace(TAKEN_FILES, (_, name) => {
        const file = fileURLToPath(import.meta.resolve(name));
        return `new URL(${JSON.stringify(placed(file))}, import.meta.url)`;
      });
    return { contents, loader: path.endsWith('.ts') ? 'ts' : 'js', resolveDir: dirname(path) };
  });

  /** Where the file that a module names lies in the package, relative to dist/. */
  function placed(file) {
    const path = relative(root, file).split(sep).join('/');
    if (PLACES[path] !== undefined) return PLACES[path];
    if (!existsSync(file)) throw new Error(`pack: ${path} is named and is not there`);
    if (/\.m?[jt]s$/.test(path)) {
      const name = path.replace(/\.m?[jt]s$/, '').replaceAll('/', '-');
      entries.set(name, file);
      return `./${name}.js`;
    }
    if (FOLDERS[path] !== undefined) {
      cpSync(file, join(outdir, FOLDERS[path]), { recursive: true });
      return FOLDERS[path];
    }
    if (statSync(file).isDirectory()) {
      const isGuest = GUEST_ROOTS.some((one) => `${one}/`.startsWith(`${path}/`) || `${path}/`.startsWith(`${one}/`));
      if (!isGuest) throw new Error(`pack: the folder ${path} is not in the package`);
      return `./guest/${path}/`;
    }
    // By its whole path: two models have a manifest.json each.
    const name = path.replace(/^.*node_modules\//, '').replaceAll('/', '-');
    mkdirSync(join(outdir, 'assets'), { recursive: true });
    copyFileSync(file, join(outdir, 'assets', name));
    return `./assets/${name}`;
  }
}

// A file that begins with #! can be executed.
function modeOf(contents) {
  return contents[0] === 0x23 && contents[1] === 0x21 ? 0o755 : 0o644;
}

function takenPackages(root, { outputs }) {
  const folders = new Set();
  for (const { inputs } of Object.values(outputs))
    for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
      const found = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path);
      if (found !== null && bytesInOutput > 0) folders.add(resolve(root, found[1]));
    }
  return [...folders].sort();
}
