// docs/sdk.md#smoke: what a user begins with on a line of Node.js: a clone, the demo, the package, a first workflow.
import { cpSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Ended } from '../e2e/mizu.fixture.ts';
import { createStranger } from './install.fixture.ts';
import { useNode } from './nodes.fixture.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** What a clone that is in use has beside its sources. */
const NOT_CLONED = /^(build|\.git|\.mizu|out|cache|.*node_modules)$/;
/** npm's own, so that what this machine has installed before is not downloaded again. */
const CACHE = process.env.npm_config_cache ?? join(homedir(), '.npm');
/** Of what a command that failed has printed. */
const MAX_SHOWN_LINES = 60;

export type SmokeResult = {
  readonly status: 'ok' | 'FAIL' | 'skipped';
  /** In one line. */
  readonly what: string;
  /** What the command that failed has printed. */
  readonly output?: string;
};

type Step = {
  readonly name: string;
  readonly folder: string;
  readonly command: readonly string[];
  /** Stands in what it prints. */
  readonly prints: RegExp;
};

/** Tries lines of Node.js (`24`) or versions (`22.12.0`), side by side: a network waits for L1's seconds most of the time. */
export async function smoke(lines: readonly string[], say: (result: SmokeResult) => void): Promise<void> {
  const packer = createStranger(CACHE);
  try {
    const packed = await packer.run(['node', 'scripts/pack.mjs', packer.home], ROOT);
    const tarball = readdirSync(packer.home).find((name) => name.endsWith('.tgz'));
    if (packed.code !== 0 || tarball === undefined)
      return say({ status: 'FAIL', what: 'the package could not be packed', output: shown(packed) });
    await Promise.all(lines.map((line) => smokeLine(line, join(packer.home, tarball), say)));
  } finally {
    await packer.remove();
  }
}

/** In a copy of this clone and in an empty folder. Each step needs those before it: the first that fails is the last. */
async function smokeLine(line: string, tarball: string, say: (result: SmokeResult) => void): Promise<void> {
  const stranger = createStranger(CACHE);
  try {
    const node = await useNode(stranger, line);
    if ('missing' in node) return say({ status: 'skipped', what: `Node.js ${line}: ${node.missing}` });
    const clone = join(stranger.home, 'a clone');
    cpSync(ROOT, clone, { recursive: true, filter: (path) => !NOT_CLONED.test(relative(ROOT, path)) });
    for (const file of ['workflow.ts', 'words.jsonl'])
      cpSync(join(ROOT, 'examples/first', file), join(stranger.project, file));
    for (const step of stepsOf(clone, stranger.project, tarball)) {
      const start = Date.now();
      const ended = await stranger.run(step.command, step.folder);
      const problem = problemOf(step, ended);
      const what = `${node.versions}: ${step.name}`;
      if (problem !== undefined) {
        const command = step.command.join(' ');
        const rest = 'What comes after it was not tried.';
        return say({ status: 'FAIL', what: `${what}: '${command}' ${problem}. ${rest}`, output: shown(ended) });
      }
      say({ status: 'ok', what: `${what} (${Math.round((Date.now() - start) / 1000)} s)` });
    }
  } finally {
    await stranger.remove();
  }
}

function stepsOf(clone: string, project: string, tarball: string): Step[] {
  const begun = join(project, 'My Workflow');
  return [
    {
      name: 'a workflow in this clone, which another Node.js has installed',
      folder: ROOT,
      command: ['node', 'bin/mizu.mjs', 'dev', 'examples/first/workflow.ts', '--input', 'examples/first/words.jsonl'],
      prints: /result {2}train \d+ /,
    },
    {
      name: 'install in a fresh clone',
      folder: clone,
      command: ['node', 'scripts/install.mjs'],
      prints: /added \d+ packages/,
    },
    {
      name: 'demo: a network, a dataset, and its verification from L1 and DA',
      folder: clone,
      command: ['npm', 'run', 'demo', '--', '--every', '200'],
      prints: /confirmed on L1\n[\s\S]*All of it took /,
    },
    {
      name: 'the package, installed in an empty folder',
      folder: project,
      command: ['npm', 'install', tarball],
      prints: /added \d+ packages/,
    },
    {
      name: 'mizu dev of the package',
      folder: project,
      command: ['npx', 'mizu', 'dev', 'workflow.ts', '--input', 'words.jsonl'],
      prints: /result {2}train \d+ /,
    },
    {
      name: 'mizu init',
      folder: project,
      command: ['npx', 'mizu', 'init', 'My Workflow'],
      prints: /npm install/,
    },
    {
      name: 'npm install in the folder that mizu init made',
      folder: begun,
      command: ['npm', 'install'],
      prints: /added \d+ packages/,
    },
    { name: 'npm test there', folder: begun, command: ['npm', 'test'], prints: /Tests {2}\d+ passed/ },
    { name: 'npm run types there', folder: begun, command: ['npm', 'run', 'types'], prints: /tsc --noEmit/ },
    { name: 'npm run dev there', folder: begun, command: ['npm', 'run', 'dev'], prints: /result {2}train \d/ },
  ];
}

/** After the command's name; undefined if it did what it should. */
function problemOf({ prints }: Step, { code, stdout, stderr }: Ended): string | undefined {
  if (code !== 0) return `ended with ${code ?? 'a signal'}`;
  if (!prints.test(stdout)) return `printed nothing that fits ${prints}`;
  // A version that will take something away says so this way.
  const warning = /^\(node:\d+\).*$/m.exec(`${stdout}\n${stderr}`);
  return warning === null ? undefined : `printed a warning of Node.js: ${warning[0]}`;
}

function shown({ stdout, stderr }: Ended): string {
  return `${stdout}\n${stderr}`.trimEnd().split('\n').slice(-MAX_SHOWN_LINES).join('\n');
}
