// docs/sdk.md#errors: the cases of an operator's function: the operator, its code, and what becomes of the row {n: 5, list: ["b", "a"], text: "a|b"}.

/** `field`: the code is the value of a field of the row that a map returns. */
export type Hook =
  | 'input'
  | 'map'
  | 'field'
  | 'filter'
  | 'flatMap'
  | 'validate'
  | 'check'
  | 'sample'
  | 'dedupe'
  | 'nearKey'
  | 'split';

export type OperatorCase = readonly [name: string, hook: Hook, code: string, wanted: string];

const NO = (what: string) => `✗ map: TypeError: a row holds JSON only; row.v is ${what}`;
const DEEP = '✗ map: RangeError: a row has at most 128 levels of objects and arrays';
const FROZEN = (words: string) => `✗ map: TypeError: …${words}…`;
const PROMISE =
  '✗ map: TypeError: a promise is not allowed in an operator: operators are synchronous (no async, no then).';

export const OPERATOR_CASES: readonly OperatorCase[] = [
  // What a value may be.
  ['NaN', 'field', 'Number(r.text)', NO('NaN')],
  ['infinity', 'field', '-1 / 0', NO('-Infinity')],
  ['minus zero', 'field', '-0', '0'],
  [
    'numbers at the edges',
    'field',
    '[2 ** 53 + 2, Number.MAX_VALUE, 5e-324, 1e21]',
    '[9007199254740994,1.7976931348623157e+308,5e-324,1e+21]',
  ],
  ['bigint', 'field', '5n', NO('a bigint')],
  ['undefined in a list', 'field', '[undefined, 1]', '[null,1]'],
  ['undefined in an object', 'field', '({ a: undefined, b: 1 })', '{"b":1}'],
  ['a list with holes', 'field', '[1, , 3]', '[1,null,3]'],
  ['a list of 10^9 holes', 'field', 'new Array(1e9)', '✗ map: …'],
  ['a list with a field', 'field', 'Object.assign([1], { x: 2 })', '[1]'],
  ['Date', 'field', 'new Date(0)', NO('an instance of Date')],
  ['Map', 'field', 'new Map([[1, 2]])', NO('an instance of Map')],
  ['Set', 'field', 'new Set()', NO('an instance of Set')],
  ['typed array', 'field', 'new Uint8Array([1, 2])', NO('an instance of Uint8Array')],
  ['array buffer', 'field', 'new ArrayBuffer(2)', NO('an instance of ArrayBuffer')],
  ['regular expression', 'field', '/x/', NO('an instance of RegExp')],
  ['URL', 'field', "new URL('http://a/')", NO('an instance of URL')],
  ['error', 'field', "new Error('x')", NO('an instance of Error')],
  ['number object', 'field', 'new Number(1)', NO('an instance of Number')],
  ['text object', 'field', "Object('x')", NO('an instance of String')],
  ['instance of a class', 'field', 'new (class Cat { x = 1; })()', NO('an instance of Cat')],
  ['function', 'field', '() => 1', NO('a function')],
  ['symbol', 'field', "Symbol('s')", NO('a symbol')],
  ['symbol as a key', 'field', "({ a: 1, [Symbol('s')]: 2 })", '{"a":1}'],
  ['generator', 'field', '(function* () { yield 1; })()', NO('an instance of a class')],
  ['async iterator', 'field', '({ a: 1, async *[Symbol.asyncIterator]() {} })', '{"a":1}'],
  ['an object without a prototype', 'field', 'Object.assign(Object.create(null), { a: 1 })', '{"a":1}'],
  ['inherited fields', 'field', 'Object.create({ a: 1 })', NO('an instance of Object')],
  [
    'a getter on the prototype',
    'field',
    "Object.create({ get a() { throw new Error('get'); } })",
    NO('an instance of Object'),
  ],
  ['a getter', 'field', '({ get a() { return 1; } })', '{"a":1}'],
  ['a getter that throws', 'field', "({ get a() { throw new Error('boom'); } })", '✗ map: Error: boom'],
  ['a setter alone', 'field', '({ set a(_: any) {} })', '{}'],
  [
    'toJSON',
    'field',
    '({ toJSON() { return 1; } })',
    '✗ map: TypeError: a row holds JSON only; row.v.toJSON is a function',
  ],
  [
    'toJSON that throws',
    'field',
    "({ toJSON() { throw new Error('j'); } })",
    '✗ map: TypeError: a row holds JSON only; row.v.toJSON is a function',
  ],
  ['a field named toString', 'field', '({ toString: 1, constructor: 2 })', '{"constructor":2,"toString":1}'],
  ['a field named then', 'field', '({ then: 1 })', '{"then":1}'],
  [
    'then that is a function',
    'field',
    '({ then() {} })',
    '✗ map: TypeError: a row holds JSON only; row.v.then is a function',
  ],
  ['__proto__ as a field', 'field', `JSON.parse('{"__proto__":{"x":1}}')`, '{"__proto__":{"x":1}}'],
  ['keys that are numbers', 'field', "({ b: 1, 10: 2, 9: 3, '-1': 4 })", '…"9":3…"10":2…'],
  ['a key that is empty, one that is NUL', 'field', "({ '': 1, '\\u0000': 2 })", '{"":1,"\\u0000":2}'],
  ['half a surrogate pair', 'field', "'😀'.slice(0, 1)", '"\ufffd"'],
  [
    'half a surrogate pair in a key',
    'field',
    "({ '\\ud800': 1 })",
    '✗ …: TypeError: half a surrogate pair in the name "\\ud800"',
  ],
  ['a proxy', 'field', 'new Proxy(Object.freeze({ a: 1 }), {})', '{"a":1}'],
  ['a proxy that throws', 'field', "new Proxy({ a: 1 }, { get() { throw new Error('get'); } })", '✗ map: Error: get'],
  [
    'a proxy that says something else each time',
    'field',
    '(() => { let n = 0; return new Proxy({ a: 1 }, { get: () => (n++ === 0 ? 1 : () => 2) }); })()',
    '{"a":1}',
  ],
  ['a revoked proxy', 'field', 'revoked()', '✗ map: TypeError: …revoked…'],
  ['one object in two places', 'field', '(() => { const a = { x: 1 }; return [a, a]; })()', '[{"x":1},{"x":1}]'],
  ['a cycle', 'field', 'cyclic()', DEEP],
  ['127 levels', 'field', 'nested(126)', '{"v":…}'],
  ['500 levels', 'field', 'nested(500)', DEEP],
  ['5,000 levels of lists', 'field', 'lists(5000)', DEEP],
  [
    'a text of 3,000,000 characters',
    'field',
    "'x'.repeat(3_000_000)",
    '✗ map: RangeError: a row has at most 1048576 characters of JSON',
  ],
  ['a text of 600,000,000 characters', 'field', "'x'.repeat(600_000_000)", '✗ map: …'],
  ['arguments', 'field', '(function (..._: any[]) { return arguments; })(1)', '…'],
  // What a row may be.
  ['null for a row', 'map', 'null', '✗ map: TypeError: what a map returns is a row, not null'],
  ['undefined for a row', 'map', 'undefined', '✗ map: TypeError: what a map returns is a row, not undefined'],
  ['a list for a row', 'map', '[1]', '✗ map: TypeError: what a map returns is a row, not an array'],
  ['a text for a row', 'map', "'x'", '✗ map: TypeError: what a map returns is a row, not a string'],
  ['a promise for a row', 'map', '(async () => r)()', PROMISE],
  ['a promise that is left', 'map', "(Promise.reject(new Error('late')), r)", PROMISE],
  ['a change of the row', 'map', '((r.x = 1), r)', FROZEN('extensible')],
  ['a change within the row', 'map', 'r.list.sort()', FROZEN('')],
  ['a field taken from the row', 'map', '(delete r.n, r)', FROZEN('delete property')],
  ['the row itself', 'map', 'r', '{"list":["b","a"],"n":5,"text":"a|b"}'],
  // What may be thrown.
  ['an error', 'map', "fail(new RangeError('boom'))", '✗ map: RangeError: boom'],
  [
    'an error of a class',
    'map',
    "fail(new (class Mine extends Error { override name = 'Mine'; })('m'))",
    '✗ map: Mine: m',
  ],
  ['null', 'map', 'fail(null)', '✗ map: thrown: null'],
  ['undefined', 'map', 'fail(undefined)', '✗ map: thrown: undefined'],
  ['a text', 'map', "fail('plain')", '✗ map: thrown: plain'],
  ['a symbol', 'map', 'fail(Symbol.iterator)', '✗ map: thrown: Symbol(Symbol.iterator)'],
  ['an object', 'map', 'fail(Object.create(null))', '✗ map: thrown: a value that cannot be shown'],
  [
    'a getter for its message',
    'map',
    "fail({ get message() { throw new Error('x'); } })",
    '✗ map: thrown: [object Object]',
  ],
  [
    'an error whose message throws',
    'map',
    "fail(Object.defineProperty(new Error(), 'message', { get() { throw 1; } }))",
    '✗ map: thrown: a value that cannot be shown',
  ],
  [
    'an error whose name is a symbol',
    'map',
    "fail(Object.assign(new Error('x'), { name: Symbol('s') }))",
    '✗ map: thrown: a value that cannot be shown',
  ],
  [
    'an error whose stack throws',
    'map',
    "fail(Object.defineProperty(new Error('x'), 'stack', { get() { throw 1; } }))",
    '✗ map: Error: x',
  ],
  ['a proxy of an error', 'map', "fail(new Proxy(new Error('p'), {}))", '✗ map: Error: p'],
  ['a message of 100,000 characters', 'map', "fail(new Error('y'.repeat(100_000)))", '✗ map: Error: yyyy…'],
  ['JSON.parse', 'map', 'JSON.parse(r.text)', '✗ map: SyntaxError: …'],
  ['a field that is not there', 'map', 'r.nope.x', '✗ map: TypeError: …'],
  ['recursion', 'map', 'recurse()', '✗ map: RangeError: Maximum call stack size exceeded'],
  // What is no part of the language.
  ['a clock', 'map', "(Date as any)['no' + 'w']()", '✗ map: TypeError: Date.now is not allowed in an operator: …'],
  ['chance', 'map', "(Math as any)['ran' + 'dom']()", '✗ map: TypeError: Math.random is not allowed in an operator: …'],
  ['eval', 'map', "(globalThis as any)['ev' + 'al']('1')", '✗ map: TypeError: eval is not allowed in an operator: …'],
  [
    "a function's constructor",
    'map',
    "(() => 1).constructor('return 1')()",
    '✗ map: TypeError: Function is not allowed in an operator: …',
  ],
  [
    "a generator's constructor",
    'map',
    "(function* () {}).constructor('yield 1')",
    '✗ map: TypeError: Function is not allowed in an operator: …',
  ],
  // The other operators.
  ['a schema of the input that throws', 'input', 'JSON.parse(r.text)', '✗ input: SyntaxError: …'],
  ['a filter that throws', 'filter', 'r.nope.x', '✗ filter: TypeError: …'],
  ['a filter of a promise', 'filter', '(async () => true)()', '✗ filter: TypeError: a promise …'],
  ['a filter that says false', 'filter', 'false', 'no row'],
  [
    'a filter that gives no boolean',
    'filter',
    "''",
    '✗ filter: TypeError: the function returned a string, expected true or false',
  ],
  ['a flatMap that throws', 'flatMap', 'r.nope.x', '✗ flatMap: TypeError: …'],
  ['a flatMap to nothing', 'flatMap', '[]', 'no row'],
  ['a flatMap to no list', 'flatMap', '5', '✗ flatMap: TypeError: …'],
  [
    'a flatMap to rows of 9,000,000 characters',
    'flatMap',
    "Array.from({ length: 900 }, () => ({ t: 'abcdefghij'.repeat(1000) }))",
    '✗ flatMap: RangeError: the rows that a flatMap makes of one have at most 8388608 characters of JSON',
  ],
  [
    'a flatMap with one bad row',
    'flatMap',
    '[r, { v: 5n }]',
    '✗ flatMap: TypeError: a row holds JSON only; row.v is a bigint',
  ],
  ['a schema that throws', 'validate', "fail(new Error('in a refinement'))", '✗ validate: Error: in a refinement'],
  [
    'a schema that gives no JSON',
    'validate',
    '({ v: new Date(0) })',
    '✗ validate: TypeError: a row holds JSON only; row.v is an instance of Date',
  ],
  ['a check that throws', 'check', 'fail(null)', '✗ check: thrown: null'],
  ['a check that fails', 'check', 'false', '✗ check: the check failed [without a line]'],
  ['a key of a sample that throws', 'sample', 'r.nope.x', '✗ sample: TypeError: …'],
  ['a key of a dedupe that throws', 'dedupe', 'r.nope.x', '✗ dedupe: TypeError: …'],
  [
    'a key of a dedupe that is undefined',
    'dedupe',
    'undefined',
    '✗ dedupe: TypeError: the key is undefined; a row that has none says null',
  ],
  ['a text of a near dedupe that throws', 'nearKey', 'r.nope.x', '✗ near: TypeError: …'],
  ['a key of a split that throws', 'split', 'r.nope.x', '✗ split: TypeError: …'],
  [
    'a key of a split that is undefined',
    'split',
    'undefined',
    '✗ split: TypeError: the key is undefined; a row that has none says null',
  ],
];

