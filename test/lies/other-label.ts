// docs/models.md#devnet-lie: a result object in which one answer has another label.

export const LABELS = ['animal', 'artifact'] as const;

/** The first answer's; the same bytes if no answer has one of the labels. */
export function withOtherLabel(results: Uint8Array): Uint8Array {
  const [one, other] = LABELS;
  const text = Buffer.from(results).toString();
  return new TextEncoder().encode(
    text.replace(/(?<=:\\")(animal|artifact)(?=\\")/, (label) => (label === one ? other : one)),
  );
}
