// docs/sdk.md#package: the sources that a workflow is compiled with. They stay TypeScript, in their folders: a
// workflow's id depends on their bytes.
import { cpSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** The files that entries of bundles and the check of types name: sdk/compile. */
export const GUEST_ROOTS = ['sdk/runtime', 'sdk/workflow', 'sdk/compile/describe-guest.ts'];
const TESTS = /\.(test|fixture)\.ts$/;

/** Copies these files and what they import, also if only as types. */
export function writeGuest(root, folder) {
  const seen = new Set();
  const add = (path) => {
    if (seen.has(path) || TESTS.test(path)) return;
    seen.add(path);
    const text = readFileSync(join(root, path), 'utf8');
    cpSync(join(root, path), join(folder, path));
    for (const [, name] of text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)) add(join(dirname(path), name));
  };
  for (const path of GUEST_ROOTS.flatMap((one) => filesBelow(root, one))) add(path);
  return [...seen];
}

function filesBelow(root, path) {
  if (!statSync(resolve(root, path)).isDirectory()) return [path];
  return readdirSync(join(root, path)).flatMap((name) => filesBelow(root, `${path}/${name}`));
}
