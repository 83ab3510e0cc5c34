// docs/vm.md#gas: the most nanoseconds that one gas buys, in the native engine and in the step machine.
import { worstInstructions } from './worst/instructions.ts';
import { worstLoading } from './worst/loading.ts';
import { worstMessages } from './worst/messages.ts';
import { GOAL_NS, reasonOf, type WorstCase } from './worst/row.ts';

export type WorstRow = {
  readonly section: string;
  readonly name: string;
  /** Nanoseconds of processor time a gas; absent if the engine cannot run the case. */
  readonly native?: number | undefined;
  readonly step?: number | undefined;
  /** Why it may be above the goal, if it is. */
  readonly reason: string;
};

/** Each part of the network measures its own worst cases. */
const SECTIONS: Readonly<Record<string, () => WorstCase[] | Promise<WorstCase[]>>> = {
  instructions: worstInstructions,
  loading: worstLoading,
  messages: worstMessages,
};

/** Dearest first. Sets the exit code if a row is above the goal without a reason. `only`: instructions whose case has it in its name. */
export async function benchWorst(only?: string): Promise<WorstRow[]> {
  const rows: WorstRow[] = [];
  const sections = only === undefined ? SECTIONS : { instructions: () => worstInstructions(only) };
  for (const [section, measure] of Object.entries(sections))
    for (const row of await measure())
      rows.push({ section, name: row.name, native: row.native, step: row.step, reason: reasonOf(section, row.name) });
  rows.sort((a, b) => dearest(b) - dearest(a));
  const unpriced = rows.filter((row) => dearest(row) > GOAL_NS && row.reason === '');
  for (const row of unpriced)
    console.error(`${row.name} buys ${dearest(row).toFixed(0)} ns a gas, above ${GOAL_NS}, and no reason is written`);
  if (unpriced.length > 0) process.exitCode = 1;
  return rows;
}

function dearest({ native = 0, step = 0 }: WorstRow): number {
  return Math.max(native, step);
}
