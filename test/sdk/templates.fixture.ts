// docs/sdk.md#near: texts that are alike in different ways. Those made by filling in a template are the dearest input of a near dedupe: all of them share bands, few are duplicates.
import { mix32 } from '../../sdk/runtime/hash.ts';

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

const LONG_PREFIX =
  'Dear member of the harbour association, as every year in the last week of November we write to all who have a berth, a shed or a share in one of the cranes, so that nobody misses the meeting in the old customs house, where the accounts are read and the dates of the next season are agreed on. ';
const LETTERS = ['The crane moves', 'Your shed needs', 'The berth takes'];

/** Few letters with a long common beginning, of which only a number is their own. */
function fillLetters(count: number): { readonly text: string }[] {
  return Array.from({ length: count }, (_, i) => ({
    text: `${LONG_PREFIX}${LETTERS[i % LETTERS.length]!} ${mix32(i)} of ${mix32(i + 1)}.`,
  }));
}

export const TEXTS = {
  templates: fillTemplates,
  letters: fillLetters,
  same: (count: number) => fillTemplates(1).flatMap((row) => Array.from({ length: count }, () => row)),
  /** No two have a word in common. */
  different: (count: number) =>
    Array.from({ length: count }, (_, row) => ({
      text: Array.from({ length: 40 }, (_, word) => `w${(40 * row + word).toString(36)}`).join(' '),
    })),
} satisfies Readonly<Record<string, (count: number) => { readonly text: string }[]>>;
