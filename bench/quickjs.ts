// docs/vm.md#quickjs: the cost of a JavaScript program: `node --import ./scripts/ts.mjs bench/quickjs.ts`.
import { performance } from 'node:perf_hooks';
import { parameters } from '../test/modules/plain-host.fixture.ts';
import { loadModule } from '../vm/load.ts';
import { createNativeEngine } from '../vm/native/engine.ts';
import { createProgram } from '../vm/program.ts';
import { createQuickJsImage } from '../vm/quickjs/program.ts';

const ROWS = 2000;
const RUNS = 6;
const HEAVY = `(row) => {
  const clean = row.text.toLowerCase().replace(/[^a-z0-9 ]+/g, ' ').replace(/\\s+/g, ' ').trim();
  const counts = new Map();
  for (const word of clean.split(' ')) counts.set(word, (counts.get(word) ?? 0) + 1);
  const top = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, 10);
  return JSON.stringify({ id: row.id, clean, words: counts.size, top });
}`;
const PROGRAMS: Readonly<Record<string, string>> = {
  nothing: '() => {}',
  'copy lines': "(io) => { io.open(1); while (io.next()) io.write(io.line() + '\\n'); }",
  'parse, stringify': "(io) => { io.open(1); while (io.next()) io.write(JSON.stringify(io.json()) + '\\n'); }",
  'clean, tokenise, count': `(io) => { const work = ${HEAVY}; io.open(1); while (io.next()) io.write(work(io.json()) + '\\n'); }`,
};

/** Rows of about 500 bytes, the same on every machine. */
function createRows(): string[] {
  const words =
    'The quick brown fox, jumps over the lazy dog; pack my box with five dozen liquor jugs! How vexingly'.split(' ');
  let state = 1;
  const next = () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state;
  };
  return Array.from({ length: ROWS }, (_, id) => {
    let text = '';
    while (text.length < 480) text += `${words[(next() >> 8) % words.length]} `;
    return JSON.stringify({ id, text });
  });
}

function best(run: () => void): number {
  let fastest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < RUNS; i++) {
    const started = performance.now();
    run();
    fastest = Math.min(fastest, performance.now() - started);
  }
  return fastest;
}

const rows = createRows();
const input = new TextEncoder().encode(`${rows.join('\n')}\n`);
const engine = createNativeEngine();
for (const [name, main] of Object.entries(PROGRAMS)) {
  const started = performance.now();
  const { wasm, image } = await createQuickJsImage(`globalThis.__mizu_main = ${main};`);
  const built = performance.now();
  const program = engine.load({ ...createProgram({ module: loadModule(wasm), image }), wasm, fromImage: true });
  if (program.kind !== 'native') throw new Error(program.reason);
  const loaded = performance.now();
  const request = {
    inputs: [parameters(['aflow']), input],
    gasLimit: 1n << 50n,
    timestampNs: 0n,
    seed: new Uint8Array(32),
  };
  let gas = 0n;
  const milliseconds = best(() => {
    const result = engine.run(program, request);
    if (result.status !== 0) throw new Error(`${name}: status ${result.status}`);
    gas = result.gasUsed;
  });
  console.log(
    `${name.padEnd(24)} ${((milliseconds * 1000) / ROWS).toFixed(1).padStart(7)} us/row ${String(gas / BigInt(ROWS)).padStart(9)} gas/row` +
      `   build ${(built - started).toFixed(0)} ms, lower and load ${(loaded - built).toFixed(0)} ms, image ${image.memory.length >> 10} KiB`,
  );
}
const work = new Function(`return ${HEAVY}`)() as (row: unknown) => string;
const inNode = best(() => {
  for (const row of rows) work(JSON.parse(row));
});
console.log(`${'the last one in Node'.padEnd(24)} ${((inNode * 1000) / ROWS).toFixed(1).padStart(7)} us/row`);
