// docs/sdk.md#pure: an operator sees no clock, no chance, no network and no locale. The compiler refuses them with their line; this is for what it cannot see.
import { ABSENT, ONE_CASE, REFUSED_CALLS, REFUSED_METHODS } from './refused.ts';

/** Replaces what is not pure by functions that throw with what to do instead. */
export function installGuard(target: Record<string, unknown>): void {
  const refuse = (name: string) => refuser(name, REFUSED_CALLS[name]!);
  const prototype = Function.prototype;
  for (const name of Object.keys(REFUSED_CALLS)) {
    if (/^\w+$/.test(name)) define(target, name, refuse(name));
  }
  for (const name of Object.keys(ABSENT)) delete target[name];
  // Libraries ask `value instanceof Function`.
  (target.Function as { prototype: unknown }).prototype = prototype;
  // Each function leads to it as well, and each generator to its like.
  define(prototype, 'constructor', target.Function);
  const generators = Object.getPrototypeOf(function* () {}) as object;
  Object.defineProperty(generators, 'constructor', { value: refuse('Function'), configurable: true });
  define(target.Math as object, 'random', refuse('Math.random'));
  const clock = refuse('Date.now');
  const Original = target.Date as DateConstructor;
  const Guarded = function (this: unknown, ...values: unknown[]): unknown {
    if (values.length === 0 || !new.target) return clock();
    return Reflect.construct(Original, values, new.target);
  };
  Guarded.prototype = Original.prototype;
  define(Guarded, 'name', 'Date');
  define(Guarded, 'now', clock);
  define(Guarded, 'parse', Original.parse);
  define(Guarded, 'UTC', Original.UTC);
  define(Original.prototype, 'constructor', Guarded);
  define(target, 'Date', Guarded);
  guardLocales(target);
  guardPromises(target);
}

function refuser(name: string, reason: string) {
  return function refused(): never {
    throw new TypeError(`${name} is not allowed in an operator: ${reason}`);
  };
}

function guardLocales(target: Record<string, unknown>): void {
  const classes: Record<string, unknown> = { TypedArray: Object.getPrototypeOf(target.Uint8Array) };
  for (const [name, methods] of Object.entries(REFUSED_METHODS)) {
    const { prototype } = (classes[name] ?? target[name]) as { readonly prototype: object };
    for (const [method, reason] of Object.entries(methods)) define(prototype, method, refuser(method, reason));
  }
  const strings = (target.String as { readonly prototype: Record<string, (this: unknown) => string> }).prototype;
  for (const change of ['UpperCase', 'LowerCase'] as const) {
    const plain = strings[`to${change}`]!;
    const refused = refuser(`toLocale${change} with a locale`, ONE_CASE);
    define(strings, `toLocale${change}`, function (this: unknown, locale?: unknown): string {
      return locale === undefined ? Reflect.apply(plain, this, []) : refused();
    });
  }
}

let running = false;

/**
 * From here on nothing can make a promise or wait for one: what an operator left to run later would run when its row is written, and could
 * fail or never end where no row is to blame. At the top level of a library they do no harm. The compiler makes promises of async functions.
 */
export function refusePromises(): void {
  running = true;
}

function guardPromises(target: Record<string, unknown>): void {
  const Original = target.Promise as PromiseConstructor;
  const { prototype } = Original;
  const { then } = prototype;
  const assertIdle = (): void => {
    if (running)
      throw new TypeError('a promise is not allowed in an operator: operators are synchronous (no async, no then).');
  };
  const Guarded = function (this: unknown, executor: unknown): unknown {
    assertIdle();
    return Reflect.construct(Original, [executor], new.target ?? Original);
  };
  Guarded.prototype = prototype;
  define(Guarded, 'name', 'Promise');
  for (const name of Object.getOwnPropertyNames(Original)) {
    const method: unknown = Original[name as keyof PromiseConstructor];
    if (name === 'prototype' || typeof method !== 'function') continue;
    define(Guarded, name, (...values: unknown[]): unknown => {
      assertIdle();
      return Reflect.apply(method, Original, values);
    });
  }
  define(prototype, 'constructor', Guarded);
  define(prototype, 'then', function (this: unknown, ...values: unknown[]): unknown {
    assertIdle();
    return Reflect.apply(then, this, values);
  });
  define(target, 'Promise', Guarded);
  const array = target.Array as { fromAsync?: (...values: unknown[]) => unknown };
  const { fromAsync } = array;
  if (fromAsync === undefined) return;
  define(array, 'fromAsync', function (this: unknown, ...values: unknown[]): unknown {
    assertIdle();
    return Reflect.apply(fromAsync, this, values);
  });
}

function define(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, writable: true, configurable: true, enumerable: false });
}
