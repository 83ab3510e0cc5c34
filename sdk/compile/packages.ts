// docs/sdk.md#packages: npm packages in a bundle: whose import brought one in, and what those find that ask for Node.
import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { relative, sep } from 'node:path';
import type { OnResolveArgs, PartialMessage, Plugin } from 'esbuild';
import { isOwnFile } from './own-files.ts';

/** Where a file of the user's imports something; `line` from 1, `column` from 0. */
export type ImportPlace = { readonly file: string; readonly line: number; readonly column: number };

export type Packages = {
  readonly plugin: Plugin;
  /** The user's import through which the package came into the bundle. */
  importOf(name: string): ImportPlace | null;
};

/** Namespace of what stands for Node's modules. */
export const NODE_MODULE = 'node-module';
const MAX_FILE_BYTES = 16 * 1024 * 1024;

/** Of the package that a file belongs to; null outside of `node_modules`, and in the SDK. */
export function packageOf(path: string): string | null {
  const parts = path.split(sep);
  const at = parts.lastIndexOf('node_modules');
  if (at < 0 || parts[at + 1] === undefined || isOwnFile(path)) return null;
  const [name, inner] = parts.slice(at + 1);
  return name!.startsWith('@') && inner !== undefined ? `${name}/${inner}` : name!;
}

/** `folder` is the workflow file's: places are told from there. */
export function createPackages(folder: string, isUserFile: (path: string) => boolean): Packages {
  /** By the name of a package: what imported it first, a file of the user's or another package. */
  const importers = new Map<
    string,
    { readonly file: string; readonly specifier: string } | { readonly name: string }
  >();
  const note = ({ path, importer }: OnResolveArgs): void => {
    const name = path.startsWith('@') ? path.split('/').slice(0, 2).join('/') : path.split('/')[0]!;
    if (importers.has(name)) return;
    const parent = packageOf(importer);
    if (isUserFile(importer)) importers.set(name, { file: importer, specifier: path });
    else if (parent !== null && parent !== name) importers.set(name, { name: parent });
  };
  const importOf = (name: string): ImportPlace | null => {
    let importer = importers.get(name);
    for (let depth = 0; importer !== undefined && depth < importers.size; depth++) {
      if ('file' in importer) return placeOf(folder, importer.file, importer.specifier);
      importer = importers.get(importer.name);
    }
    return null;
  };
  return { importOf, plugin: createPlugin(note, importOf) };
}

function createPlugin(note: (args: OnResolveArgs) => void, importOf: Packages['importOf']): Plugin {
  const builtins = new Set(builtinModules.filter((name) => !name.startsWith('_')));
  return {
    name: 'packages',
    setup: (setup) => {
      setup.onResolve({ filter: /^[^./]/ }, async (args) => {
        if (args.pluginData === NODE_MODULE) return null;
        const { path, kind, importer, resolveDir } = args;
        if (!path.startsWith('node:') && !builtins.has(path)) {
          note(args);
          return null;
        }
        // A package of that name may be installed, or the importing one say what browsers have in its place.
        const found = await setup.resolve(path, { kind, importer, resolveDir, pluginData: NODE_MODULE });
        if (found.errors.length === 0) {
          note(args);
          return null;
        }
        const name = packageOf(importer);
        if (name === null) return { errors: [{ text: `'${path}' is not there in a workflow: ${FIX}` }] };
        // A `require` may stand where nothing ever comes; an import is always followed.
        if (kind === 'require-call') return { path: `${path} ${name}`, namespace: NODE_MODULE };
        return { errors: [needsNode(name, path, importOf(name))] };
      });
      setup.onLoad({ filter: /.*/, namespace: NODE_MODULE }, ({ path }) => {
        const [module, name] = path.split(' ') as [string, string];
        const place = importOf(name);
        const error = {
          code: 'sdk/bundle',
          message: `${place === null ? '' : `${place.file}:${place.line}: `}${needs(name, module)}`,
          expected: 'packages that need no Node',
          actual: `'${name}' loads '${module}'`,
          hint: HINT,
        };
        const { message } = error;
        return { contents: `throw Object.assign(new Error(${JSON.stringify(message)}), ${JSON.stringify(error)});` };
      });
    },
  };
}

const FIX = 'operators are pure functions of a row. Put the data into the input.';
const HINT = 'Use a package that runs in browsers, or import the part of it that does.';

function needs(name: string, module: string): string {
  return `the package '${name}' needs Node's module '${module}', which is not there in a workflow.`;
}

function needsNode(name: string, module: string, place: ImportPlace | null): PartialMessage {
  const text = `${needs(name, module)} ${HINT}`;
  return place === null ? { text } : { text, location: place };
}

/** The first place in the file where the specifier stands in quotes. */
function placeOf(folder: string, file: string, specifier: string): ImportPlace | null {
  const text = readFileSync(file, 'utf8').slice(0, MAX_FILE_BYTES);
  const quoted = [`'${specifier}'`, `"${specifier}"`].map((one) => text.indexOf(one)).filter((at) => at >= 0);
  if (quoted.length === 0) return null;
  const before = text.slice(0, Math.min(...quoted)).split('\n');
  return { file: relative(folder, file), line: before.length, column: before.at(-1)!.length };
}
