// CONTRIBUTING.md#floors: a room imports only from rooms below it and only its own packages, nothing imports in a
// circle, and one module starts processes (docs/operations.md#children). With --graph it prints the rooms, their floors
// and what each imports.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

const BASE = 'protocol vm service kernel contracts da';
const ROLE = `${BASE} node dispute`;

/** Rooms from the lowest to the highest, each with the rooms and the npm packages that it may import. */
const ROOMS = {
  protocol: mayImport('', '@noble/curves'),
  vm: mayImport('protocol', ''),
  service: mayImport('protocol', 'crc-32 express level picocolors pino prom-client undici viem zod'),
  kernel: mayImport('protocol vm', '@ethereumjs/mpt @ethereumjs/rlp @ethereumjs/util'),
  contracts: mayImport('protocol service', 'viem'),
  da: mayImport('protocol service', '@ethereumjs/mpt @ethereumjs/rlp viem zod'),
  node: mayImport(BASE, '@ethereumjs/mpt viem zod'),
  dispute: mayImport(
    `${BASE} node`,
    '@ethereumjs/block @ethereumjs/common @ethereumjs/evm @ethereumjs/statemanager @ethereumjs/tx @ethereumjs/util @ethereumjs/vm viem',
  ),
  prover: mayImport(ROLE, 'zod'),
  challenger: mayImport(`${ROLE} edge`, 'prom-client viem zod'),
  sequencer: mayImport(ROLE, 'express prom-client viem zod'),
  edge: mayImport(
    'protocol vm service kernel contracts da node dispute',
    '@noble/curves ajv esbuild piscina re2js undici viem ws zod',
  ),
  models: mayImport('protocol vm service edge', 'zod'),
  sdk: mayImport(`${ROLE} edge models`, 'acorn esbuild iconv-lite tr46 viem whatwg-url zod'),
  cli: mayImport(`${ROLE} edge models sdk`, 'commander picocolors'),
  examples: mayImport('edge', 'mizu'),
  devnet: mayImport(
    'protocol service kernel contracts da node prover challenger sequencer edge models sdk cli',
    'commander picocolors undici viem ws',
  ),
  demo: mayImport(
    'protocol vm service kernel node dispute prover challenger sdk cli examples devnet',
    'commander picocolors',
  ),
  bin: mayImport('service cli devnet demo scripts', ''),
};
/** Rooms of tools and tests, above all others: they may import whatever is there and declared. */
const TOP = ['scripts', 'test', 'bench'];
/** Unit tests stand beside what they test. */
const IS_TOP = /\.test\.ts$/;
/** Files that make packages or workflows of their own, and name those. */
const IS_MAKER = /(^test\/|\.test\.ts$)/;
/** What `mizu init` writes is a user's file. */
const TEMPLATES = 'cli/template/';
/** Rooms that see nothing of Node. */
const PURE = new Set(['protocol']);
/** The name that a bundle has for the workflow from which it is made. */
const WORKFLOW = 'workflow';

