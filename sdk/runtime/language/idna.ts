// docs/sdk.md#language: stands for tr46 in whatwg-url.
import { toASCII as mapped } from 'tr46';

/** A domain of ASCII without Punycode needs no tables: the URL Standard says that only its capitals change. */
export function toASCII(domain: string, options: Readonly<Record<string, boolean>>): string | null {
  if (options.useSTD3ASCIIRules !== true && !/[^\0-\x7f]|(?:^|\.)xn--/i.test(domain)) return domain.toLowerCase();
  return mapped(domain, options);
}
