// docs/sdk.md#errors: what a function of the user may do to one row.

/** What goes wrong: an expression that throws, or whose value is no JSON. */
export const BAD: Readonly<Record<string, string>> = {
  throws: `fail(new Error('boom'))`,
  throwsNull: 'fail(null)',
  throwsUndefined: 'fail(undefined)',
  throwsText: `fail('boom')`,
  throwsSymbol: 'fail(Symbol.iterator)',
  throwsProxy: `fail(new Proxy({}, { get() { throw new Error('get'); }, getPrototypeOf() { throw new Error('proto'); } }))`,
  throwsGetter: `fail({ get message() { throw new Error('message'); }, toString() { throw new Error('text'); } })`,
  throwsErrorOfGetters: `fail(Object.defineProperties(new Error(), { message: { get() { throw 1; } }, stack: { get() { throw 2; } } }))`,
  mutates: '(row.n = 5)',
  mutatesInside: 'row.list.sort()',
  nan: 'Number.NaN',
  infinity: '-Infinity',
  bigint: '5n',
  date: 'new Date(0)',
  set: 'new Set([1])',
  map: 'new Map([[1, 2]])',
  bytes: 'new Uint8Array(3)',
  instance: 'new (class Cat { x = 1 })()',
  regex: '/x/',
  symbol: `Symbol('s')`,
  function: '(() => 1)',
  promise: '(async () => 1)()',
  rejected: `(async () => { throw new Error('late'); })()`,
  cyclic: 'cyclic()',
  deep: 'deep(500)',
  deepList: 'deepList(5000)',
  shared: 'shared()',
  sparse: 'new Array(1e9)',
  getter: `({ get x() { throw new Error('get'); } })`,
  proxy: `new Proxy({ x: 1 }, { get() { throw new Error('get'); }, ownKeys() { throw new Error('keys'); } })`,
  toJson: `({ toJSON() { throw new Error('json'); } })`,
  huge: `({ x: 'x'.repeat(3_000_000) })`,
  recursion: 'recurse()',
  badText: '"x".repeat(-1)',
};
/** In Node each of them takes seconds of the clock. */
export const ENDLESS: Readonly<Record<string, string>> = {
  loop: 'loop()',
  loopThatCatches: '(() => { for (;;) { try { loop(); } catch {} finally { continue; } } })()',
  throwsEndless: 'fail({ get message() { loop(); }, toString() { loop(); } })',
  endlessGetter: '({ get x() { loop(); } })',
  endlessProxy: 'new Proxy({}, { ownKeys() { loop(); }, getPrototypeOf() { loop(); } })',
  endlessRegex: `/^(a+)+$/.test('a'.repeat(64) + 'b')`,
};

/** In a workflow file: `at(hook, row, good)` does the wrong that the row names at this hook. */
export const helpersOf = (
  bad: Readonly<Record<string, string>>,
): string => `const fail = (value: unknown): never => { throw value; };
const loop = (): never => { for (;;); };
const recurse = (): number => recurse() + 1;
const cyclic = () => { const a: any = { x: 1 }; a.self = a; return a; };
const deep = (n: number) => { let v: any = 1; for (let i = 0; i < n; i++) v = { v }; return v; };
const deepList = (n: number) => { let v: any = 1; for (let i = 0; i < n; i++) v = [v]; return v; };
const shared = () => { let v: any = {}; for (let i = 0; i < 40; i++) v = { a: v, b: v }; return v; };
const BAD: Record<string, (row: any) => unknown> = {
${Object.entries(bad)
  .map(([name, code]) => `  ${name}: (row) => ${code},`)
  .join('\n')}
};
const at = (hook: string, row: any, good: any): any => (row.hook === hook ? BAD[row.bad]!(row) : good);
`;
