// docs/sdk.md#language: by itself, because whatwg-url makes a TextDecoder when it is loaded.
import { TextDecoder } from './text-decoder.ts';

Object.defineProperty(globalThis, 'TextDecoder', {
  value: TextDecoder,
  writable: true,
  configurable: true,
  enumerable: false,
});
