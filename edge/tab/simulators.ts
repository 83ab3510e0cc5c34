// docs/edge.md#tab: runs the simulators of workflows in a Web Worker, so that the page and its connection stay alive.
import type { BackendSet } from '../backends/backend.ts';
import { createSimulateBackend, type RunSimulation } from '../backends/simulate.ts';
import type { SimulationJob } from '../backends/simulate-thread.ts';
import type { Simulated } from '../backends/simulation.ts';
import type { GetSimulator } from '../worker/programs.ts';

type Waiting = {
  readonly job: SimulationJob;
  readonly resolve: (done: Simulated) => void;
  readonly reject: (reason: unknown) => void;
  readonly signal: AbortSignal;
};

/** One after the other, in a thread that starts with the first. There are no more of them than the worker has rows. */
export function createTabSimulators(script: string, getSimulator: GetSimulator): BackendSet {
  const queue: Waiting[] = [];
  let thread: Worker | undefined;
  let running: Waiting | undefined;

  const end = (settle: (done: Waiting) => void) => {
    const done = running;
    running = undefined;
    if (done !== undefined) settle(done);
    runNext();
  };

  const stopThread = () => {
    thread?.terminate();
    thread = undefined;
  };

  const openThread = (): Worker => {
    const opened = new Worker(script, { type: 'module' });
    // What a thread has said before it was ended may come later, and is of no row that runs now.
    opened.addEventListener('message', ({ data }: MessageEvent<Simulated>) => {
      if (opened === thread) end(({ resolve }) => resolve(data));
    });
    opened.addEventListener('error', (event) => {
      event.preventDefault();
      if (opened !== thread) return;
      stopThread();
      end(({ reject }) => reject(new Error(`the thread of the simulators has failed: ${event.message}`)));
    });
    return opened;
  };

  const runNext = () => {
    if (running !== undefined) return;
    running = queue.shift();
    if (running === undefined) return;
    thread ??= openThread();
    thread.postMessage(running.job);
  };

  const giveUp = (waiting: Waiting) => {
    const at = queue.indexOf(waiting);
    if (running === waiting) {
      // Nothing else ends a program that runs.
      stopThread();
      running = undefined;
    } else if (at >= 0) queue.splice(at, 1);
    else return;
    waiting.reject(waiting.signal.reason);
    runNext();
  };

  const run: RunSimulation = async (ref, simulation, signal) => {
    const core = await getSimulator(ref, signal);
    return new Promise<Simulated>((resolve, reject) => {
      const waiting = { job: { ...simulation, root: ref.root, core }, resolve, reject, signal };
      signal.addEventListener('abort', () => giveUp(waiting), { once: true });
      queue.push(waiting);
      runNext();
    });
  };

  return { backends: [createSimulateBackend(run)], close: async () => stopThread() };
}
