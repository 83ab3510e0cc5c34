// docs/sdk.md#package: the declarations of what the workspace exports, and of all that they name.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, normalize } from 'node:path';

/** Where a specifier stands in a declaration: after `from`, or in `import('…')`. */
const NAMED = /(\bfrom |\bimport\(|\bimport )(["'])(\.[^"']+)\.ts\2/g;

/**
 * `files` are those that sdk/package.json names.
 * @throws Error if TypeScript finds an error
 */
export async function writeTypes(root, files, folder) {
  mkdirSync(join(root, 'build'), { recursive: true });
  const draft = mkdtempSync(join(root, 'build/types-'));
  try {
    const project = join(draft, 'tsconfig.json');
    writeFileSync(project, JSON.stringify(projectOf(root, files, draft)));
    const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');
    const run = spawnSync(process.execPath, [compiler, '-p', project], { cwd: root, encoding: 'utf8' });
    if (run.status !== 0) throw new Error(`pack: no declarations\n${run.stdout}${run.stderr}`);
    const seen = new Set();
    for (const file of files) copy(draft, normalize(join('sdk', file)).replace(/\.ts$/, '.d.ts'), folder, seen);
    return [...seen];
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

function projectOf(root, files, outDir) {
  return {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      declaration: true,
      emitDeclarationOnly: true,
      rewriteRelativeImportExtensions: true,
      outDir,
      rootDir: root,
    },
    include: [],
    files: files.map((file) => join(root, 'sdk', file)),
  };
}

// Declarations that nothing refers to are not copied.
function copy(draft, path, folder, seen) {
  if (seen.has(path)) return;
  seen.add(path);
  const text = readFileSync(join(draft, path), 'utf8').replaceAll(NAMED, '$1$2$3.js$2');
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
  for (const [, , , name] of text.matchAll(/(\bfrom |\bimport\(|\bimport )(["'])(\.[^"']+)\.js\2/g))
    copy(draft, `${normalize(join(dirname(path), name))}.d.ts`, folder, seen);
}
