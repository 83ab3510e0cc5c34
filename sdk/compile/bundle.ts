// docs/sdk.md#compile: esbuild makes one script of a workflow file, what it imports and the runtime.
import { readFile } from 'node:fs/promises';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { basename, dirname, extname, relative, resolve, sep } from 'node:path';
import { type BuildFailure, type BuildOptions, build, type Loader, type Location, type Plugin } from 'esbuild';
import { MizuError } from '../../protocol/errors.ts';
import { languageTables, provideLanguage } from './language.ts';
import { renameModules } from './module-names.ts';
import { isOwnFile, SDK } from './own-files.ts';
import { createPackages, type ImportPlace, NODE_MODULE, packageOf } from './packages.ts';

export type Bundle = {
  readonly code: string;
  /** Place in the user's own files of a place in the code, both 0-based; null in libraries and in the SDK. */
  place(line: number, column: number): SourcePlace | null;
  /** The package that a place in the code is of, and the user's import that brought it in. */
  packageAt(line: number, column: number): { readonly name: string; readonly place: ImportPlace | null } | null;
};

/** `file` relative to the workflow file's folder; `line` and `column` from 1. */
export type SourcePlace = { readonly file: string; readonly line: number; readonly column: number };

export const LOADERS: Readonly<Record<string, Loader>> = {
  '.js': 'js',
  '.mjs': 'js',
  '.jsx': 'jsx',
  '.tsx': 'tsx',
  '.ts': 'ts',
  '.mts': 'ts',
};

/** What all bundles have in common: what is deployed, and what only its hash is wanted of. */
export const SHAPE = {
  bundle: true,
  // A package's build for browsers or workers is the one that needs no Node.
  platform: 'browser',
  mainFields: ['browser', 'module', 'main'],
  conditions: ['worker', 'browser', 'module', 'production'],
  target: 'es2022',
  // Async functions become promises that the guard sees: runtime/guard.ts.
  supported: { 'async-await': false, 'async-generator': false, 'for-await': false },
  charset: 'utf8',
  legalComments: 'none',
  loader: { '.txt': 'text', '.md': 'text' },
  // The user's own settings must not change what is deployed.
  tsconfigRaw: '{}',
  logLevel: 'silent',
  // What packages read where there is no Node.
  define: { 'process.env.NODE_ENV': '"production"', global: 'globalThis' },
} satisfies BuildOptions;

export type BundleOptions = {
  /** Names that are replaced where they mean a global: docs/sdk.md#pure. */
  readonly define?: Record<string, string>;
  /** Without white space and comments, so that neither is part of the program. */
  readonly small?: boolean;
};

/**
 * Bundles an entry that imports the workflow file as `workflow`.
 * @throws MizuError `sdk/bundle` with file, line and column of each error.
 */
export async function bundleEntry(file: string, entry: string, options: BundleOptions = {}): Promise<Bundle> {
  const folder = dirname(resolve(file));
  const outfile = resolve(folder, 'bundle.js');
  const packages = createPackages(folder, isUserFile);
  const result = await build({
    ...SHAPE,
    stdin: { contents: entry, resolveDir: SDK, sourcefile: resolve(SDK, 'entry.ts'), loader: 'ts' },
    absWorkingDir: folder,
    outfile,
    write: false,
    format: 'iife',
    sourcemap: 'external',
    sourcesContent: false,
    minifyWhitespace: options.small ?? false,
    banner: { js: `"use strict";${languageTables()}` },
    plugins: [resolveMizu(resolve(file)), provideLanguage(), packages.plugin, readUserFile()],
    define: { ...SHAPE.define, ...options.define },
  }).catch((cause: unknown) => {
    throw bundleError(cause as BuildFailure);
  });
  const [map, script] = [
    result.outputFiles.find((f) => f.path.endsWith('.map'))!,
    result.outputFiles.find((f) => f.path === outfile)!,
  ];
  const sources = new SourceMap(JSON.parse(map.text) as SourceMapPayload);
  const { code, original } = renameModules(script.text, folder);
  const entryAt = (line: number, column: number) => {
    const entry = sources.findEntry(line, original(line, column));
    // Undefined where the code is esbuild's own or the banner's.
    const { originalSource } = entry as { originalSource?: string } & typeof entry;
    if (!('originalSource' in entry) || originalSource === undefined) return null;
    if (originalSource.startsWith(`${NODE_MODULE}:`)) return null;
    return { ...entry, source: resolve(folder, decodeURIComponent(originalSource)) };
  };
  return {
    code,
    place: (line, column) => {
      const entry = entryAt(line, column);
      if (entry === null || !isUserFile(entry.source)) return null;
      return {
        file: relative(folder, entry.source) || basename(entry.source),
        line: entry.originalLine + 1,
        column: entry.originalColumn + 1,
      };
    },
    packageAt: (line, column) => {
      const name = packageOf(entryAt(line, column)?.source ?? '');
      return name === null ? null : { name, place: packages.importOf(name) };
    },
  };
}

