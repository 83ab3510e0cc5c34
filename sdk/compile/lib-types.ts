// docs/sdk.md#language: the types of ECMAScript 2023 from TypeScript's own library, without what an operator has not.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { REFUSED_METHODS } from '../runtime/refused.ts';

const ROOT = 'es2023';
/** What only these declare is not there: `WeakRef`, `FinalizationRegistry`. */
const LEFT_OUT = new Set(['es2021.weakref']);
const METHODS = [...new Set(Object.values(REFUSED_METHODS).flatMap((methods) => Object.keys(methods)))];
const METHOD = new RegExp(`^[ \\t]+(?:${METHODS.join('|')})\\(.*\\): \\w+;$`, 'gm');

/** One file of declarations, which stands for `lib`. `typescript` is the path of TypeScript's package.json. */
export async function createLibrary(typescript: string): Promise<string> {
  const folder = libraryFolder(typescript);
  const parts: string[] = [];
  const seen = new Set(LEFT_OUT);
  const add = async (lib: string): Promise<void> => {
    if (seen.has(lib)) return;
    seen.add(lib);
    const text = await readFile(join(folder, `lib.${lib}.d.ts`), 'utf8');
    for (const [, needed] of text.matchAll(/^\/\/\/ <reference lib="([\w.]+)" \/>$/gm)) await add(needed!);
    parts.push(withoutLocales(text));
  };
  await add(ROOT);
  return parts.join('\n');
}

/** From TypeScript 7 on the library lies beside the compiler, which is a package of its own for each platform. */
function libraryFolder(typescript: string): string {
  try {
    const name = `@typescript/typescript-${process.platform}-${process.arch}`;
    return join(dirname(createRequire(typescript).resolve(`${name}/package.json`)), 'lib');
  } catch {
    return join(dirname(typescript), 'lib');
  }
}

function withoutLocales(text: string): string {
  return text
    .replaceAll('\r', '')
    .replaceAll(/^\/\/\/ <reference .*$/gm, '')
    .replaceAll(/^declare namespace Intl \{$[\s\S]*?^\}$/gm, '')
    .replaceAll(/^declare var Atomics: Atomics;$/gm, '')
    .replaceAll(/^([ \t]+toLocale(?:Upper|Lower)Case)\(.*\): string;$/gm, '$1(): string;')
    .replaceAll(METHOD, '');
}
