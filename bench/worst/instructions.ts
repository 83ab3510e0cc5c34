// docs/vm.md#gas: the worst cases of the instructions: operands, addresses and alignment that cost the engines most.
import { instructionCases } from './instruction-cases.ts';
import { measureModule, measureRaw } from './measure.ts';
import { memoryCases } from './memory-cases.ts';
import { rawCases } from './raw-cases.ts';
import type { WorstCase } from './row.ts';

export function worstInstructions(isWanted: (name: string) => boolean): WorstCase[] {
  const wanted = ({ name }: { readonly name: string }): boolean => isWanted(name);
  const modules = [...memoryCases(), ...instructionCases()].filter(wanted);
  return [...modules.map(measureModule), ...rawCases().filter(wanted).map(measureRaw)];
}
