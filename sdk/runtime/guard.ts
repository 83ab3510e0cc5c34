// docs/sdk.md#pure: a step sees no clock, no chance and no network. The compiler refuses them with their line; this is for what it cannot see.

/** Replaces what is not pure by functions that throw with what to do instead. */
export function installGuard(target: Record<string, unknown>): void {
  const refuse = (name: string) =>
    function refused(): never {
      throw new TypeError(`${name} is not allowed in a step: ${REFUSED[name]}`);
    };
  const prototype = Function.prototype;
  for (const name of Object.keys(REFUSED)) {
    if (/^\w+$/.test(name)) define(target, name, refuse(name));
  }
  // Libraries ask `value instanceof Function`.
  (target.Function as { prototype: unknown }).prototype = prototype;
  define(target.Math as object, 'random', refuse('Math.random'));
  const clock = refuse('Date.now');
  const Original = target.Date as DateConstructor;
  const Guarded = function (this: unknown, ...values: unknown[]): unknown {
    if (values.length === 0 || !new.target) return clock();
    return Reflect.construct(Original, values, new.target);
  };
  Guarded.prototype = Original.prototype;
  define(Guarded, 'now', clock);
  define(Guarded, 'parse', Original.parse);
  define(Guarded, 'UTC', Original.UTC);
  define(target, 'Date', Guarded);
  guardPromises(target);
}

let running = false;

/**
 * From here on nothing can make a promise or wait for one: what a step left to run later would run when its row is written, and could
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
    if (running) throw new TypeError('a promise is not allowed in a step: steps are synchronous (no async, no then).');
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

const NETWORK = 'steps have no network; ask a model with .generate, or put the data into the input.';
const TIMER = 'steps are synchronous and have no timers.';

/** What a step must not use, and what to do instead. */
export const REFUSED: Readonly<Record<string, string>> = {
  'Date.now': 'a run must give the same rows whenever it is repeated; take the time from a field of the row.',
  'new Date()':
    'a run must give the same rows whenever it is repeated; give it a time from the row, new Date(row.time).',
  'Math.random': 'a run must give the same rows whenever it is repeated; use .sample, or a hash of the row.',
  fetch: NETWORK,
  XMLHttpRequest: NETWORK,
  WebSocket: NETWORK,
  setTimeout: TIMER,
  setInterval: TIMER,
  setImmediate: TIMER,
  queueMicrotask: TIMER,
  process: 'steps have no process; put settings into the workflow file.',
  performance: 'steps have no clock.',
  crypto: 'steps have no chance; use a hash of the row.',
  eval: 'code is fixed when the workflow is deployed.',
  Function: 'code is fixed when the workflow is deployed.',
  require: "use import; node's modules do not exist in the DataVM.",
};

function define(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, writable: true, configurable: true, enumerable: false });
}
