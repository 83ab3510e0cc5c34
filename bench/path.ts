// docs/operations.md#path: rows on the whole path: a devnet on this machine runs the glosses workflow. It tells where
// the time went, and the processors' time.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Output } from '../cli/output.ts';
import { prepareWorkflow } from '../cli/prepare.ts';
import { runWorkflow } from '../cli/run.ts';
import { startDevnet } from '../devnet/devnet.ts';
import { extractGlosses } from '../examples/gloss-domains/extract.ts';
import { waitForAttestation, waitForConfirmation } from '../sdk/client/confirm.ts';
import { connectNetwork } from '../sdk/client/network.ts';
import { fromPrivateKey } from '../sdk/client/signer.ts';
import { type Progress, readRun } from '../sdk/client/watch.ts';

const WORKFLOW = fileURLToPath(new URL('../examples/gloss-domains/workflow.ts', import.meta.url));
const CONFIRM_SECONDS = 300;
const TICKS_PER_SECOND = 100;

/** `seconds` since the start, and the processor time of all processes until then. */
type Mark = { readonly what: string; readonly seconds: number; readonly cpu: Map<string, number> };

/**
 * One row for the whole, one for each process, and one for each part of the way. With `every` 10, each tenth row of the
 * input is taken.
 */
export async function benchPath(every = 1): Promise<object[]> {
  const folder = mkdtempSync(join(tmpdir(), 'mizu-bench-'));
  const [devnet, { input, rows }] = await Promise.all([startDevnet({ folder }), extractGlosses(folder, every)]);
  const signer = fromPrivateKey(devnet.developer.privateKey);
  const network = await connectNetwork({ rpcUrl: devnet.rpcUrl, l1RpcUrl: devnet.l1Url, trust: devnet.trust, signer });
  try {
    const workflow = await prepareWorkflow(WORKFLOW);
    const marks: Mark[] = [];
    const began = performance.now();
    const mark = (what: string) =>
      void marks.push({ what, seconds: (performance.now() - began) / 1000, cpu: cpuByProcess(devnet.processes()) });
    mark('start');
    const flags = { input: [{ value: input }], output: join(folder, 'dataset'), hours: 1 };
    const { code, run } = await runWorkflow(network, workflow, flags, createMarks(mark));
    if (code !== 0 || run === undefined) throw new Error(`the run ended with code ${code}`);
    const datasetSeconds = marks.at(-1)!.seconds;
    await waitForAttestation(network, run, CONFIRM_SECONDS);
    mark('attested');
    const attestedSeconds = marks.at(-1)!.seconds;
    const { batches } = await waitForConfirmation(network, run, CONFIRM_SECONDS);
    mark('confirmed on L1');
    const confirmedSeconds = marks.at(-1)!.seconds;
    const { startedAt, endedAt, stages } = await readRun(network, run);
    const l1Gas = batches.reduce((sum, batch) => sum + batch.gasUsed, 0);
    const gas = stages.reduce((sum, stage) => sum + Number(stage.gasUsed), 0);
    const whole = {
      part: 'whole path',
      rows,
      rowsPerSecond: rows / datasetSeconds,
      rowsPerSecondOnNetwork: endedAt === null ? null : rows / (endedAt - startedAt),
      datasetSeconds,
      attestedSeconds,
      confirmedSeconds,
      gasPerRow: gas / rows,
      l1GasPerRow: l1Gas / rows,
      l1GasPerBatch: l1Gas / batches.length,
      batches: batches.length,
    };
    const spent = [...spentBetween(marks[0]!, marks.at(-1)!)].map(([part, cpuSeconds]) => ({ part, cpuSeconds }));
    const total = spent.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0);
    return [whole, ...spent.map((row) => ({ ...row, share: row.cpuSeconds / total })), ...timeline(marks)];
  } finally {
    await network.close();
    await devnet.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Marks the events of `mizu run --json`, and of the stages each one that is the first to be done. */
function createMarks(mark: (what: string) => void): Output {
  const done = new Set<string>();
  return {
    json: true,
    say: () => {},
    data: (event) => {
      if (event.event !== 'progress') return mark(String(event.event));
      for (const { name, width, done: tasks } of (event as unknown as Progress).stages) {
        if (tasks < width || done.has(name)) continue;
        done.add(name);
        mark(`stage ${name}`);
      }
      if (event.status === 'done') mark('run done');
    },
  };
}

// The share of the machine's processors that each part of the way has used: the rest to 1 was waiting.
function timeline(marks: readonly Mark[]): object[] {
  const rows: object[] = [];
  for (const [i, { what, seconds }] of marks.entries()) {
    const before = marks[i - 1];
    if (before === undefined || seconds - before.seconds < 0.05) continue;
    const cpu = [...spentBetween(before, marks[i]!)].sort(([, a], [, b]) => b - a);
    const cpuSeconds = cpu.reduce((sum, [, spent]) => sum + spent, 0);
    rows.push({
      part: `until ${what}`,
      seconds: seconds - before.seconds,
      cpuSeconds,
      busy: cpuSeconds / (seconds - before.seconds) / availableParallelism(),
      most: cpu
        .slice(0, 3)
        .map(([part, spent]) => `${part} ${spent.toFixed(2)}`)
        .join(', '),
    });
  }
  return rows;
}

function spentBetween(from: Mark, to: Mark): Map<string, number> {
  return new Map([...to.cpu].map(([part, seconds]) => [part, seconds - (from.cpu.get(part) ?? 0)]));
}

/** User and system seconds of each process from Linux's /proc, and of this one; elsewhere of this one alone. */
function cpuByProcess(processes: readonly { name: string; pid: number | undefined }[]): Map<string, number> {
  const { user, system } = process.cpuUsage();
  const seconds = new Map([['client', (user + system) / 1e6]]);
  if (process.platform !== 'linux') return seconds;
  for (const { name, pid } of processes) {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    seconds.set(name, (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND);
  }
  return seconds;
}
