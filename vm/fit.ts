// docs/vm.md#fit: which programs are possible: an engine runs exactly those that Deploy accepts
// (kernel/assembly/programs.ts).
import { MAX_CODE_BYTES, MAX_DATA_BYTES } from '../protocol/constants.ts';
import { MizuError } from '../protocol/errors.ts';
import { INSTRUCTION_BYTES, MEMORY_PAGES_MAX, SLOT_COUNT } from '../protocol/isa.ts';
import { PROGRAM_VERSION } from '../protocol/program.ts';
import { PAGE_BYTES, type Program, SLOT_BYTES } from './program.ts';

/**
 * Does not look at the roots: who has read the parts has checked them.
 * @throws MizuError `vm/unfit-program` naming the part
 */
export function requireFit({ header, code, memory, slots, data }: Program): void {
  const { version, pagesInitial, pagesMax, entry, globals } = header;
  if (version !== PROGRAM_VERSION) throw unfit('version', `${PROGRAM_VERSION}`, version);
  if (pagesMax > MEMORY_PAGES_MAX) throw unfit('pagesMax', `at most ${MEMORY_PAGES_MAX}`, pagesMax);
  if (pagesInitial > pagesMax) throw unfit('pagesInitial', `at most ${pagesMax}`, pagesInitial);
  if (entry !== 0) throw unfit('entry', '0', entry);
  if (globals >= SLOT_COUNT) throw unfit('globals', `below ${SLOT_COUNT}`, globals);
  if (code.length === 0 || code.length % INSTRUCTION_BYTES !== 0)
    throw unfit('code', `a multiple of ${INSTRUCTION_BYTES} bytes above 0`, code.length);
  if (BigInt(code.length) > MAX_CODE_BYTES) throw unfit('code', `at most ${MAX_CODE_BYTES} bytes`, code.length);
  if (slots.length !== globals * SLOT_BYTES)
    throw unfit('slots', `${SLOT_BYTES} bytes a global, ${globals * SLOT_BYTES}`, slots.length);
  if (memory.length > pagesInitial * PAGE_BYTES)
    throw unfit('memory', `at most ${pagesInitial * PAGE_BYTES} bytes`, memory.length);
  if (BigInt(data.length) > MAX_DATA_BYTES) throw unfit('data', `at most ${MAX_DATA_BYTES} bytes`, data.length);
}

function unfit(part: string, expected: string, actual: bigint | number): MizuError {
  return new MizuError({
    code: 'vm/unfit-program',
    message: `The program's ${part} does not fit: no network accepts it, and no engine runs it.`,
    expected,
    actual: String(actual),
    hint: 'Take the program as its module lowers to it.',
  });
}
