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
  /** Why the case may be above the goal, if it is. */
  readonly reason: string;
};

/** Whether a case of this name is to be measured. */
type Wanted = (name: string) => boolean;

/** Each part of the network measures its own worst cases. */
const SECTIONS: Readonly<Record<string, (wanted: Wanted) => WorstCase[] | Promise<WorstCase[]>>> = {
  instructions: worstInstructions,
  loading: worstLoading,
  messages: worstMessages,
};
/**
 * A case that seems to be above the goal is measured again so often, after all the rest: a shared machine has slow
 * seconds.
 */
const MORE_PASSES = 3;

/**
 * The most expensive case first. A row above the goal without a reason sets the exit code. With `only`, instructions
 * are measured whose case has it in its name.
 */
export async function benchWorst(only?: string): Promise<WorstRow[]> {
  const sections = only === undefined ? Object.keys(SECTIONS) : ['instructions'];
  const rows = new Map<string, WorstRow>();
  for (const section of sections)
    for (const row of await SECTIONS[section]!((name) => only === undefined || name.includes(only)))
      rows.set(`${section} ${row.name}`, { ...row, section, reason: reasonOf(section, row.name) });
  const unpriced = (): WorstRow[] => [...rows.values()].filter((row) => dearest(row) > GOAL_NS && row.reason === '');
  for (let pass = 0; pass < MORE_PASSES && unpriced().length > 0; pass++) {
    const names = unpriced().map(({ section, name }) => `${section} ${name}`);
    for (const section of sections.filter((one) => names.some((name) => name.startsWith(`${one} `))))
      for (const again of await SECTIONS[section]!((name) => names.includes(`${section} ${name}`))) {
        const key = `${section} ${again.name}`;
        if (names.includes(key)) rows.set(key, least(rows.get(key)!, again));
      }
  }
  for (const row of unpriced())
    console.error(`${row.name} buys ${dearest(row).toFixed(0)} ns a gas, above ${GOAL_NS}, and no reason is written`);
  if (unpriced().length > 0) process.exitCode = 1;
  return [...rows.values()].sort((a, b) => dearest(b) - dearest(a));
}

function dearest({ native = 0, step = 0 }: WorstRow): number {
  return Math.max(native, step);
}

/** The least of two measurements: other work on the machine only adds to them. */
function least(row: WorstRow, { native, step }: WorstCase): WorstRow {
  const lesser = (a: number | undefined, b: number | undefined) => (a === undefined ? a : Math.min(a, b ?? a));
  return { ...row, native: lesser(row.native, native), step: lesser(row.step, step) };
}
