// docs/sdk.md#pure, #language: what an operator must not use, and what to do instead.

const NETWORK = 'operators have no network; ask a model with .generate, or put the data into the input.';
const TIMER = 'operators are synchronous and have no timers.';
const REPEAT = 'a run must give the same rows whenever it is repeated; ';
const CODE = 'code is fixed when the workflow is deployed.';
const COLLECTED =
  'what is collected, and when, is not the same on every machine; hold the object itself, or use a WeakMap.';
const LANGUAGE = 'what it gives depends on the language of the machine; ';
const NUMBER = `${LANGUAGE}write a number with String(n) or n.toFixed(2), and set separators with a regular expression.`;
const DATE = `${LANGUAGE}write a date with toISOString(), or put it together from getUTCFullYear() and the like.`;
const BROWSER = 'operators run in no browser; parse texts with a package that needs no DOM.';

/** Called: they throw. What the compiler finds of them in the workflow's own files it refuses. */
export const REFUSED_CALLS: Readonly<Record<string, string>> = {
  'Date.now': `${REPEAT}take the time from a field of the row.`,
  'new Date()': `${REPEAT}give it a time from the row, new Date(row.time).`,
  'Math.random': `${REPEAT}use .sample, or a hash of the row.`,
  fetch: NETWORK,
  setTimeout: TIMER,
  setInterval: TIMER,
  setImmediate: TIMER,
  queueMicrotask: TIMER,
  eval: CODE,
  Function: CODE,
  WeakRef: COLLECTED,
  FinalizationRegistry: COLLECTED,
};

/** Not there: packages that ask for them by `typeof` go another way. The compiler refuses them too. */
export const ABSENT: Readonly<Record<string, string>> = {
  XMLHttpRequest: NETWORK,
  WebSocket: NETWORK,
  process: 'operators have no process; put settings into the workflow file.',
  performance: 'operators have no clock.',
  crypto: 'operators have no chance; use a hash of the row, or a package that hashes in JavaScript.',
  Intl: `${LANGUAGE}compare texts with < and >, write numbers with toFixed() and dates with toISOString().`,
  Buffer: 'it is of Node; use Uint8Array, TextEncoder, TextDecoder, atob and btoa.',
  window: BROWSER,
  document: BROWSER,
  navigator: BROWSER,
  WebAssembly: 'operators are JavaScript alone; use a package that needs no WebAssembly.',
};

/** Methods that throw, by the class that has them. */
export const REFUSED_METHODS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  String: { localeCompare: `${LANGUAGE}compare by code units, a < b ? -1 : a > b ? 1 : 0.` },
  Number: { toLocaleString: NUMBER },
  BigInt: { toLocaleString: NUMBER },
  Date: { toLocaleString: DATE, toLocaleDateString: DATE, toLocaleTimeString: DATE },
  Array: { toLocaleString: NUMBER },
  TypedArray: { toLocaleString: NUMBER },
};

export const ONE_CASE = `${LANGUAGE}leave the locale out: capitals are changed as Unicode has it for all languages.`;

/** What to do instead of a name that is not defined; undefined if it is none of these. */
export function instead(name: string): string | undefined {
  return Object.hasOwn(ABSENT, name) ? ABSENT[name] : undefined;
}

/** The same for any name that is refused or absent, of a global or of a method. */
export function fixOf(name: string): string | undefined {
  const all = Object.assign({}, REFUSED_CALLS, ABSENT, ...Object.values(REFUSED_METHODS)) as Record<string, string>;
  return Object.hasOwn(all, name) ? all[name] : undefined;
}
