// docs/sdk.md#input: a stream of bytes whose beginning can be looked at before it is read.

export type Bytes = AsyncIterable<Uint8Array> & {
  /** The first bytes, fewer at the end of the stream; they are read again afterwards. Not once reading has begun. */
  head(bytes: number): Promise<Uint8Array>;
  /** Lets go of what it reads from, wherever it stands. */
  close(): Promise<void>;
};

export function peekable(source: AsyncIterable<Uint8Array>): Bytes {
  const iterator = source[Symbol.asyncIterator]();
  let held: Uint8Array = new Uint8Array(0);
  let isEnded = false;
  const next = async (): Promise<Uint8Array | undefined> => {
    if (isEnded) return undefined;
    const { done, value } = await iterator.next();
    if (done !== true) return value;
    isEnded = true;
    return undefined;
  };
  return {
    async head(bytes) {
      const chunks = [held];
      for (let missing = bytes - held.length; missing > 0; ) {
        const chunk = await next();
        if (chunk === undefined) break;
        chunks.push(chunk);
        missing -= chunk.length;
      }
      if (chunks.length > 1) held = Buffer.concat(chunks);
      return held.subarray(0, bytes);
    },
    async *[Symbol.asyncIterator]() {
      const first = held;
      held = new Uint8Array(0);
      if (first.length > 0) yield first;
      for (let chunk = await next(); chunk !== undefined; chunk = await next()) yield chunk;
    },
    async close() {
      isEnded = true;
      await iterator.return?.();
    },
  };
}
