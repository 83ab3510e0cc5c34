// docs/sdk.md#compile: esbuild names CommonJS modules by their paths, which are others on each machine and for each place of the file.

export type Renamed = {
  readonly code: string;
  /** The column in esbuild's own text. All are 0-based. */
  original(line: number, column: number): number;
};

const NAME = /(__commonJS|__esm)\(\{(\s*)"((?:[^"\\]|\\.)*)"\(/g;

/** Names them by their path from the package's name on, and files of no package by the last part. */
export function renameModules(text: string): Renamed {
  const shifts = new Map<number, { readonly from: number; readonly by: number }[]>();
  const code = text.split('\n').map((line, number) => {
    let by = 0;
    return line.replace(NAME, (whole, kind: string, space: string, path: string, at: number) => {
      const renamed = `${kind}({${space}"${shortName(path)}"(`;
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

function shortName(path: string): string {
  const parts = path.split('/');
  const at = parts.lastIndexOf('node_modules');
  return at < 0 ? parts.at(-1)! : parts.slice(at + 1).join('/');
}