const IMPORTS = [/^(?:import|export)\s[^'"`;]*?from\s+'([^']+)'/gm, /^import\s+'([^']+)'/gm, /\bimport\(\s*'([^']+)'/g];

const { dependencies, devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const failures = [];
/** For each file the files that it imports. */
const graph = new Map();

for (const room of [...Object.keys(ROOMS), ...TOP])
  for (const file of sources(room)) graph.set(file, check(file, room));
const found = circles();
for (const circle of found)
  failures.push(`${circle.join(' -> ')} -> ${circle[0]}: a circle; move what both need into a file of its own`);
checkStarters();

if (process.argv.includes('--graph')) printGraph();
for (const failure of failures) console.error(failure);
process.exitCode = failures.length === 0 ? 0 : 1;

/** Writes what is wrong with a file's imports to `failures`. Returns the files of this repository that it imports. */
function check(file, room) {
  const isTop = TOP.includes(room) || IS_TOP.test(file);
  const targets = [];
  for (const specifier of importsOf(file)) {
    if (specifier.startsWith('node:')) {
      if (PURE.has(room) && !isTop) failures.push(`${file}: ${room}/ is pure and may not import ${specifier}`);
    } else if (/^[@\w]/.test(specifier)) {
      if (!file.startsWith(TEMPLATES) && specifier !== WORKFLOW) checkPackage(file, room, isTop, packageOf(specifier));
    } else if (specifier.startsWith('.')) {
      const target = relative(root, normalize(join(root, dirname(file), specifier)))
        .split(sep)
        .join('/');
      // The import stands in the text of a program that is put together.
      if (!existsSync(join(root, target))) continue;
      targets.push(target);
      if (!isTop) checkRoom(file, room, target, specifier);
    }
  }
  return targets;
}

function checkPackage(file, room, isTop, name) {
  if (IS_MAKER.test(file)) return;
  const { packages } = ROOMS[room] ?? {};
  if (!isTop && !packages.includes(name))
    failures.push(`${file}: ${room}/ may import only the packages ${packages.join(', ') || '(none)'}, not ${name}`);
  // `mizu` is the workspace of this repository.
  if (name !== 'mizu' && dependencies[name] === undefined && !(isTop && devDependencies[name] !== undefined))
    failures.push(`${file}: ${name} is no dependency of package.json`);
}

function checkRoom(file, room, target, specifier) {
  const [other] = target.split('/');
  if (target.startsWith('vm/reference/') && !file.startsWith('vm/reference/'))
    failures.push(`${file}: vm/reference/ is an oracle of tests and may not be imported (${specifier})`);
  if (other !== room && !ROOMS[room].below.includes(other))
    failures.push(
      `${file}: ${room}/ may import only from ${[room, ...ROOMS[room].below].join(', ')}, not from ${other}/ (${specifier})`,
    );
}

/** Files that import each other in a circle, each circle from its first file on. Imports of types count too. */
function circles() {
  const circles = [];
  const done = new Set();
  for (const start of graph.keys()) {
    if (done.has(start)) continue;
    const path = [];
    const walk = (file) => {
      const at = path.indexOf(file);
      if (at >= 0) circles.push(path.slice(at));
      if (at >= 0 || done.has(file)) return;
      path.push(file);
      for (const next of graph.get(file) ?? []) walk(next);
      path.pop();
      done.add(file);
    };
    walk(start);
  }
  return circles;
}

// The synchronous functions are for processes that end by themselves within seconds.
function checkStarters() {
  const starters = /import \{([^}]*)\} from 'node:child_process'/;
  for (const file of graph.keys()) {
    const [, names = ''] = starters.exec(readFileSync(join(root, file), 'utf8')) ?? [];
    const found = names
      .split(',')
      .map((name) => name.trim())
      .filter((name) => /^(spawn|fork|exec|execFile)$/.test(name));
    if (found.length > 0 && file !== 'service/process/child.ts')
      failures.push(
        `${file}: ${found.join(', ')} would outlive a parent that is killed: use startChild of service/process/child.ts`,
      );
  }
}

/** Prints the highest floor first. A room's floor is one more than the highest of the rooms that it imports. */
function printGraph() {
  const product = [...graph].filter(([file]) => !IS_TOP.test(file) && ROOMS[file.split('/')[0]] !== undefined);
  const floors = new Map();
  const rows = Object.keys(ROOMS).map((room) => {
    const files = product.filter(([file]) => file.startsWith(`${room}/`));
    const others = new Set(files.flatMap(([, targets]) => targets.map((target) => target.split('/')[0])));
    others.delete(room);
    const below = [...others].filter((other) => ROOMS[other] !== undefined);
    floors.set(room, 1 + Math.max(0, ...below.map((other) => floors.get(other) ?? 0)));
    return { room, files: files.length, below };
  });
  for (const { room, files, below } of rows.sort((a, b) => floors.get(b.room) - floors.get(a.room)))
    console.log(`floor ${String(floors.get(room)).padStart(2)}  ${room} (${files} files): ${below.join(', ') || '-'}`);
  console.log(`${rows.length} rooms, ${Math.max(...floors.values())} floors, ${found.length} circles`);
}

/** The rooms and packages that a room may import, as names with spaces between them. */
function mayImport(below, packages) {
  const words = (text) => text.split(' ').filter((word) => word !== '');
  return { below: words(below), packages: words(packages) };
}

function importsOf(file) {
  const text = readFileSync(join(root, file), 'utf8');
  return new Set(IMPORTS.flatMap((pattern) => [...text.matchAll(pattern)].map(([, specifier]) => specifier)));
}

function packageOf(specifier) {
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0];
}

function sources(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return ['assembly', 'out', 'node_modules'].includes(entry.name) ? [] : sources(path);
    return /\.m?[jt]s$/.test(entry.name) ? [path] : [];
  });
}
