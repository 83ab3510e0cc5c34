// docs/sdk.md#language: URL of the URL Standard, over whatwg-url's parser.
import type { UrlRecord } from 'whatwg-url/lib/url-state-machine.js';
import * as parser from 'whatwg-url/lib/url-state-machine.js';
import { LINKED, URLSearchParams } from './url-search-params.ts';
import { toUsv } from './well-formed.ts';

/**
 * Most of what is checked: names of letters that need no table, after which nothing can fail. The last one is no number, or it would
 * be part of an IPv4 address. By the parser such a URL takes 30,000 gas a character.
 */
const PLAIN = /^(?:https?|ftp|wss?):\/\/(?:(?!xn--)[a-z\d_-]+\.)*(?!xn--)[a-z][a-z\d_-]*(?::\d{1,4})?(?:[/?#]|$)/i;

/** Instead of a text: the parser has been asked already. */
const MADE = Symbol('parsed');

export class URL {
  #url: UrlRecord;
  #params: URLSearchParams | null = null;

  /** @throws TypeError `Invalid URL` */
  constructor(url: unknown, base?: unknown) {
    const parsed = url === MADE ? (base as UrlRecord) : parse(url, base);
    if (parsed === null) throw invalid(url);
    this.#url = parsed;
  }

  static canParse(url: unknown, base?: unknown): boolean {
    return (base === undefined && PLAIN.test(toUsv(url))) || parse(url, base) !== null;
  }

  static parse(url: unknown, base?: unknown): URL | null {
    const parsed = parse(url, base);
    return parsed === null ? null : new URL(MADE, parsed);
  }

  get href(): string {
    return parser.serializeURL(this.#url);
  }

  set href(value: unknown) {
    const parsed = parse(value);
    if (parsed === null) throw invalid(value);
    this.#url = parsed;
    this.#params?.[LINKED](parsed.query);
  }

  get origin(): string {
    return parser.serializeURLOrigin(this.#url);
  }

  get protocol(): string {
    return `${this.#url.scheme}:`;
  }

  set protocol(value: unknown) {
    this.#set(`${toUsv(value)}:`, 'scheme start');
  }

  get username(): string {
    return this.#url.username;
  }

  set username(value: unknown) {
    const text = toUsv(value);
    if (!parser.cannotHaveAUsernamePasswordPort(this.#url)) parser.setTheUsername(this.#url, text);
  }

  get password(): string {
    return this.#url.password;
  }

  set password(value: unknown) {
    const text = toUsv(value);
    if (!parser.cannotHaveAUsernamePasswordPort(this.#url)) parser.setThePassword(this.#url, text);
  }

  get host(): string {
    const { port } = this.#url;
    return port === null ? this.hostname : `${this.hostname}:${port}`;
  }

  set host(value: unknown) {
    const text = toUsv(value);
    if (!parser.hasAnOpaquePath(this.#url)) this.#set(text, 'host');
  }

  get hostname(): string {
    const { host } = this.#url;
    return host === null ? '' : parser.serializeHost(host);
  }

  set hostname(value: unknown) {
    const text = toUsv(value);
    if (!parser.hasAnOpaquePath(this.#url)) this.#set(text, 'hostname');
  }

  get port(): string {
    const { port } = this.#url;
    return port === null ? '' : String(port);
  }

  set port(value: unknown) {
    const text = toUsv(value);
    if (parser.cannotHaveAUsernamePasswordPort(this.#url)) return;
    if (text === '') this.#url.port = null;
    else this.#set(text, 'port');
  }

  get pathname(): string {
    return parser.serializePath(this.#url);
  }

  set pathname(value: unknown) {
    const text = toUsv(value);
    if (parser.hasAnOpaquePath(this.#url)) return;
    this.#url.path = [];
    this.#set(text, 'path start');
  }

  get search(): string {
    return withMark('?', this.#url.query);
  }

  set search(value: unknown) {
    const text = withoutMark('?', toUsv(value));
    this.#url.query = text === null ? null : '';
    if (text !== null) this.#set(text, 'query');
    this.#params?.[LINKED](text);
  }

  get searchParams(): URLSearchParams {
    if (this.#params === null) {
      const link = {
        query: this.#url.query,
        changed: (query: string | null) => {
          this.#url.query = query;
        },
      };
      this.#params = new URLSearchParams({ [LINKED]: link });
    }
    return this.#params;
  }

  get hash(): string {
    return withMark('#', this.#url.fragment);
  }

  set hash(value: unknown) {
    const text = withoutMark('#', toUsv(value));
    this.#url.fragment = text === null ? null : '';
    if (text !== null) this.#set(text, 'fragment');
  }

  toString(): string {
    return this.href;
  }

  toJSON(): string {
    return this.href;
  }

  get [Symbol.toStringTag](): string {
    return 'URL';
  }

  #set(text: string, state: string): void {
    parser.basicURLParse(text, { url: this.#url, stateOverride: state });
  }
}

function parse(url: unknown, base?: unknown): UrlRecord | null {
  const text = toUsv(url);
  if (base === undefined) return parser.basicURLParse(text);
  const baseURL = parser.basicURLParse(toUsv(base));
  return baseURL === null ? null : parser.basicURLParse(text, { baseURL });
}

function withMark(mark: string, text: string | null): string {
  return text === null || text === '' ? '' : mark + text;
}

function withoutMark(mark: string, text: string): string | null {
  return text === '' ? null : text.startsWith(mark) ? text.slice(1) : text;
}

function invalid(url: unknown): TypeError & { code?: string } {
  return Object.assign(new TypeError(`Invalid URL: ${String(url).slice(0, 200)}`), { code: 'ERR_INVALID_URL' });
}
