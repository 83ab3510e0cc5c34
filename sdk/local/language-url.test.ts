// docs/sdk.md#language: URL means in both engines what it means in Node.
import fc from 'fast-check';
import { afterAll, beforeAll, test } from 'vitest';
import { type Language, openLanguage, sample } from '../../test/sdk/language.fixture.ts';

let language: Language;
beforeAll(async () => {
  language = await openLanguage();
});
afterAll(() => language?.close());

// Without labels that begin with xn-- and are no Punycode: Node.js 24 takes them, earlier ones do not (test/cases/language-table.ts).
const hosts = fc.oneof(
  fc.constantFrom(
    'example.org',
    'EXAMPLE.org',
    'a_b.c',
    'xn--bcher-kva.example',
    'bücher.example',
    '例え.テスト',
    'faß.de',
    'a\u00adb.c',
    'ａ.b',
    'אבג.com',
    'a.א1',
    '1.2.3.4',
    '1.2.3',
    '0x7f.1',
    '256.1.1.1',
    '1.2.3.4.',
    '09.1',
    '[::1]',
    '[::1',
    '[1:2::3:4.5.6.7]',
    '[v1.a]',
    'a b',
    'a%20b',
    '%41.b',
    'a..b',
    '.',
    '',
    '-a-',
    'a|b',
    '\u200d.c',
    'क्\u200dष.com',
    'localhost',
    'a.0x',
    'a.1b',
    '4294967296',
  ),
  fc.stringMatching(/^[a-z0-9.-]{1,8}$/),
);
const pieces = fc.string({
  unit: fc.constantFrom(
    'a',
    'Z',
    '1',
    '/',
    '.',
    '..',
    '%2e',
    '%',
    '\\',
    '?',
    '#',
    ' ',
    'é',
    '😀',
    '&',
    '=',
    '+',
    '|',
    "'",
    '"',
    '<',
    '`',
    '{',
    '\t',
    '\n',
    ';',
    ':',
    '@',
    '[',
    ']',
  ),
  maxLength: 6,
});
const urls = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(
        fc.constantFrom('http', 'https', 'HTTPS', 'ftp', 'ws', 'file', 'foo', 'a+b-.1'),
        fc.constantFrom('://', '://', '://', ':', ':/', ':///', ':\\\\'),
        fc.constantFrom('', '', '', 'u@', 'u:p@', '@', 'ü:@'),
        hosts,
        fc.constantFrom('', '', '', ':80', ':443', ':', ':99999', ':8080', ':a', ':0'),
        fc.constantFrom('', '/', '?', '#', '/x'),
        pieces,
      )
      .map((parts) => parts.join('')),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(
        fc.constantFrom(
          'mailto:',
          'data:',
          'blob:https://a.b/',
          'javascript:',
          'urn:',
          '',
          ' ',
          '//',
          '/',
          '1a:',
          'a:',
        ),
        pieces,
      )
      .map((parts) => parts.join('')),
  },
);

test('URLs', async () => {
  await language.compare(
    sample(urls, 250, 1).map((text) => ['href', text]),
    (text: string) => {
      const u = new URL(text);
      return [
        u.href,
        u.origin,
        u.protocol,
        u.username,
        u.password,
        u.host,
        u.hostname,
        u.port,
        u.pathname,
        u.search,
        u.hash,
        [...u.searchParams],
        String(u),
        JSON.stringify(u),
      ];
    },
  );
  await language.compare(
    sample(urls, 300, 2).map((text) => ['canParse', text]),
    (text: string) => URL.canParse(text),
  );
  await language.compare(
    sample(fc.tuple(fc.oneof(urls, fc.constantFrom('../a', '?q', '#f', '//b', '/p', '', 'x:y')), urls), 60, 3).map(
      ([text, base]) => ['canParse', text, base],
    ),
    (text: string, base: string) => URL.canParse(text, base),
  );
});

test('parts of URLs that are set', async () => {
  const parts = fc.constantFrom(
    'protocol',
    'username',
    'password',
    'host',
    'hostname',
    'port',
    'pathname',
    'search',
    'hash',
  );
  const base = fc.constantFrom(
    'https://u:p@example.org:8080/a/b?x=1#f',
    'mailto:a@b',
    'file:///c/d',
    'http://1.2.3.4/',
    'foo://h/p?q',
  );
  // Node 20 takes a port of nothing but a tab for an empty one.
  const value = fc.oneof(
    pieces.map((text) => text.replace(/[\t\n]/g, '')),
    fc.constantFrom(
      '',
      '80',
      '65536',
      'ftp',
      'https:',
      'a b',
      '?a=1&b',
      '#é',
      '[::1]',
      'x.y:9',
      '/../z',
      '[::g]',
      '0x7f.1',
    ),
  );
  await language.compare(
    sample(fc.tuple(base, parts, value), 200, 4).map((call) => ['set', ...call]),
    (text: string, name: 'href', to: string) => {
      const u = new URL(text);
      void u.searchParams;
      u[name] = to;
      return [u.href, [...u.searchParams]];
    },
  );
});

test('parameters', async () => {
  const name = fc.constantFrom('a', 'b', 'é', ' ', '&=', '');
  const calls = fc.array(
    fc.oneof(
      fc.tuple(fc.constantFrom('append', 'set', 'has', 'delete'), name, name),
      fc.tuple(fc.constantFrom('get', 'getAll', 'has', 'delete'), name),
      fc.constant(['sort']),
    ),
    { maxLength: 6 },
  ) as fc.Arbitrary<[string, ...string[]][]>;
  const init = fc.oneof(
    fc.constantFrom('', '?a=1&b=2&a=3', 'é=%C3%A9&+=%20', 'a&b&=c&&', '%zz=%4', '%ff'),
    fc.array(fc.tuple(name, name), { maxLength: 4 }),
    fc.dictionary(name, name, { maxKeys: 3 }).map((record) =>
      Object.fromEntries(
        Object.keys(record)
          .sort()
          .map((key) => [key, record[key]!]),
      ),
    ),
  );
  await language.compare(
    sample(fc.tuple(init, calls), 120, 5).map((call) => ['params', ...call]),
    (from: string, list: [string, ...never[]][]) => {
      const p = new URLSearchParams(from) as unknown as Record<string, (...values: never[]) => unknown> &
        URLSearchParams;
      const seen = list.map(([method, ...values]) => p[method]!(...values) ?? null);
      return [String(p), p.size, seen, [...p.keys()], [...p.values()]];
    },
  );
  await language.compare(
    sample(fc.tuple(fc.constantFrom('https://h/?a=1&b=2', 'https://h/#f', 'x:y?q'), calls), 60, 6).map((call) => [
      'linked',
      ...call,
    ]),
    (text: string, list: [string, ...never[]][]) => {
      const u = new URL(text);
      const p = u.searchParams as unknown as Record<string, (...values: never[]) => unknown>;
      for (const [method, ...values] of list) p[method]!(...values);
      return u.href;
    },
  );
});
