// docs/disputes.md#playing: a dispute about a step of more than 10^9 instructions, with a compiled program, with a
// JavaScript one, and about answers of a provable model that take all the gas that a task may have.

import { encodeRequests } from '../edge/rows.ts';
import { loadModel } from '../models/model.ts';
import { type Duel, type DuelTask, playDuel } from '../test/lies/duel.ts';
import { assembleSource, type WasmSource } from '../test/network/chain.fixture.ts';
import { createQuickJsImage } from '../vm/quickjs/program.ts';

const TURNS = 375_000_000;
const ROUNDS = 1_100_000;

/** Six instructions a turn. */
export function loopProgram(turns: number): Promise<WasmSource> {
  return assembleSource(`(module
    (import "mizu" "output_write" (func $write (param i32 i32)))
    (memory (export "memory") 1 1)
    (func (export "_start") (local $n i32) (local $sum i32)
      (local.set $n (i32.const ${turns}))
      (loop $next
        (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 31)) (local.get $n)))
        (i32.store (i32.and (local.get $sum) (i32.const 0x7ffc)) (local.get $sum))
        (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
      (call $write (i32.const 0) (i32.const 128))))`);
}

const javaScriptProgram = (): Promise<WasmSource> =>
  createQuickJsImage(`globalThis.__mizu_main = (io) => {
    const counts = new Map();
    let state = 1;
    for (let i = 0; i < ${ROUNDS}; i++) {
      state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
      const word = 'w' + (state % 997);
      counts.set(word, (counts.get(word) ?? 0) + 1);
    }
    io.write(JSON.stringify([...counts].sort()) + '\\n');
  };`);

const MODEL = 'datavm/use-lite';
const TEXT = 'a small domesticated carnivorous mammal with soft fur';
/** Of 14 tokens, 194 million gas each: one more would be more gas than a task has. */
const TEXTS = 87;

async function longestModelTask(): Promise<DuelTask> {
  const schema = { type: 'array', items: { type: 'integer' }, minItems: 512, maxItems: 512 };
  const request = {
    messages: [{ role: 'user', content: TEXT }],
    response_format: { type: 'json_schema', json_schema: { name: 'vector', schema } },
  };
  const { built } = await loadModel(MODEL);
  const lines = Array.from({ length: TEXTS }, (_, i) => JSON.stringify([i, request]));
  return { model: built, requests: encodeRequests(MODEL, lines) };
}

const PROGRAMS: readonly (readonly [string, () => Promise<DuelTask>])[] = [
  ['compiled loop', () => loopProgram(TURNS)],
  ['javascript', javaScriptProgram],
];

/** For each program one row for the whole, one for each side, and one for each transaction. */
export function benchDispute(): Promise<object[]> {
  return play(PROGRAMS);
}

/** The same about the longest answers of a model. */
export function benchAnswers(): Promise<object[]> {
  return play([[MODEL, longestModelTask]]);
}

async function play(programs: typeof PROGRAMS): Promise<object[]> {
  const rows: object[] = [];
  for (const [program, build] of programs)
    rows.push(...rowsOf(await playDuel(await build())).map((row) => ({ program, ...row })));
  return rows;
}

function rowsOf({ transactions, sides, ...whole }: Duel): object[] {
  const [part, gasUsed] = ['whole dispute', transactions.reduce((sum, { gas }) => sum + gas, 0n)];
  return [{ part, transactions: transactions.length, gas: gasUsed, ...whole }, ...sides, ...transactions];
}
