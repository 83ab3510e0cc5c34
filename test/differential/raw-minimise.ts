// docs/vm.md#checks: the smallest program that still shows what a raw program showed, and its listing.
import { IMMEDIATE_BIT, INSTRUCTION_BYTES, instructionOf, OP } from '../../protocol/isa.ts';
import type { ProgramHeader } from '../../protocol/program.ts';
import type { Program } from '../../vm/program.ts';
import { withGlobals, withParts } from './nearly.ts';
import { type Fields, readFields, writeFields } from './raw-code.ts';
import type { RawSubject } from './raw-subject.ts';

type Shown = Pick<RawSubject, 'program' | 'request'>;

/** Each is a run in all engines: a minute or two. */
const ATTEMPTS = 500;
const NONE = new Uint8Array(0);

/** `shows`: whether a smaller one still does. Tries each simplification again as long as any of them helps. */
export async function minimise<T extends Shown>(subject: T, shows: (smaller: T) => Promise<boolean>): Promise<T> {
  let best = subject;
  let attempts = 0;
  for (let helped = true; helped && attempts < ATTEMPTS; ) {
    helped = false;
    for (const smaller of simplifications(() => best)) {
      if (++attempts > ATTEMPTS) break;
      if (!(await shows(smaller))) continue;
      best = smaller;
      helped = true;
    }
  }
  return best;
}

/** Each of what is the best one when it is asked for. */
function* simplifications<T extends Shown>(best: () => T): Generator<T> {
  const withRequest = (change: Partial<Shown['request']>): T => ({
    ...best(),
    request: { ...best().request, ...change },
  });
  const withCode = (code: Uint8Array): T => ({ ...best(), program: withParts(best().program, { code }) });
  const countOf = (): number => best().program.code.length / INSTRUCTION_BYTES;
  for (let part = best().request.gasLimit / 2n; part > 0n; part /= 2n)
    yield withRequest({ gasLimit: best().request.gasLimit - part });
  for (let part = countOf() >> 1; part > 0; part >>= 1)
    if (countOf() > part) yield withCode(best().program.code.slice(0, (countOf() - part) * INSTRUCTION_BYTES));
  if (best().request.inputs.length > 0) yield withRequest({ inputs: [] });
  for (const part of ['memory', 'data'] as const)
    if (best().program[part].length > 0) yield { ...best(), program: withParts(best().program, { [part]: NONE }) };
  const { globals } = best().program.header;
  for (const fewer of [0, globals >> 1, globals - 1])
    if (fewer >= 0 && fewer < best().program.header.globals)
      yield { ...best(), program: withGlobals(best().program, fewer) };
  if (best().program.slots.some((byte) => byte !== 0))
    yield { ...best(), program: withParts(best().program, { slots: new Uint8Array(best().program.slots.length) }) };
  for (const name of ['pagesInitial', 'pagesMax'] as const)
    for (const value of [0, best().program.header[name] - 1]) {
      const { header, memory } = best().program;
      if (value < 0 || value >= header[name]) continue;
      const changed: ProgramHeader = { ...header, [name]: value };
      if (changed.pagesInitial > changed.pagesMax || (name === 'pagesInitial' && memory.length > 0)) continue;
      yield { ...best(), program: withParts({ ...best().program, header: changed }, {}) };
    }
  for (let index = countOf() - 1; index >= 0; index--) {
    if (index >= countOf()) continue;
    const fields = (): Fields => readFields(best().program.code, index);
    const replace = (put: Fields): T => {
      const code = best().program.code.slice();
      writeFields(code, index, put);
      return withCode(code);
    };
    const next = { op: OP.jump, a: 0, b: 0, c: 0, imm: BigInt(index + 1) };
    if (fields().op !== OP.jump) yield replace(next);
    for (const name of ['a', 'b', 'c'] as const) if (fields()[name] !== 0) yield replace({ ...fields(), [name]: 0 });
    if (fields().imm !== 0n) yield replace({ ...fields(), imm: 0n });
  }
}

/** Header, request and instructions, as a test needs them. */
export function describeSubject({ program, request }: Shown): string {
  const { globals, pagesInitial, pagesMax } = program.header;
  const hex = (bytes: Uint8Array): string =>
    bytes.length > 64 ? `${bytes.length} bytes` : Buffer.from(bytes).toString('hex') || 'none';
  return [
    `  globals ${globals}, pages ${pagesInitial} of ${pagesMax}, gas limit ${request.gasLimit}, inputs of ${request.inputs.map(({ length }) => length).join(', ') || 'none'} bytes`,
    `  memory ${hex(program.memory)}, slots ${hex(program.slots)}, data ${hex(program.data)}`,
    ...listing(program),
  ].join('\n');
}

function listing({ code }: Program): string[] {
  return Array.from({ length: code.length / INSTRUCTION_BYTES }, (_, index) => {
    const { op, a, b, c, imm } = readFields(code, index);
    const name = instructionOf(op & ~IMMEDIATE_BIT)?.name ?? 'undefined';
    return `  ${index}: 0x${op.toString(16)} ${name}${op & IMMEDIATE_BIT ? ' (immediate)' : ''} ${a} ${b} ${c} 0x${imm.toString(16)}`;
  });
}
