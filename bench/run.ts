// CONTRIBUTING.md: the measurements behind the figures in docs. `npm run bench [-- native images dot models step hash loading messages ahead gas llama near recall dispute answers cheat path attacks idle inference workers worst [--only TEXT] | path [--every N | --against COMMIT]]`; results are committed in bench/results.
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { benchAhead } from './ahead.ts';
import { benchAttacks } from './attacks.ts';
import { benchCheat } from './cheat.ts';
import { benchAnswers, benchDispute } from './dispute.ts';
import { benchDirect, benchInference } from './edge/inference.ts';
import { benchGas } from './gas.ts';
import { benchHash } from './hash.ts';
import { benchIdle } from './idle.ts';
import { benchLlama } from './llama.ts';
import { benchModels } from './models.ts';
import { benchNear, missedGoal } from './near.ts';
import { benchPath } from './path.ts';
import { benchPathAgainst } from './path-against.ts';
import { benchRecall, missedRecall } from './recall.ts';
import { benchStep } from './step.ts';
import { benchDot } from './vm/dot.ts';
import { benchImages } from './vm/images.ts';
import { benchNative } from './vm/native.ts';
import { worstLoading } from './worst/loading.ts';
import { worstMessages } from './worst/messages.ts';
import { benchWorst } from './worst.ts';

const { positionals, values: options } = parseArgs({
  allowPositionals: true,
  options: { only: { type: 'string' }, every: { type: 'string' }, against: { type: 'string' } },
});
const folder = fileURLToPath(new URL('./results/', import.meta.url));

const SECTIONS = {
  native: {
    title: 'Native engine: the same module rewritten and not, in one process (goal: ratio <= 1.3)',
    run: benchNative,
  },
  images: {
    title: 'Programs with a large image: milliseconds of processor time of a task, in new instances and in a kept one',
    run: async () => benchImages(),
  },
  dot: {
    title: 'Products of bytes: 10^9 a second of processor time, and gas of each (goals: V8 / native <= 2, gas <= 0.05)',
    run: benchDot,
  },
  models: {
    title: 'Provable models that embed: gas and milliseconds of processor time of a text, natively (no goal)',
    run: benchModels,
  },
  step: {
    title:
      'Step machine in one thread: millions of steps/s of processor time (goal: 150 on JavaScript), milliseconds a hash and a proof',
    run: benchStep,
  },
  hash: {
    title: 'Hashing of objects in one thread: millions of bytes a second (goal: 250 of a tree)',
    run: benchHash,
  },
  loading: {
    title: 'Loading of programs and inputs: nanoseconds of processor time a gas in either engine (goal: 20)',
    run: worstLoading,
  },
  messages: {
    title:
      'The dearest message of each kind: kernel instructions and nanoseconds of processor time a gas (goal: 1 and 20)',
    run: worstMessages,
  },
  ahead: {
    title: 'Runs whose first task fails at once: seconds of processor time for each million gas paid (goal: 0.02)',
    run: benchAhead,
  },
  dispute: {
    title: 'A whole dispute about a step of more than 10^9 instructions: validator and liar, two processes, anvil',
    run: benchDispute,
  },
  answers: {
    title: 'A whole dispute about answers of a provable model that take all the gas of a task',
    run: benchAnswers,
  },
  cheat: {
    title: 'A devnet on which an executor lies about one answer of a provable model: transactions, gas and seconds',
    run: benchCheat,
  },
  gas: {
    title: "L1 gas of one-step proofs, each proven in the verifier's bytecode (goal: 110,000 to 160,000 a transaction)",
    run: benchGas,
  },
  llama: {
    title: 'Models of llama’s architecture with random weights: gas and speed of a token in each kernel, and llama.cpp',
    run: benchLlama,
  },
  near: {
    title:
      'Steps over the whole dataset: gas a row by the number of rows (goal: a near dedupe at most 1.5 times that of 1,000 rows)',
    run: async () => tell(await benchNear(), missedGoal),
  },
  recall: {
    title: 'Near duplicates in many scripts against the exact similarities of all pairs (goal: recall >= 0.99)',
    run: async () => tell(await benchRecall(), missedRecall),
  },
  path: {
    title:
      'Whole path on a devnet of this machine: rows/s, the CPU seconds of each process, and of each part of the way',
    run: () => benchPath(Number(options.every ?? 1)),
  },
  attacks: {
    title:
      'An honest run on a devnet under each attack: whether it ends, its slowdown, memory of each process (goal: 4 GiB at most)',
    run: benchAttacks,
  },
  idle: {
    title: 'A devnet at rest: percent of a core and memory of each process (goals: 5 % of a core, 1,200 MiB together)',
    run: benchIdle,
  },
  inference: {
    title:
      'Inference path against a mock endpoint (goals: <= 250 us/record at 0 ms, >= 0.95 of ideal at 50 ms, 64k/1k <= 1.2)',
    run: runInference,
  },
  workers: {
    title: 'Results/s through gateway and signature with 1, 8 and 64 workers, against calls of the backend alone',
    run: runWorkers,
  },
  worst: {
    title: 'The most nanoseconds of processor time that one gas buys, in the native engine and stepped (goal: <= 20)',
    run: () => benchWorst(options.only),
  },
} as const;

