// docs/edge.md#simulations: one thread of the pool that runs simulators; it keeps the programs that it ran last.
import { MizuError } from '../../protocol/errors.ts';
import type { Hex } from '../../protocol/hex.ts';
import { loadSimulator, type Simulated, type SimulationOf, type Simulator } from './simulation.ts';

/** `core` is shared memory: it is not copied for each row. */
export type SimulationJob = SimulationOf & { readonly root: Hex; readonly core: Uint8Array };

const KEPT = 8;
const kept = new Map<Hex, Simulator>();

export function runOnThread({ root, core, ...simulation }: SimulationJob): Simulated {
  const simulator = kept.get(root) ?? tryToLoad(core.slice());
  if ('kind' in simulator) return simulator;
  // The last used is the last in the order.
  kept.delete(root);
  kept.set(root, simulator);
  if (kept.size > KEPT) kept.delete(kept.keys().next().value!);
  return simulator.run(simulation);
}

// Any program of the network may name any object of DA. What is no program of the DataVM is none for everyone.
function tryToLoad(core: Uint8Array): Simulator | Simulated {
  try {
    return loadSimulator(core);
  } catch (error) {
    if (!(error instanceof MizuError)) throw error;
    if (error.code === 'edge/no-simulator') return { kind: 'unfinished', reason: error.actual ?? error.message };
    return { kind: 'fault', reason: `it is no program of the DataVM: ${error.code}`, gasUsed: 0 };
  }
}
