// docs/sdk.md#reuse: of each operator the hash of the code that it and the operators before it can reach, and what the toolchain is.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, extname, resolve } from 'node:path';
import { build, version as ESBUILD, type Plugin, transform } from 'esbuild';
import type { Hex } from '../../protocol/hex.ts';
import { keccakHex } from '../../protocol/tree.ts';
import { ENGINE } from '../../vm/quickjs/build.ts';
import { isUserFile, LOADERS, SHAPE } from './bundle.ts';
import { cutWorkflow, markCalm } from './cut.ts';
import type { OperatorDescription } from './describe-guest.ts';
import { languageTables, provideLanguage } from './language.ts';
import { renameModules } from './module-names.ts';
import { SDK } from './own-files.ts';
import { createPackages } from './packages.ts';

export type OperatorCode = {
  readonly name: string;
  /** Of the operators up to this one. */
  readonly code: Hex;
  /** Of a model operator, as far as they are options: for people. */
  readonly settings?: OperatorDescription['settings'];
};

export type OperatorCodes = {
  /** Of everything besides the workflow that decides on what an operator does. */
  readonly toolchain: Hex;
  readonly operators: readonly OperatorCode[];
  /** Why some operators stand for the whole file; null: none does. */
  readonly whole: string | null;
};

/** `bundle` is the whole program: it stands in where the file cannot be told apart. */
export async function operatorCodes(
  file: string,
  operators: readonly OperatorDescription[],
  bundle: string,
): Promise<OperatorCodes> {
  const path = resolve(file);
  const [toolchain, code] = await Promise.all([toolchainId(), javaScript(path)]);
  const whole = hash('whole', bundle);
  // Its rows come through the first stage, where the keys of all joins are asked.
  const joined = operators.find(({ input }) => input !== undefined);
  if (joined !== undefined) {
    const reason = `operator '${joined.name}' joins the input '${joined.input}'`;
    return { toolchain, operators: operators.map((operator) => codeOf(operator, whole)), whole: reason };
  }
  const { sources, reason } = cutWorkflow(code, operators);
  const codes = await bundleCuts(dirname(path), sources);
  return {
    toolchain,
    operators: operators.map((operator, i) => {
      const own = codes[i];
      return codeOf(operator, own === undefined ? whole : hash('code', own + programsUpTo(operators, i)));
    }),
    whole: reason,
  };
}

/** The programs of simulators and of provable models are files that no bundle holds. */
function programsUpTo(operators: readonly OperatorDescription[], place: number): string {
  return operators
    .slice(0, place + 1)
    .flatMap(({ settings }) => (settings?.program === undefined ? [] : [`\n${settings.program}`]))
    .join('');
}

function codeOf({ name, settings }: OperatorDescription, code: Hex): OperatorCode {
  return { name, code, ...(settings && { settings }) };
}

/** The bundled code of each cut, without mizu and zod, which are part of the toolchain. */
async function bundleCuts(folder: string, sources: readonly (string | null)[]): Promise<(string | undefined)[]> {
  const entryPoints = sources.flatMap((source, i) =>
    source === null ? [] : [{ in: `operator:${i}`, out: String(i) }],
  );
  if (entryPoints.length === 0) return sources.map(() => undefined);
  const { outputFiles } = await build({
    ...SHAPE,
    entryPoints,
    absWorkingDir: folder,
    outdir: folder,
    write: false,
    format: 'esm',
    minifyWhitespace: true,
    plugins: [cutPlugin(folder, sources), provideLanguage(), createPackages(folder, isUserFile).plugin, calmFiles()],
  });
  const texts = new Map(outputFiles.map((one) => [one.path, renameModules(one.text, folder).code]));
  return sources.map((_, i) => texts.get(resolve(folder, `${i}.js`)));
}

function cutPlugin(folder: string, sources: readonly (string | null)[]): Plugin {
  return {
    name: 'cut',
    setup: (setup) => {
      setup.onResolve({ filter: /^(operator|cut):\d+$/ }, ({ path }) => {
        const [namespace, number] = path.split(':') as [string, string];
        return { path: number, namespace };
      });
      setup.onResolve({ filter: /^(mizu|zod)(\/.*)?$/ }, ({ path }) => ({ path, external: true, sideEffects: false }));
      // Only the default export counts: what else the file exports is used by nobody.
      setup.onLoad({ filter: /.*/, namespace: 'operator' }, ({ path }) => ({
        contents: `import workflow from 'cut:${path}'; export default workflow;`,
        resolveDir: folder,
      }));
      setup.onLoad({ filter: /.*/, namespace: 'cut' }, ({ path }) => ({
        contents: sources[Number(path)] ?? '',
        loader: 'js',
        resolveDir: folder,
      }));
    },
  };
}

function calmFiles(): Plugin {
  return {
    name: 'calm-files',
    setup: (setup) =>
      setup.onLoad({ filter: /\.[cm]?[jt]sx?$/ }, async ({ path, namespace }) => {
        if (namespace !== 'file' || !isUserFile(path) || LOADERS[extname(path)] === undefined) return null;
        return { contents: markCalm(await javaScript(path)), loader: 'js', resolveDir: dirname(path) };
      }),
  };
}

async function javaScript(path: string): Promise<string> {
  const loader = LOADERS[extname(path)] ?? 'ts';
  const { code } = await transform(await readFile(path, 'utf8'), {
    loader,
    target: 'es2022',
    charset: 'utf8',
    tsconfigRaw: '{}',
  });
  return code;
}

let known: Promise<Hex> | undefined;

/** The same for all workflows of a process. */
function toolchainId(): Promise<Hex> {
  known ??= bundleToolchain();
  return known;
}

const TOOLCHAIN = `
import './runtime/environment.ts';
export { createMain } from './runtime/run.ts';
export * from './workflow/authoring.ts';
`;

async function bundleToolchain(): Promise<Hex> {
  const { outputFiles } = await build({
    ...SHAPE,
    stdin: { contents: TOOLCHAIN, resolveDir: SDK, sourcefile: resolve(SDK, 'toolchain.ts'), loader: 'ts' },
    absWorkingDir: SDK,
    write: false,
    format: 'esm',
    minifyWhitespace: true,
    plugins: [provideLanguage()],
  });
  const { version } = createRequire(import.meta.url)('zod/package.json') as { version: string };
  const code = renameModules(outputFiles[0]!.text, SDK).code;
  return hash('toolchain', JSON.stringify([ENGINE, ESBUILD, version, languageTables(), code]));
}

function hash(kind: string, text: string): Hex {
  return keccakHex(new TextEncoder().encode(`mizu/operator-${kind}\n${text}`));
}
