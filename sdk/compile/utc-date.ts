// docs/sdk.md#language: the clock of a Node context in UTC, whatever the machine's time zone: in the DataVM there is no other.

const PARTS = ['FullYear', 'Month', 'Date', 'Hours', 'Minutes', 'Seconds', 'Milliseconds'] as const;
/** Ends with a zone: a letter or a name, with or without an offset, or an offset after the time. */
const ZONED =
  /(?:\dz|\b(?:utc?|gmt|z|[ecmp][sd]t)(?:\s*[+-]\d[\d:]*)?|:\d\d[^a-z]*?[+-]\d[\d:]*)\s*(?:\([^)]*\)\s*)*$/i;
/** Of ECMAScript's own forms a date alone is in UTC, a time without a zone is not. */
const DAY = /^\s*(?:\d{4}|[+-]\d{6})(?:-\d\d(?:-\d\d)?)?\s*$/;
const TIME = /^(?:\d{4}|[+-]\d{6})(?:-\d\d(?:-\d\d)?)?T/;

type Methods = Record<string, (...values: number[]) => unknown>;

/** Changes the `Date` of `context`. */
export function standInUtc(Original: DateConstructor, context: object): void {
  const methods = Original.prototype as unknown as Methods;
  const set = (target: object, name: string, value: unknown): void => {
    Object.defineProperty(target, name, { value, writable: true, configurable: true, enumerable: false });
  };
  for (const part of PARTS) {
    set(methods, `get${part}`, methods[`getUTC${part}`]);
    set(methods, `set${part}`, methods[`setUTC${part}`]);
  }
  set(methods, 'getDay', methods.getUTCDay);
  set(methods, 'getTimezoneOffset', function (this: Date) {
    return this.getTime() * 0;
  });
  set(methods, 'getYear', function (this: Date) {
    return this.getUTCFullYear() - 1900;
  });
  set(methods, 'setYear', function (this: Date, year: number) {
    const whole = Math.trunc(year);
    return this.setUTCFullYear(whole >= 0 && whole <= 99 ? 1900 + whole : year);
  });
  const words = (date: Date) => /^(\w+), (\d+) (\w+) (-?\d+) ([\d:]+) GMT$/.exec(date.toUTCString())?.slice(1);
  const text = (write: (day: string, date: string, month: string, year: string, time: string) => string) =>
    function (this: Date): string {
      const [day, date, month, year, time] = words(this) ?? [];
      return day === undefined ? 'Invalid Date' : write(day, date!, month!, year!, time!);
    };
  const day = (...[name, date, month, year]: string[]) => `${name} ${month} ${date} ${year}`;
  set(methods, 'toDateString', text(day));
  set(
    methods,
    'toTimeString',
    text((...[, , , , time]) => `${time} GMT+0000`),
  );
  set(
    methods,
    'toString',
    text((...all) => `${day(...all)} ${all[4]} GMT+0000`),
  );

  const { parse } = Original;
  const parseUtc = (value: unknown): number => {
    const given = `${value as string}`;
    if (DAY.test(given) || ZONED.test(given)) return parse(given);
    return parse(TIME.test(given) ? `${given}Z` : `${given} UTC`);
  };
  const Utc = function (this: unknown, ...values: unknown[]): unknown {
    if (new.target === undefined) return Reflect.construct(Utc, values).toString();
    return Reflect.construct(Original, [timeOf(Original, values, parseUtc)].slice(0, values.length), new.target);
  } as unknown as DateConstructor;
  Object.defineProperty(Utc, 'prototype', { value: Original.prototype, writable: false });
  set(Utc, 'name', 'Date');
  set(Utc, 'length', 7);
  set(Utc, 'now', Original.now);
  set(Utc, 'UTC', Original.UTC);
  set(Utc, 'parse', parseUtc);
  set(methods, 'constructor', Utc);
  set(context, 'Date', Utc);
}

function timeOf(Original: DateConstructor, values: readonly unknown[], parse: (text: string) => number): unknown {
  if (values.length > 1) return Original.UTC(...(values as [number, number]));
  const [value] = values;
  if (typeof value !== 'object' || value === null) return typeof value === 'string' ? parse(value) : value;
  if (Object.prototype.toString.call(value) === '[object Date]') return Original.prototype.getTime.call(value);
  const primitive = toPrimitive(value);
  return typeof primitive === 'string' ? parse(primitive) : primitive;
}

/** As an object becomes a primitive without a hint. */
function toPrimitive(value: object): unknown {
  const method = (value as { [Symbol.toPrimitive]?: (hint: string) => unknown })[Symbol.toPrimitive];
  if (method != null) return method.call(value, 'default');
  const number: unknown = value.valueOf();
  return typeof number === 'object' || typeof number === 'function' ? String(value) : number;
}
