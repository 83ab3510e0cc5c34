// docs/models.md#manifest: what is said of a provable model, and the id of its program.
import { z } from 'zod';
import { MizuError } from '../protocol/errors.ts';
import { type Hex, isHash } from '../protocol/hex.ts';
import { SHORT_NAME } from './name.ts';

/** What a provable model can be asked for. */
export type ProvableTask = (typeof MODEL_TASKS)[number];

/** Names, licence and origin of a provable model, and the program that it is. */
export type ModelManifest = {
  /** Token-identical on every machine: docs/messages.md#protocol-messages. */
  readonly class: 'A';
  /** An SPDX expression, of the weights and the code. */
  readonly licence: string;
  /** What stands behind `datavm/`. */
  readonly name: string;
  readonly programId: Hex;
  /** Where code and weights come from. */
  readonly source: string;
  readonly tasks: readonly ProvableTask[];
  readonly version: string;
};

const MODEL_TASKS = ['generate', 'classify', 'score', 'judge', 'converse', 'embed'] as const;
const MAX_TEXT = 1_000;

const shape = z.strictObject({
  class: z.literal('A'),
  licence: z.string().min(1).max(MAX_TEXT),
  name: z.string().regex(SHORT_NAME),
  programId: z.custom<Hex>(isHash, 'a hash of 32 bytes'),
  source: z.string().min(1).max(MAX_TEXT),
  tasks: z.array(z.enum(MODEL_TASKS)).min(1),
  version: z.string().min(1).max(64),
});

/** `place` says where the text stands. @throws MizuError `sdk/bad-model` */
export function parseManifest(text: string, place: string): ModelManifest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw badModel(place, 'a manifest in JSON', (cause as Error).message, cause);
  }
  const parsed = shape.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw badModel(place, 'a manifest', `${issue?.path.join('.') || 'the manifest'}: ${issue?.message}`, parsed.error);
}

/** Fields in the order of their names, one a line. */
export function formatManifest(manifest: ModelManifest): string {
  const entries = Object.entries(manifest).sort(([a], [b]) => (a < b ? -1 : 1));
  return `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`;
}

export function badModel(place: string, expected: string, actual: string, cause?: unknown): MizuError {
  return new MizuError({
    code: 'sdk/bad-model',
    message: `The model at ${place} cannot be used.`,
    expected,
    actual,
    hint: 'Delete its folder: a model that the SDK has is built again, another is fetched again.',
    cause,
  });
}
