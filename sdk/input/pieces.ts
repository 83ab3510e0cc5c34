// docs/sdk.md#input: a piece of a stream that comes in parts, of which only so much is kept.

export type Pieces = {
  /** Another part of the piece. */
  keep(part: Uint8Array): void;
  /** Bytes of the piece so far, kept or not. */
  length(): number;
  /** Ends the piece: at most as many bytes as are kept, and how many it really had. */
  take(): { readonly bytes: Uint8Array; readonly length: number };
};

export function createPieces(limitBytes: number): Pieces {
  let parts: Uint8Array[] = [];
  let kept = 0;
  let length = 0;
  return {
    keep(part) {
      length += part.length;
      if (kept >= limitBytes) return;
      const fitting = part.subarray(0, limitBytes - kept);
      parts.push(fitting);
      kept += fitting.length;
    },
    length: () => length,
    take() {
      const piece = { bytes: parts.length === 1 ? parts[0]! : Buffer.concat(parts), length };
      parts = [];
      kept = 0;
      length = 0;
      return piece;
    },
  };
}
