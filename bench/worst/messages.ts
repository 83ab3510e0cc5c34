// docs/kernel.md#cost: the kernel's work for a message, for each gas that is paid for it.
import { nativeEngine } from '../../test/kernel/engine.fixture.ts';
import { measureMessages } from '../../test/kernel/worst.fixture.ts';

export type MessageCase = {
  readonly name: string;
  readonly instructions: number;
  readonly gas: number;
  /** Instructions of the kernel; absent if the message is refused without anyone paying. */
  readonly instructionsPerGas?: number;
  /** Nanoseconds of processor time a gas, natively, with the signatures. */
  readonly native?: number;
};

/** Measures all messages, whichever are wanted: each follows from another. */
export async function worstMessages(): Promise<MessageCase[]> {
  // The first pass is not measured: it compiles the code.
  await measureMessages(nativeEngine);
  const rows = await measureMessages(nativeEngine);
  return rows.map(({ name, instructions, gas, ns }) => ({
    name,
    instructions,
    gas,
    ...(gas === 0 ? {} : { instructionsPerGas: instructions / gas, native: ns / gas }),
  }));
}
