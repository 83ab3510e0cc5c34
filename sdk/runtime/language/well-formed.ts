// docs/sdk.md#language: texts without halves of surrogate pairs. Both engines have these methods of ES2024.

type Text = string & { isWellFormed(): boolean; toWellFormed(): string };

export function isWellFormed(text: string): boolean {
  return (text as Text).isWellFormed();
}

/** What the web's interfaces make of an argument. A symbol throws, as in every conversion to a text. */
export function toUsv(value: unknown): string {
  return (`${value as string}` as Text).toWellFormed();
}
