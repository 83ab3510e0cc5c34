// CONTRIBUTING.md#starts: load hook over esbuild: Node 20 cannot strip types, and Node 24 refuses to in packages in
// node_modules. A process's entry is loaded as a bundle; where there can be none, module by module, and each result is
// kept in build/ts by its content.
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { bundleOf } from './bundle.mjs';

const cache = fileURLToPath(new URL('../build/ts/', import.meta.url));
const { version } = createRequire(import.meta.url)('esbuild/package.json');
/**
 * The modules with which a process or a thread starts. Others are not loaded as bundles: a module that two of them
 * import would be there twice.
 */
const started = new Set();

export async function resolve(specifier, context, nextResolve) {
  const resolved = await nextResolve(specifier, context);
  if (context.parentURL === undefined) started.add(resolved.url);
  return resolved;
}

export async function load(url, context, nextLoad) {
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return nextLoad(url, context);
  const sourcefile = fileURLToPath(url);
  const bundle = started.has(url) ? await bundleOf(sourcefile) : undefined;
  if (bundle !== undefined)
    return { format: 'module', source: `export * from ${JSON.stringify(bundle)};`, shortCircuit: true };
  const text = await readFile(sourcefile, 'utf8');
  const key = createHash('sha256').update(`${version}\0${sourcefile}\0${text}`).digest('hex');
  const file = `${cache}${key}.mjs`;
  const code = await readFile(file, 'utf8').catch(() => compile(text, sourcefile, file));
  // By this name service/process/stacks.mjs finds the source map: the source may have changed when a stack is shown.
  return { format: 'module', source: `${code}\n//# sourceURL=${url}?${key}\n`, shortCircuit: true };
}

async function compile(text, sourcefile, file) {
  const { transform } = await import('esbuild');
  const { code } = await transform(text, {
    loader: 'ts',
    format: 'esm',
    target: 'node20',
    sourcemap: 'inline',
    sourcesContent: false,
    sourcefile,
  });
  const temporary = `${file}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  // A read-only installation still works, only slower.
  await mkdir(cache, { recursive: true })
    .then(() => writeFile(temporary, code))
    .then(() => rename(temporary, file))
    .catch(() => undefined);
  return code;
}
