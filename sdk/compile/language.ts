// docs/sdk.md#language: bundles whatwg-url for the DataVM.
import { createRequire } from 'node:module';
import { dirname, join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'esbuild';
import { type IdnaTableRange, type IdnaTables, packRanges } from '../runtime/language/idna-table.ts';

const LANGUAGE = fileURLToPath(new URL('../runtime/language/', import.meta.url));
const require = createRequire(import.meta.url);
const folderOf = (name: string): string => dirname(require.resolve(`${name}/package.json`)) + sep;

/** The parser is given ways round what is dear, and tr46 tables that take a twentieth of the memory. */
export function provideLanguage(): Plugin {
  const [parser, mapper] = [folderOf('whatwg-url'), folderOf('tr46')];
  const instead = (name: string) => ({ path: join(LANGUAGE, name) });
  return {
    name: 'language',
    setup: (setup) => {
      setup.onResolve({ filter: /^tr46$/ }, ({ importer }) =>
        importer.startsWith(parser) ? instead('idna.ts') : null,
      );
      setup.onResolve({ filter: /^\.\/percent-encoding$/ }, ({ importer }) =>
        importer === join(parser, 'lib', 'url-state-machine.js') ? instead('percent-encoding.ts') : null,
      );
      setup.onLoad({ filter: /(mappingTable\.json|regexes\.js)$/ }, ({ path }) => {
        if (!resolve(path).startsWith(mapper)) return null;
        const name = path.endsWith('.json') ? 'ranges' : 'patterns';
        return { contents: `module.exports = require('./idna-table.ts').${name}`, resolveDir: LANGUAGE };
      });
    },
  };
}

let tables: string | undefined;

/**
 * A statement that comes before a bundle's code and sets what idna-table.ts takes. A text within the code would be kept twice and more:
 * QuickJS keeps the source of each function.
 */
export function languageTables(): string {
  if (tables !== undefined) return tables;
  const ranges = packRanges(require('tr46/lib/mappingTable.json') as readonly IdnaTableRange[]);
  const expressions = Object.entries(require('tr46/lib/regexes.js') as Record<string, RegExp>);
  const patterns = Object.fromEntries(expressions.map(([name, { source, flags }]) => [name, [source, flags] as const]));
  tables = `globalThis.__mizu_idna=${JSON.stringify({ ranges, patterns } satisfies IdnaTables)};`;
  return tables;
}
