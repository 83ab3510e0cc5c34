// Rows through the whole path: a devnet on this machine, the glosses workflow, and where the CPU time went.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { extractGlosses } from '../examples/gloss-domains/extract.ts';
import { createOutput } from '../sdk/cli/output.ts';
import { prepareWorkflow } from '../sdk/cli/prepare.ts';
import { runWorkflow } from '../sdk/cli/run.ts';
import { waitForConfirmation } from '../sdk/client/confirm.ts';
import { connectNetwork } from '../sdk/client/network.ts';
import { fromPrivateKey } from '../sdk/client/signer.ts';
import { readRun } from '../sdk/client/watch.ts';
import { startDevnet } from '../sdk/devnet/devnet.ts';

const WORKFLOW = fileURLToPath(new URL('../examples/gloss-domains/workflow.ts', import.meta.url));
const CONFIRM_SECONDS = 300;
const TICKS_PER_SECOND = 100;

/** One row for the whole, one for each process. */
export async function benchPath(): Promise<object[]> {
  const folder = mkdtempSync(join(tmpdir(), 'mizu-bench-'));
  const [devnet, { input, rows }] = await Promise.all([startDevnet({ folder }), extractGlosses(folder)]);
  const signer = fromPrivateKey(devnet.developer.privateKey);
  const network = await connectNetwork({ rpcUrl: devnet.rpcUrl, l1RpcUrl: devnet.l1Url, trust: devnet.trust, signer });
  try {
    const workflow = await prepareWorkflow(WORKFLOW);
    const before = cpuByProcess(devnet.processes());
    const began = performance.now();
    const flags = { input: [{ value: input }], output: join(folder, 'dataset'), hours: 1 };
    const { code, run } = await runWorkflow(network, workflow, flags, createOutput(true, process.stderr));
    if (code !== 0 || run === undefined) throw new Error(`the run ended with code ${code}`);
    const datasetSeconds = (performance.now() - began) / 1000;
    const { batches } = await waitForConfirmation(network, run, CONFIRM_SECONDS);
    const confirmedSeconds = (performance.now() - began) / 1000;
    const { startedAt, endedAt, stages } = await readRun(network, run);
    const l1Gas = batches.reduce((sum, batch) => sum + batch.gasUsed, 0);
    const gas = stages.reduce((sum, stage) => sum + Number(stage.gasUsed), 0);
    const whole = {
      part: 'whole path',
      rows,
      rowsPerSecond: rows / datasetSeconds,
      rowsPerSecondOnNetwork: endedAt === null ? null : rows / (endedAt - startedAt),
      datasetSeconds,
      confirmedSeconds,
      gasPerRow: gas / rows,
      l1GasPerRow: l1Gas / rows,
      l1GasPerBatch: l1Gas / batches.length,
      batches: batches.length,
    };
    const after = cpuByProcess(devnet.processes());
    const spent = [...after].map(([part, seconds]) => ({ part, cpuSeconds: seconds - (before.get(part) ?? 0) }));
    const total = spent.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0);
    return [whole, ...spent.map((row) => ({ ...row, share: row.cpuSeconds / total }))];
  } finally {
    await network.close();
    await devnet.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** User and system seconds of each process, from Linux's /proc; empty elsewhere. */
function cpuByProcess(processes: readonly { name: string; pid: number | undefined }[]): Map<string, number> {
  const seconds = new Map<string, number>();
  if (process.platform !== 'linux') return seconds;
  for (const { name, pid } of processes) {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    seconds.set(name, (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND);
  }
  return seconds;
}