const AGAINST =
  'Whole path of another commit and of this one, one after the other: rows/s, seconds, CPU seconds, ratios';

type Section = keyof typeof SECTIONS;

async function runInference(): Promise<object[]> {
  const rows: object[] = [];
  for (const latencyMs of [0, 50])
    for (const n of [1_000, 8_000, 64_000]) rows.push(await benchInference({ latencyMs, n }));
  rows.push(await benchInference({ latencyMs: 50, n: 8_000, crash: true }));
  return rows;
}

/** In one run, so that the ratios hold on any machine. */
async function runWorkers(): Promise<object[]> {
  const rows: object[] = [];
  for (const latencyMs of [0, 20]) {
    const size = { latencyMs, n: 16_000 };
    const direct = await benchDirect(size);
    const alone = direct.records / direct.seconds;
    rows.push({ latencyMs, by: 'the backend alone', resultsPerSecond: alone, ofAlone: 1 });
    for (const workers of [1, 8, 64]) {
      const { records, seconds, cpuMicrosecondsPerRecord } = await benchInference({ ...size, workers });
      const resultsPerSecond = records / seconds;
      const ofAlone = resultsPerSecond / alone;
      rows.push({ latencyMs, by: `${workers} workers`, resultsPerSecond, ofAlone, cpuMicrosecondsPerRecord });
    }
  }
  return rows;
}

/** Prints how a goal is missed, and sets the exit code. */
function tell<T>(rows: readonly T[], missed: (rows: readonly T[]) => string | null): readonly T[] {
  const reason = missed(rows);
  if (reason !== null) {
    console.error(reason);
    process.exitCode = 1;
  }
  return rows;
}

const asked = positionals as Section[];
const unknown = asked.find((name) => !(name in SECTIONS));
if (unknown !== undefined) {
  console.error(`There is no section "${unknown}": choose from ${Object.keys(SECTIONS).join(', ')}.`);
  process.exit(1);
}
if (options.only !== undefined && asked.join() !== 'worst') {
  console.error('--only TEXT chooses cases of one section: npm run bench -- worst --only TEXT.');
  process.exit(1);
}
if ((options.every !== undefined || options.against !== undefined) && asked.join() !== 'path') {
  console.error(
    '--every N takes each N-th row of one section, --against COMMIT holds it against another commit: path.',
  );
  process.exit(1);
}
if (options.every !== undefined && !/^[1-9]\d{0,4}$/.test(options.every)) {
  console.error(`--every ${options.every}: expected a whole number from 1 to 99,999.`);
  process.exit(1);
}
mkdirSync(folder, { recursive: true });
for (const name of asked.length > 0 ? asked : (Object.keys(SECTIONS) as Section[])) {
  const { against } = options;
  const { title, run } =
    against === undefined ? SECTIONS[name] : { title: AGAINST, run: () => benchPathAgainst(against) };
  console.log(`\n${title}`);
  const loadBefore = loadavg()[0];
  const rows = (await run()) as object[];
  console.table(rows.map(flatten));
  // A part is only shown: the file holds the whole.
  if (options.only !== undefined || options.every !== undefined) continue;
  const result = { title, date: new Date().toISOString(), machine: describeMachine(), loadBefore, rows };
  const text = JSON.stringify(result, (_key, value) => (typeof value === 'bigint' ? String(value) : value), 2);
  writeFileSync(`${folder}${name}${against === undefined ? '' : '-against'}.json`, `${text}\n`);
}

function flatten(row: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(row).map(([key, value]) => [
      key,
      typeof value === 'number' ? Number(value.toPrecision(4)) : String(value),
    ]),
  );
}

function describeMachine() {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${release()}`,
    node: process.version,
  };
}
