// docs/sdk.md#near: texts made by filling in a template, the dearest input of a near dedupe: all of them share bands, few are duplicates.
import { mix32 } from './hash.ts';

const THINGS = [
  'door',
  'engine',
  'left wing',
  'mooring line',
  'ticket gate',
  'water pump',
  'signal lamp',
  'rear hatch',
];
const FAULTS = [
  'does not open when it rains',
  'makes a grinding noise at low speed',
  'was replaced last week and failed again',
  'has been reported by three passengers',
  'cannot be reached from the bridge',
  'leaks a little oil over night',
];

/** Reports of inspections that differ in a few words and numbers. */
export function fillTemplates(count: number): { readonly text: string }[] {
  let state = 1;
  const draw = (below: number): number => {
    state = mix32(state + 0x9e3779b9);
    return state % below;
  };
  const pick = (list: readonly string[]): string => list[draw(list.length)]!;
  return Array.from({ length: count }, () => ({
    text: `To the harbour office: the ${pick(THINGS)} of ship ${draw(900)} ${pick(FAULTS)}. We saw it on day ${draw(365)} at berth ${draw(60)}, and the ${pick(THINGS)} ${pick(FAULTS)} as well. Please send somebody before the next departure, reference ${draw(1_000_000)}.`,
  }));
}
