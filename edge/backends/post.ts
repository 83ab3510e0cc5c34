// docs/edge.md#openai: one POST by undici's dispatch: a call costs half of what it costs with undici's streams and
// signals.
import { isUtf8 } from 'node:buffer';
import { promisify } from 'node:util';
import { brotliDecompress, unzip } from 'node:zlib';
import type { Dispatcher, Pool } from 'undici';

export type PostAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** Whether the bytes are UTF-8; if not, the text has U+FFFD for what is not. */
  readonly isUtf8: boolean;
};

export type PostLimits = { readonly timeoutMs: number; readonly limitBytes: number; readonly signal: AbortSignal };

/** The post was given up for a reason of our own. */
export class PostAbort extends Error {
  readonly kind: 'timeout' | 'too-large';

  constructor(kind: 'timeout' | 'too-large') {
    super(kind);
    this.name = 'PostAbort';
    this.kind = kind;
  }
}

/** Rejects with a PostAbort, the signal's reason, or undici's error. */
export function post(
  pool: Pool,
  request: { readonly path: string; readonly headers: Record<string, string>; readonly body: string },
  { timeoutMs, limitBytes, signal }: PostLimits,
): Promise<PostAnswer> {
  return new Promise((resolve, reject) => {
    let controller: Dispatcher.DispatchController | undefined;
    let given: Error | undefined;
    let status = 0;
    let headers: PostAnswer['headers'] = {};
    let length = 0;
    const parts: Buffer[] = [];
    // Before the request has its connection there is nothing to abort: it is aborted as soon as it starts.
    const giveUp = (reason: Error) => {
      given ??= reason;
      controller?.abort(given);
      end(() => reject(given));
    };
    const timer = setTimeout(() => giveUp(new PostAbort('timeout')), timeoutMs);
    const onAbort = () => giveUp(signal.reason);
    signal.addEventListener('abort', onAbort);
    const end = (settle: () => void) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      settle();
    };
    pool.dispatch(
      { ...request, method: 'POST' },
      {
        onRequestStart: (started) => {
          controller = started;
          if (given !== undefined) started.abort(given);
        },
        onResponseStart: (_controller, statusCode, responseHeaders) => {
          status = statusCode;
          headers = responseHeaders;
        },
        onResponseData: (_controller, part) => {
          length += part.length;
          if (length > limitBytes) giveUp(new PostAbort('too-large'));
          else parts.push(part);
        },
        onResponseEnd: () => {
          const bytes = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
          const give = (plain: Buffer) => resolve({ status, headers, text: plain.toString(), isUtf8: isUtf8(plain) });
          const unpack = UNPACK[String(headers['content-encoding'] ?? '').toLowerCase()];
          end(() => (unpack === undefined ? give(bytes) : unpacked(unpack, bytes, limitBytes).then(give, reject)));
        },
        onResponseError: (_controller, error) => end(() => reject(given ?? error)),
      },
    );
  });
}

type Unpack = (bytes: Buffer, options: { readonly maxOutputLength: number }) => Promise<Buffer>;

/** We ask nobody to pack an answer, but some relays do it. */
const UNPACK: Readonly<Record<string, Unpack>> = {
  gzip: promisify(unzip) as Unpack,
  'x-gzip': promisify(unzip) as Unpack,
  deflate: promisify(unzip) as Unpack,
  br: promisify(brotliDecompress) as Unpack,
};

// A body that cannot be unpacked is judged as it came: it may be plain text under a wrong header.
async function unpacked(unpack: Unpack, bytes: Buffer, limitBytes: number): Promise<Buffer> {
  try {
    return await unpack(bytes, { maxOutputLength: limitBytes });
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE') throw new PostAbort('too-large');
    return bytes;
  }
}
