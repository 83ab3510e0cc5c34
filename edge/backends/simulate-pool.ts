// docs/edge.md#simulations: runs simulators on threads of a worker.
import { Piscina } from 'piscina';
import { LOADER_ARGUMENTS } from '../../service/process/loader.ts';
import type { GetSimulator } from '../worker/programs.ts';
import type { BackendSet } from './backend.ts';
import { createSimulateBackend, type RunSimulation } from './simulate.ts';
import type { runOnThread, SimulationJob } from './simulate-thread.ts';

const THREAD = new URL('./simulate-thread.ts', import.meta.url);
const MAX_WAITING = 10_000;

/** On threads, which start with the first request. */
export function createSimulateBackends(threads: number, getSimulator: GetSimulator): BackendSet {
  const pool = new Piscina<SimulationJob, ReturnType<typeof runOnThread>>({
    filename: THREAD.href,
    name: 'runOnThread',
    execArgv: LOADER_ARGUMENTS,
    minThreads: 0,
    maxThreads: threads,
    idleTimeout: 60_000,
    maxQueue: MAX_WAITING,
  });
  const run: RunSimulation = async (ref, simulation, signal) => {
    const core = await getSimulator(ref, signal);
    return pool.run({ ...simulation, root: ref.root, core }, { signal });
  };
  return { backends: [createSimulateBackend(run)], close: () => pool.destroy() };
}
