// docs/edge.md#tab: the Web Worker that runs simulators: one message a run, one answer.
import { runOnThread, type SimulationJob } from '../backends/simulate-thread.ts';

addEventListener('message', ({ data }: MessageEvent<SimulationJob>) => postMessage(runOnThread(data)));
