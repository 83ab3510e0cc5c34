// docs/machine.md#proof: what the proof of one instruction is made from.
import type { Instruction } from '../../protocol/isa.ts';
import type { Program } from '../program.ts';
import type { Fetched } from './fetch.ts';
import type { Stop } from './host.ts';
import type { Machine } from './machine.ts';
import type { Witness, WrittenLeaf } from './witness.ts';

/** What the instruction does, tried on the machine itself. */
export type ProvenOutcome = {
  readonly stop: Stop | undefined;
  /** The first leaf that a store wrote. */
  readonly memory: WrittenLeaf;
};

export type ProvenInstruction = Fetched & {
  readonly instruction: Instruction;
  readonly machine: Machine;
  readonly witness: Witness;
  readonly outcome: ProvenOutcome;
  readonly faults: boolean;
  /** Program of an exec request. */
  readonly programOf: (request: Uint8Array) => Program;
};
