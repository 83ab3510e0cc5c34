// docs/vm.md#program: refuses what is not a valid module of the DataVM's features before it is taken apart.
import { MizuError } from '../../protocol/errors.ts';
import { decodeModule } from '../decode/sections.ts';

/** @throws MizuError `vm/unsupported-feature`, `vm/malformed`, `vm/too-large` or `vm/invalid`, with the byte offset */
export async function assertValid(bytes: Uint8Array): Promise<void> {
  decodeModule(bytes);
  try {
    await WebAssembly.compile(bytes as Uint8Array<ArrayBuffer>);
  } catch (cause) {
    throw new MizuError({
      code: 'vm/invalid',
      message: 'The WebAssembly module is not valid.',
      expected: 'a module that passes WebAssembly validation',
      actual: cause instanceof Error ? cause.message : String(cause),
      hint: 'Build the module again with an up-to-date compiler.',
      cause,
    });
  }
}
