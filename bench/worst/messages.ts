// docs/kernel.md#cost: what the kernel does for a message, by what is paid for it.
import { nativeEngine } from '../../test/kernel/engine.fixture.ts';
import { measureMessages } from '../../test/kernel/worst.fixture.ts';

export type MessageCase = {
  readonly name: string;
  readonly instructions: number;
  readonly gas: number;
  /** Of the kernel; absent if the message is refused for nobody's money. */
  readonly instructionsPerGas?: number;
  /** Nanoseconds of processor time a gas, natively, with the signatures. */
  readonly native?: number;
};

/** All of them, whichever are wanted: one follows from another. */
export async function worstMessages(): Promise<MessageCase[]> {
  // Once before, so that what is measured is compiled.
  await measureMessages(nativeEngine);
  const rows = await measureMessages(nativeEngine);
  return rows.map(({ name, instructions, gas, ns }) => ({
    name,
    instructions,
    gas,
    ...(gas === 0 ? {} : { instructionsPerGas: instructions / gas, native: ns / gas }),
  }));
}
