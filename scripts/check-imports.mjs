// CONTRIBUTING.md#floors: a folder imports only from folders below it; protocol/ sees nothing of Node. docs/operations.md#children: one module
// starts processes.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

const BELOW = {
  protocol: [],
  vm: ['protocol'],
  service: ['protocol'],
  kernel: ['protocol', 'vm'],
  contracts: ['protocol', 'service'],
  da: ['protocol', 'service'],
  node: ['protocol', 'vm', 'service', 'kernel', 'contracts', 'da'],
  dispute: ['protocol', 'vm', 'service', 'kernel', 'contracts', 'da', 'node'],
  prover: ['protocol', 'vm', 'service', 'kernel', 'contracts', 'da', 'node', 'dispute'],
  sequencer: ['protocol', 'vm', 'service', 'kernel', 'contracts', 'da', 'node', 'dispute'],
  challenger: ['protocol', 'vm', 'service', 'kernel', 'contracts', 'da', 'node', 'dispute'],
  edge: ['protocol', 'vm', 'service', 'da'],
  sdk: ['protocol', 'vm', 'service', 'kernel', 'contracts', 'da', 'node', 'dispute', 'edge'],
  cli: ['protocol', 'vm', 'service', 'kernel', 'contracts', 'da', 'node', 'dispute', 'edge', 'sdk'],
  devnet: [
    'protocol',
    'vm',
    'service',
    'kernel',
    'contracts',
    'da',
    'node',
    'dispute',
    'prover',
    'sequencer',
    'challenger',
    'edge',
    'sdk',
    'cli',
  ],
  demo: [
    'protocol',
    'vm',
    'service',
    'kernel',
    'contracts',
    'da',
    'node',
    'dispute',
    'prover',
    'sequencer',
    'challenger',
    'edge',
    'sdk',
    'cli',
    'devnet',
  ],
};

// The demo plays an example: the one way up.
const EXCEPTIONS = { 'demo/demo.ts': ['examples'] };

const FORBIDDEN_IN_PURE = /^(node:|undici$|express$|ws$|level$|pino$)/;
const failures = [];

for (const [folder, allowed] of Object.entries(BELOW)) {
  for (const file of sources(folder)) {
    if (!file.endsWith('.ts') || /\.(test|fixture)\.ts$/.test(file)) continue;
    for (const [, specifier] of readFileSync(join(root, file), 'utf8').matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)) {
      if (folder === 'protocol' && FORBIDDEN_IN_PURE.test(specifier))
        failures.push(`${file}: protocol/ is pure and may not import ${specifier}`);
      if (!specifier.startsWith('.')) continue;
      const path = relative(root, normalize(join(root, dirname(file), specifier))).split(sep);
      if (path[0] === 'vm' && path[1] === 'reference' && !file.startsWith('vm/reference/'))
        failures.push(`${file}: vm/reference/ is an oracle of tests and may not be imported (${specifier})`);
      const target = path[0];
      if (target !== folder && !allowed.includes(target) && !EXCEPTIONS[file]?.includes(target)) {
        failures.push(
          `${file}: ${folder}/ may import only from ${[folder, ...allowed].join(', ')}, not from ${target}/ (${specifier})`,
        );
      }
    }
  }
}

// The synchronous ones are for what ends by itself within seconds.
const STARTERS = /import \{([^}]*)\} from 'node:child_process'/;
for (const file of [...Object.keys(BELOW), 'examples', 'scripts', 'test', 'bin'].flatMap((folder) => sources(folder))) {
  const [, names = ''] = STARTERS.exec(readFileSync(join(root, file), 'utf8')) ?? [];
  const found = names
    .split(',')
    .map((name) => name.trim())
    .filter((name) => /^(spawn|fork|exec|execFile)$/.test(name));
  if (found.length > 0 && file !== 'service/child.ts')
    failures.push(
      `${file}: ${found.join(', ')} would outlive a parent that is killed: use startChild of service/child.ts`,
    );
}

for (const failure of failures) console.error(failure);
process.exitCode = failures.length === 0 ? 0 : 1;

function sources(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return entry.name === 'assembly' || entry.name === 'out' ? [] : sources(path);
    return /\.m?[jt]s$/.test(entry.name) ? [path] : [];
  });
}
