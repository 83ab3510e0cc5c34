// docs/sdk.md#compile: esbuild names CommonJS modules by their paths, which are others on each machine and for each place of the file.
import { resolve, sep } from 'node:path';
import { isOwnFile } from './own-files.ts';

export type Renamed = {
  readonly code: string;
  /** The column in esbuild's own text. All are 0-based. */
  original(line: number, column: number): number;
};

const NAME = /(__commonJS|__esm)\(\{(\s*)"((?:[^"\\]|\\.)*)"\(/g;

/**
 * Names them by their path from the package's name on, and files of no package, or of the SDK, by the last part. Paths in the text are
 * relative to the folder.
 */
export function renameModules(text: string, folder: string): Renamed {
  const shifts = new Map<number, { readonly from: number; readonly by: number }[]>();
  const code = text.split('\n').map((line, number) => {
    let by = 0;
    return line.replace(NAME, (whole, kind: string, space: string, path: string, at: number) => {
      const renamed = `${kind}({${space}"${shortName(path, folder)}"(`;
      by += whole.length - renamed.length;
      const known = shifts.get(number) ?? [];
      shifts.set(number, [...known, { from: at + whole.length - by, by }]);
      return renamed;
    });
  });
  return {
    code: code.join('\n'),
    original: (line, column) => column + (shifts.get(line)?.findLast(({ from }) => from <= column)?.by ?? 0),
  };
}

// From the folder on a path does not say of which package a file is whose folder is in node_modules itself.
function shortName(path: string, folder: string): string {
  const file = resolve(folder, path);
  const parts = file.split(sep);
  const at = parts.lastIndexOf('node_modules');
  return at < 0 || isOwnFile(file) ? parts.at(-1)! : parts.slice(at + 1).join('/');
}
