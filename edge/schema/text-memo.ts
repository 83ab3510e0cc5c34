// docs/edge.md#schemas: keeps what was made of texts that come again and again, bounded by the characters of the texts.

/** Returns what `make` makes of this text, and keeps it. The oldest go first. `make` must not return undefined. */
export type TextMemo<T> = (text: string, make: () => T) => T;

export function createTextMemo<T>(maxChars: number): TextMemo<T> {
  const kept = new Map<string, T>();
  let chars = 0;
  return (text, make) => {
    const known = kept.get(text);
    if (known !== undefined) return known;
    const made = make();
    for (const oldest of kept.keys()) {
      if (chars + text.length <= maxChars) break;
      kept.delete(oldest);
      chars -= oldest.length;
    }
    kept.set(text, made);
    chars += text.length;
    return made;
  };
}
