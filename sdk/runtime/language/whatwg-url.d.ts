// docs/sdk.md#language: what is used of whatwg-url, which has no types of its own.

declare module 'whatwg-url/lib/url-state-machine.js' {
  export type UrlRecord = {
    scheme: string;
    username: string;
    password: string;
    host: unknown;
    port: number | null;
    path: unknown;
    query: string | null;
    fragment: string | null;
  };
  export function basicURLParse(
    input: string,
    options?: { readonly baseURL?: UrlRecord | null; readonly url?: UrlRecord; readonly stateOverride?: string },
  ): UrlRecord | null;
  export function serializeURL(url: UrlRecord): string;
  export function serializePath(url: UrlRecord): string;
  export function serializeHost(host: unknown): string;
  export function serializeURLOrigin(url: UrlRecord): string;
  export function setTheUsername(url: UrlRecord, username: string): void;
  export function setThePassword(url: UrlRecord, password: string): void;
  export function cannotHaveAUsernamePasswordPort(url: UrlRecord): boolean;
  export function hasAnOpaquePath(url: UrlRecord): boolean;
}

declare module 'whatwg-url/lib/urlencoded.js' {
  export function parseUrlencodedString(input: string): [name: string, value: string][];
  export function serializeUrlencoded(pairs: readonly (readonly [string, string])[]): string;
}

declare module 'whatwg-url/lib/percent-encoding.js' {
  type Set = (codePoint: number) => boolean;
  export const isC0ControlPercentEncode: Set;
  export const isFragmentPercentEncode: Set;
  export const isQueryPercentEncode: Set;
  export const isSpecialQueryPercentEncode: Set;
  export const isPathPercentEncode: Set;
  export const isUserinfoPercentEncode: Set;
  export function percentDecodeString(text: string): Uint8Array;
  export function utf8PercentEncodeCodePoint(codePoint: number, set: Set): string;
}

declare module 'tr46' {
  export function toASCII(domain: string, options: Readonly<Record<string, boolean>>): string | null;
}
