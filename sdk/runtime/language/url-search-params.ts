// docs/sdk.md#language: URLSearchParams of the URL Standard, over whatwg-url's coding of forms.
import { parseUrlencodedString, serializeUrlencoded } from 'whatwg-url/lib/urlencoded.js';
import { toUsv } from './well-formed.ts';

type Pair = [name: string, value: string];

/** What a URL and its parameters know of each other; a key that only this folder has. */
export const LINKED = Symbol('parameters of a URL');
export type Link = { readonly query: string | null; changed(query: string | null): void };

export class URLSearchParams {
  #pairs: Pair[] = [];
  #link: Link | null = null;

  constructor(init: unknown = '') {
    if (typeof init === 'object' && init !== null && LINKED in init) {
      this.#link = init[LINKED] as Link;
      this.#pairs = parseUrlencodedString(this.#link.query ?? '');
    } else if ((typeof init === 'object' && init !== null) || typeof init === 'function') {
      this.#pairs = pairsOf(init);
    } else {
      const text = toUsv(init);
      this.#pairs = parseUrlencodedString(text.startsWith('?') ? text.slice(1) : text);
    }
  }

  /** Of the URL whose query was set to something else. */
  [LINKED](query: string | null): void {
    this.#pairs = parseUrlencodedString(query ?? '');
  }

  get size(): number {
    return this.#pairs.length;
  }

  append(name: unknown, value: unknown): void {
    this.#pairs.push([toUsv(name), toUsv(value)]);
    this.#update();
  }

  delete(name: unknown, value?: unknown): void {
    const matches = matcher(name, value);
    this.#pairs = this.#pairs.filter((pair) => !matches(pair));
    this.#update();
  }

  get(name: unknown): string | null {
    return this.#pairs.find(matcher(name))?.[1] ?? null;
  }

  getAll(name: unknown): string[] {
    return this.#pairs.filter(matcher(name)).map(([, value]) => value);
  }

  has(name: unknown, value?: unknown): boolean {
    return this.#pairs.some(matcher(name, value));
  }

  set(name: unknown, value: unknown): void {
    const pair: Pair = [toUsv(name), toUsv(value)];
    const first = this.#pairs.findIndex(matcher(pair[0]));
    if (first < 0) this.#pairs.push(pair);
    else this.#pairs = this.#pairs.flatMap((old, i) => (i === first ? [pair] : old[0] === pair[0] ? [] : [old]));
    this.#update();
  }

  /** By UTF-16 units; equal names keep their order. */
  sort(): void {
    this.#pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    this.#update();
  }

  forEach(fn: (value: string, name: string, all: URLSearchParams) => void, receiver?: unknown): void {
    if (typeof fn !== 'function') throw new TypeError('forEach takes a function');
    for (const [name, value] of this) fn.call(receiver, value, name, this);
  }

  *entries(): IterableIterator<Pair> {
    for (let i = 0; i < this.#pairs.length; i++) yield [...this.#pairs[i]!];
  }

  *keys(): IterableIterator<string> {
    for (const [name] of this) yield name;
  }

  *values(): IterableIterator<string> {
    for (const [, value] of this) yield value;
  }

  [Symbol.iterator](): IterableIterator<Pair> {
    return this.entries();
  }

  toString(): string {
    return serializeUrlencoded(this.#pairs);
  }

  get [Symbol.toStringTag](): string {
    return 'URLSearchParams';
  }

  #update(): void {
    this.#link?.changed(this.#pairs.length === 0 ? null : serializeUrlencoded(this.#pairs));
  }
}

function pairsOf(init: object): Pair[] {
  if ((init as Partial<Iterable<unknown>>)[Symbol.iterator] == null) {
    const record = new Map<string, string>();
    for (const key of Reflect.ownKeys(init)) {
      const property = Object.getOwnPropertyDescriptor(init, key);
      if (property?.enumerable === true) record.set(toUsv(key), toUsv((init as Record<PropertyKey, unknown>)[key]));
    }
    return [...record];
  }
  return Array.from(init as Iterable<Iterable<unknown>>, (one) => {
    const pair = typeof one === 'object' && one !== null ? Array.from(one, toUsv) : [];
    if (pair.length !== 2) throw new TypeError('Each query pair must be an iterable [name, value] tuple');
    return pair as Pair;
  });
}

function matcher(name: unknown, value?: unknown): (pair: Pair) => boolean {
  const wanted = toUsv(name);
  if (value === undefined) return (pair) => pair[0] === wanted;
  const text = toUsv(value);
  return (pair) => pair[0] === wanted && pair[1] === text;
}
