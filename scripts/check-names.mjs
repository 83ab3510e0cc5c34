// CONTRIBUTING.md#names: an exported name is declared once in the repository, so that it means one thing wherever it is
// read.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Mirrors in AssemblyScript, generated files, what users write and name as they like, and folders without sources. */
const LEFT_OUT = ['assembly', 'generated', 'examples', 'template', 'node_modules', 'build', 'out'];
const IS_SOURCE = /(?<!\.test|\.d)\.m?ts$|\.mjs$/;

/** Names that two files may declare, with the reason. */
const TWICE = {
  Message: 'of the network in protocol/, of a conversation in what `mizu` exports: each is the word of its field',
};

const ONE = /^export (?:declare )?(?:abstract )?(?:async )?(?:function\*?|const|let|class|interface|type|enum) (\w+)/gm;
/** `export const { a, b: c } = …` declares a and c. */
const SEVERAL = /^export const [[{]([^=]*)[\]}] =/gm;

/** For each name the files that declare it. */
const places = new Map();
for (const file of sources('')) {
  const text = readFileSync(join(root, file), 'utf8');
  for (const name of new Set(namesIn(text))) places.set(name, [...(places.get(name) ?? []), file]);
}
const repeated = [...places].filter(([name, files]) => files.length > (TWICE[name] === undefined ? 1 : 2));
for (const [name, files] of repeated)
  console.error(`${name} is declared in ${files.join(' and ')}: rename one, or make one of them`);
process.exitCode = repeated.length === 0 ? 0 : 1;

function namesIn(text) {
  const several = [...text.matchAll(SEVERAL)].flatMap(([, names]) => names.split(','));
  return [
    ...[...text.matchAll(ONE)].map(([, name]) => name),
    ...several.flatMap((part) => /(\w+)\s*$/.exec(part)?.[1] ?? []),
  ];
}

function sources(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return LEFT_OUT.includes(entry.name) || entry.name.startsWith('.') ? [] : sources(path);
    return IS_SOURCE.test(entry.name) ? [path] : [];
  });
}
