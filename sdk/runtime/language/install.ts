// docs/sdk.md#language: what the DataVM's engine lacks of the language, in every bundle before all else.
import './install-text.ts';
import { structuredClone } from './structured-clone.ts';
import { URL } from './url.ts';
import { URLSearchParams } from './url-search-params.ts';

for (const [name, value] of Object.entries({ structuredClone, URL, URLSearchParams })) {
  // The bundler renames what is called as a global is.
  Object.defineProperty(value, 'name', { value: name, configurable: true });
  Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
}
