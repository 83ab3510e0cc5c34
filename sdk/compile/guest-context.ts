// docs/sdk.md#language: an empty context of Node that has what the DataVM's engine has, and nothing else.
import { type Context, createContext, runInContext } from 'node:vm';
import { standInUtc } from './utc-date.ts';

/** The globals of QuickJS with its prelude that a context of Node may lack or have; all others are taken away. */
const GLOBALS = new Set(
  `Object Function Error EvalError RangeError ReferenceError SyntaxError TypeError URIError AggregateError Iterator Array parseInt parseFloat
  isNaN isFinite decodeURI decodeURIComponent encodeURI encodeURIComponent escape unescape Infinity NaN undefined eval Number Boolean String
  Math Reflect Symbol globalThis BigInt Date RegExp JSON Proxy Map Set WeakMap WeakSet ArrayBuffer SharedArrayBuffer Uint8ClampedArray
  Int8Array Uint8Array Int16Array Uint16Array Int32Array Uint32Array BigInt64Array BigUint64Array Float16Array Float32Array Float64Array
  DataView Promise WeakRef FinalizationRegistry SuppressedError DisposableStack AsyncDisposableStack console`.split(
    /\s+/,
  ),
);

const DOM_EXCEPTION = `(class DOMException extends Error {
  #name;
  constructor(message = '', name = 'Error') { super(message); this.#name = String(name); }
  get name() { return this.#name; }
  get code() { return { InvalidCharacterError: 5, DataCloneError: 25 }[this.#name] ?? 0; }
})`;

/** `globals` are added. */
export function createGuestContext(globals: Readonly<Record<string, unknown>> = {}): Context {
  const context = createContext({});
  const names = runInContext('Object.getOwnPropertyNames(globalThis)', context) as string[];
  for (const name of names) if (!GLOBALS.has(name)) runInContext(`delete globalThis.${name}`, context);
  const Bytes = runInContext('Uint8Array', context) as Uint8ArrayConstructor;
  const Exception = runInContext(DOM_EXCEPTION, context) as typeof DOMException;
  const isBad = (call: (text: string) => string) => (value: unknown) => {
    const text = `${value as string}`;
    try {
      return call(text);
    } catch {
      throw new Exception(
        'The string to be coded or decoded has characters that it must not have.',
        'InvalidCharacterError',
      );
    }
  };
  const given = {
    DOMException: Exception,
    atob: isBad(atob),
    btoa: isBad(btoa),
    TextEncoder: textEncoderOf(Bytes),
    TextDecoder,
    ...globals,
  };
  for (const [name, value] of Object.entries(given)) {
    Object.defineProperty(context, name, { value, writable: true, configurable: true, enumerable: false });
  }
  standInUtc(runInContext('Date', context) as DateConstructor, context);
  return context;
}

/** Its bytes are the context's own, or they would be no Uint8Array inside. */
function textEncoderOf(Bytes: Uint8ArrayConstructor) {
  const encoder = new TextEncoder();
  return class {
    get encoding(): string {
      return 'utf-8';
    }
    encode(text: unknown = ''): Uint8Array {
      return new Bytes(encoder.encode(`${text as string}`));
    }
    encodeInto(text: unknown, target: Uint8Array): { read: number; written: number } {
      return encoder.encodeInto(`${text as string}`, target);
    }
  };
}