const SLOW = 'took too long: more than 60000 jumps and calls (rowBudget) for one row';

/** In Node each of them takes seconds of the clock: they are tried where jumps are counted. */
export const ENDLESS_CASES: readonly OperatorCase[] = [
  ['a loop', 'map', 'loop()', `✗ map: ${SLOW}`],
  ['a loop that catches', 'map', '(() => { for (;;) { try { loop(); } catch {} } })()', `✗ map: ${SLOW}`],
  ['a message that never ends', 'map', 'fail({ toString() { loop(); } })', `✗ map: ${SLOW}`],
  ['a getter that never ends', 'field', '({ get x() { loop(); } })', `✗ map: ${SLOW}`],
  ['an expression that doubles', 'map', "/^(a+)+$/.test('a'.repeat(64) + 'b')", `✗ map: ${SLOW}`],
  ['a key that never ends', 'dedupe', 'loop()', `✗ dedupe: ${SLOW}`],
];

/** Rows whose field `t` has these values, by exact keys or near ones. */
export type KeyCase = readonly [name: string, hook: 'key' | 'near', values: readonly unknown[], wanted: string];

const TWICE = '✗ dedupe: duplicate of an earlier row';
const LIKE = '✗ near: duplicate of an earlier row';
const FOX = 'The quick brown fox jumps over the lazy dog near the river bank in spring';
const PRINTER = 'My printer prints blank pages since the last update of the driver on Monday';
const MARKET = 'Yesterday they went to the market and bought fresh fruit for the whole family';
const ENGINEER = 'Her brother is an engineer in a large company and travels a lot every year';
const same = (name: string, one: string, other: string): KeyCase => [
  name,
  'near',
  [one, other],
  `${JSON.stringify({ t: one })} · ${LIKE}`,
];
const apart = (name: string, one: string, other: string): KeyCase => [
  name,
  'near',
  [one, other],
  `${JSON.stringify({ t: one })} · ${JSON.stringify({ t: other })}`,
];

