// docs/vm.md#program: refuses what is not a valid module of the DataVM's features before it is taken apart.
import { MizuError } from '../../protocol/errors.ts';
import { walkBody } from './instructions.ts';
import type { LinkModule } from './module.ts';
import { parseModule } from './parse.ts';

/** @throws MizuError `vm/unsupported-feature`, `vm/malformed` or `vm/invalid`, with the byte offset */
export async function parseValid(bytes: Uint8Array): Promise<LinkModule> {
  const module = parseModule(bytes);
  for (const { body } of module.functions) walkBody(body, body.byteOffset - bytes.byteOffset, () => undefined);
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
  return module;
}
