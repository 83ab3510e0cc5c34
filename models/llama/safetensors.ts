// docs/models.md#safetensors: reads the head of a safetensors file: where its tensors lie.
// The format: https://huggingface.co/docs/safetensors
import { z } from 'zod';
import type { TensorEncoding } from './blocks.ts';
import { type StoredTensor, type TensorFile, tensorBytes } from './gguf.ts';
import { type ByteSource, badFile } from './source.ts';

const MAX_HEAD_BYTES = 1 << 27;
const LENGTH_BYTES = 8;
const ENCODINGS: ReadonlyMap<string, TensorEncoding> = new Map([
  ['F32', 'f32'],
  ['F16', 'f16'],
  ['BF16', 'bf16'],
]);
const integer = z.number().int().nonnegative();
const head = z.record(
  z.string(),
  z.object({
    dtype: z.string(),
    shape: z.array(integer).max(4),
    data_offsets: z.tuple([integer, integer]),
  }),
);

/** @throws MizuError `sdk/model-file` naming the tensor */
export function readSafetensors(source: ByteSource): TensorFile {
  const prefix = source.read(0, LENGTH_BYTES);
  const length = new DataView(prefix.buffer).getBigUint64(0, true);
  if (length > BigInt(MAX_HEAD_BYTES)) throw badFile(`a head of at most ${MAX_HEAD_BYTES} bytes`, `${length}`);
  const start = LENGTH_BYTES + Number(length);
  const tensors = new Map<string, StoredTensor>();
  for (const [name, { dtype, shape, data_offsets: offsets }] of Object.entries(
    parseHead(source.read(LENGTH_BYTES, Number(length))),
  )) {
    const encoding = ENCODINGS.get(dtype);
    if (encoding === undefined) throw badFile(`${name} as ${[...ENCODINGS.keys()].join(', ')}`, dtype);
    const [from, to] = offsets;
    const sizeBytes = tensorBytes(name, shape, encoding);
    if (to - from !== sizeBytes) throw badFile(`${name}: ${sizeBytes} bytes for its shape`, `${to - from}`);
    if (start + to > source.sizeBytes)
      throw badFile(`${name}: ${sizeBytes} bytes at ${start + from}`, `the file has ${source.sizeBytes} bytes`);
    tensors.set(name, { name, shape, encoding, offset: start + from, sizeBytes });
  }
  return { source, tensors };
}

function parseHead(bytes: Uint8Array): z.infer<typeof head> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw badFile('a head in JSON', (cause as Error).message, cause);
  }
  const { __metadata__: _, ...rest } = (value ?? {}) as Record<string, unknown>;
  const parsed = head.safeParse(rest);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw badFile('a head of tensors', `${issue?.path.join('.')}: ${issue?.message}`);
}
