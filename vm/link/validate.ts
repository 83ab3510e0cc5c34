// docs/vm.md#program: refuses what is not a valid WebAssembly module before it is taken apart.
import { MizuError } from '../../protocol/errors.ts';

/** @throws MizuError `vm/malformed-module` with the engine's own message, which names the byte offset. */
export async function assertValid(bytes: Uint8Array): Promise<void> {
  try {
    await WebAssembly.compile(bytes as Uint8Array<ArrayBuffer>);
  } catch (cause) {
    throw new MizuError({
      code: 'vm/malformed-module',
      message: 'The bytes are not a valid WebAssembly module.',
      expected: 'a WebAssembly module (00 61 73 6d 01 00 00 00 …)',
      actual: cause instanceof Error ? cause.message.replace(/^WebAssembly\.\w+\(\):\s*/, '') : String(cause),
      hint: 'Build the module again, or pass the .wasm file itself (not .wat text, not an archive).',
      cause,
    });
  }
}