/** Not the SDK's nor of what it is made of, not a package's. */
export function isUserFile(path: string): boolean {
  return !path.split(sep).includes('node_modules') && !isOwnFile(path);
}

function resolveMizu(file: string): Plugin {
  return {
    name: 'mizu',
    setup: (setup) => {
      setup.onResolve({ filter: /^workflow$/ }, () => ({ path: file }));
      setup.onResolve({ filter: /^mizu$/ }, () => ({
        path: resolve(SDK, 'workflow/authoring.ts'),
        sideEffects: false,
      }));
      // The workflow may lie outside of this package; zod must be the one that the SDK uses.
      setup.onResolve({ filter: /^zod(\/.*)?$/ }, (args) =>
        args.pluginData === 'resolved'
          ? null
          : setup.resolve(args.path, { kind: 'import-statement', resolveDir: SDK, pluginData: 'resolved' }),
      );
    },
  };
}

// `import { z } from 'mizu'` becomes `import * as z from 'zod'`: only then esbuild leaves out what is not used of it, 190 KB instead of 800.
function readUserFile(): Plugin {
  return {
    name: 'user-file',
    setup: (setup) =>
      setup.onLoad({ filter: /\.[cm]?[jt]sx?$/ }, async ({ path }) => {
        const loader = LOADERS[extname(path)];
        if (!isUserFile(path) || loader === undefined) return null;
        const text = await readFile(path, 'utf8');
        const contents = text.replace(/import\s*\{([^}]*)\}\s*from\s*(['"])mizu\2/g, (whole, list: string) => {
          const names = list.split(',');
          const zod = names.find((name) => /^\s*z(\s+as\s+\w+)?\s*$/.test(name));
          if (zod === undefined) return whole;
          const local = /as\s+(\w+)/.exec(zod)?.[1] ?? 'z';
          const rest = names.filter((name) => name !== zod).join(',');
          // What stands below keeps its line.
          const lines = whole.split('\n').length - rest.split('\n').length;
          return `import {${rest}} from 'mizu'; import * as ${local} from 'zod'${'\n'.repeat(lines)}`;
        });
        return { contents, loader, resolveDir: dirname(path) };
      }),
  };
}

function bundleError(failure: BuildFailure): MizuError {
  const lines = (failure.errors ?? []).slice(0, 8).map(({ text, location }) => {
    const place = location === null ? '' : `${location.file}:${location.line}:${columnOf(location) + 1}: `;
    return `${place}${text}`;
  });
  const [first] = lines;
  return new MizuError({
    code: 'sdk/bundle',
    message: 'The workflow cannot be bundled.',
    expected: 'a TypeScript module whose imports can be found',
    actual: lines.length > 0 ? lines.join('\n            ') : String(failure),
    hint: first === undefined ? undefined : 'Correct the lines named above.',
    cause: failure,
  });
}

/** In characters; esbuild counts bytes where it has read the file itself. */
function columnOf({ column, lineText }: Location): number {
  return lineText === '' ? column : Buffer.from(lineText).subarray(0, column).toString().length;
}
