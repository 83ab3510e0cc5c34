// docs/vm.md#quickjs: JavaScript for the overhead of the native rewrite, with its input.
import { parameters } from '../../test/modules/plain-host.fixture.ts';

const ROWS = 150;
const WORDS =
  'The quick brown fox, jumps over the lazy dog; pack my box with five dozen liquor jugs! How vexingly'.split(' ');

/** The work of each row, as a bundle. */
export const JAVASCRIPT_WORKLOADS: Readonly<Record<string, string>> = {
  'javascript: clean, tokenise, count': bundle(`(row) => {
    const clean = row.text.toLowerCase().replace(/[^a-z0-9 ]+/g, ' ').replace(/\\s+/g, ' ').trim();
    const counts = new Map();
    for (const word of clean.split(' ')) counts.set(word, (counts.get(word) ?? 0) + 1);
    const top = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, 10);
    return JSON.stringify({ id: row.id, clean, words: counts.size, top });
  }`),
  'javascript: nothing but the interpreter': bundle(`(row) => {
    const state = { a: 1, b: 2 };
    const next = (x) => x * 3 + state.a;
    let sum = 0;
    for (let i = 0; i < 3000; i++) {
      sum = (sum + next(i)) | 0;
      state.b = sum & 7;
    }
    return String(sum + row.id);
  }`),
};

function bundle(work: string): string {
  return `globalThis.__mizu_main = (io) => { const work = ${work}; io.open(1); while (io.next()) io.write(work(io.json()) + '\\n'); };`;
}

/** Rows of about 500 bytes, the same on every machine. */
export function javaScriptInputs(): Uint8Array[] {
  let state = 1;
  const rows = Array.from({ length: ROWS }, (_, id) => {
    let text = '';
    while (text.length < 480) {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
      text += `${WORDS[(state >> 8) % WORDS.length]} `;
    }
    return JSON.stringify({ id, text });
  });
  return [parameters(['abench']), new TextEncoder().encode(`${rows.join('\n')}\n`)];
}
