// docs/sdk.md#language: structuredClone as HTML has it, for what an operator can hold: there are no streams, ports or files, and nothing is transferred.

/** @throws DOMException `DataCloneError` for a function, a symbol, and what holds one */
export function structuredClone(value: unknown, options?: { readonly transfer?: readonly unknown[] }): unknown {
  if ((options?.transfer?.length ?? 0) > 0) {
    throw new TypeError(
      'structuredClone transfers nothing in an operator: leave `transfer` out, and the value is copied.',
    );
  }
  return clone(value, new Map());
}

type Seen = Map<object, object>;

const ERRORS: readonly ErrorConstructor[] = [
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
  Error,
];
const REFUSED: readonly (abstract new (...values: never) => object)[] = [
  WeakMap,
  WeakSet,
  WeakRef,
  Promise,
  SharedArrayBuffer,
  Symbol as never,
];

function clone(value: unknown, seen: Seen): unknown {
  if (typeof value === 'function' || typeof value === 'symbol') throw cannotBeCloned(value);
  if (typeof value !== 'object' || value === null) return value;
  const known = seen.get(value);
  if (known !== undefined) return known;
  // Entries that are added meanwhile, by a getter, are not copied.
  if (value instanceof Map) {
    const entries = [...value];
    const copy = keep(seen, value, new Map());
    for (const [key, inner] of entries) copy.set(clone(key, seen), clone(inner, seen));
    return copy;
  }
  if (value instanceof Set) {
    const entries = [...value];
    const copy = keep(seen, value, new Set());
    for (const inner of entries) copy.add(clone(inner, seen));
    return copy;
  }
  if (ArrayBuffer.isView(value)) return cloneView(value, seen);
  if (value instanceof Error) return cloneError(value, seen);
  const whole = cloneWhole(value);
  if (whole !== null) return keep(seen, value, whole);
  if (REFUSED.some((kind) => value instanceof kind)) throw cannotBeCloned(value);
  const copy = keep(seen, value, Array.isArray(value) ? new Array<unknown>(value.length) : {});
  for (const key of Object.keys(value)) {
    // A getter of another key may have taken it away.
    if (Object.hasOwn(value, key)) setOwn(copy, key, clone((value as Record<string, unknown>)[key], seen), true);
  }
  return copy;
}

/** What holds no other values. */
function cloneWhole(value: object): object | null {
  if (value instanceof Date) return new Date(value.getTime());
  if (value instanceof RegExp) return new RegExp(value.source, value.flags);
  if (value instanceof ArrayBuffer) return value.slice(0);
  const isWrapper = [Boolean, Number, String, BigInt].some((kind) => value instanceof kind);
  return isWrapper ? Object(value.valueOf()) : null;
}

/** Views of one buffer stay views of one. */
function cloneView(value: ArrayBufferView, seen: Seen): object {
  const buffer = clone(value.buffer, seen) as ArrayBuffer;
  if (value instanceof DataView) return keep(seen, value, new DataView(buffer, value.byteOffset, value.byteLength));
  const { constructor: Kind, length } = value as Uint8Array & { readonly constructor: Uint8ArrayConstructor };
  return keep(seen, value, new Kind(buffer, value.byteOffset, length));
}

function cloneError(value: Error, seen: Seen): Error {
  const name = String(value.name);
  const kind = ERRORS.find((one) => one.name === name) ?? Error;
  const copy = keep(seen, value, new kind());
  const message = Object.getOwnPropertyDescriptor(value, 'message');
  if (message !== undefined && 'value' in message) setOwn(copy, 'message', String(message.value), false);
  setOwn(copy, 'stack', String(value.stack ?? ''), false);
  if (Object.hasOwn(value, 'cause')) setOwn(copy, 'cause', clone(value.cause, seen), false);
  return copy;
}

function keep<T extends object>(seen: Seen, value: object, copy: T): T {
  seen.set(value, copy);
  return copy;
}

function setOwn(target: object, name: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(target, name, { value, writable: true, configurable: true, enumerable });
}

function cannotBeCloned(value: unknown): DOMException {
  const shown = typeof value === 'object' ? `#<${value?.constructor?.name ?? 'Object'}>` : String(value);
  return new DOMException(`${shown.slice(0, 200)} could not be cloned.`, 'DataCloneError');
}