export const KEY_CASES: readonly KeyCase[] = [
  ['1 and 1.0', 'key', [1, 1.0], `{"t":1} · ${TWICE}`],
  ['1 and "1"', 'key', [1, '1'], '{"t":1} · {"t":"1"}'],
  ['0 and -0', 'key', [0, -0], `{"t":0} · ${TWICE}`],
  [
    'the order of fields',
    'key',
    [
      { a: 1, b: 2 },
      { b: 2, a: 1 },
    ],
    `{"t":{"a":1,"b":2}} · ${TWICE}`,
  ],
  ['a composed character and its parts', 'key', ['\u00e9', 'e\u0301'], '{"t":"\u00e9"} · {"t":"e\u0301"}'],
  ['a space at the end', 'key', ['a ', 'a'], '{"t":"a "} · {"t":"a"}'],
  same('punctuation', FOX, 'The quick, brown fox jumps over the lazy dog -- near the river bank, in spring!'),
  same('capitals', PRINTER, PRINTER.toUpperCase()),
  same(
    'zero-width spaces and soft hyphens',
    MARKET,
    MARKET.replace('market', 'mar\u200bket').replace('family', 'fa\u00admily'),
  ),
  same('spaces that do not break', ENGINEER, ENGINEER.replaceAll(' ', '\u00a0')),
  same(
    'NFC and NFD',
    'caf\u00e9 r\u00e9sum\u00e9 na\u00efve fa\u00e7ade \u00e9t\u00e9',
    'cafe\u0301 re\u0301sume\u0301 nai\u0308ve fac\u0327ade e\u0301te\u0301',
  ),
  same('Thai', 'วันนี้อากาศดีมากเราไปเดินเล่นที่สวนสาธารณะกันเถอะ', 'วันนี้อากาศดีมากเราไปเดินเล่นที่สวนสาธารณะกันเถอะนะ'),
  same('Chinese', '今天天气很好我们一起去公园散步吧然后回家吃晚饭', '今天天气很好我们一起去公园散步吧然后回家吃晚饭。'),
  same(
    'Korean, composed and not',
    '오늘은 날씨가 아주 좋아서 함께 공원에 갔습니다',
    '오늘은 날씨가 아주 좋아서 함께 공원에 갔습니다'.normalize('NFD'),
  ),
  same('one word', 'hello', 'Hello!'),
  same('apostrophes', "It's a test that won't fail", 'It’s a test that won’t fail'),
  apart(
    'numbers',
    'Route 1506 (R 1506) is located in Lamar County.',
    'Route 1508 (R 1508) is located in Lamar County.',
  ),
  apart(
    'Japanese',
    '私は昨日東京駅で友達に会って一緒に昼ご飯を食べました',
    '明日は大阪で会議があるので早く寝なければなりません',
  ),
  apart('Arabic', 'ذهبت أمس إلى السوق واشتريت بعض الفواكه', 'يعمل أخي مهندسا في شركة كبيرة ويسافر كثيرا'),
  apart('no word at all', '!!!', '???'),
  apart('nothing', '', ''),
  apart('emoji', '😀😀😀', '🎉🎉'),
];
