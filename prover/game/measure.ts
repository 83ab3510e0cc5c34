// What one side computes in a whole game about a long step: `node --import ./scripts/ts.mjs prover/game/measure.ts [millions]`.
import { createRunMessages, kernelEngine, openTestNode, toSteps } from '../chain.fixture.ts';
import { createOneStepVerifier } from '../osp.ts';
import { firstList, LIST_LENGTH, listPositions, segmentLength, type TraceOracle } from './play.ts';
import { createTrace } from './trace.ts';
import { gatherTrace } from './trace-input.ts';

const millions = Number(process.argv[2] ?? 1000);
/** Instructions of one turn of the loop below. */
const PER_TURN = 4;

const LOOP = `(module
  (import "mizu" "output_write" (func $write (param i32 i32)))
  (memory (export "memory") 1 1)
  (func (export "_start") (local $n i32) (local $sum i32)
    (local.set $n (i32.const ${Math.ceil((millions * 1e6) / PER_TURN)}))
    (loop $next
      (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 31)) (local.get $n)))
      (i32.store (i32.and (local.get $sum) (i32.const 0x7ffc)) (local.get $sum))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (call $write (i32.const 0) (i32.const 128))))`;

const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(2)} s`;
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const node = await openTestNode();
try {
  const limit = BigInt(millions) * 10_000_000n;
  const options = { wat: LOOP, taskGasLimit: limit };
  const { deposit, messages } = await createRunMessages(node.objects, 1, 0n, undefined, options);
  const steps = toSteps(0n, [deposit, ...messages], 1);
  const TASK = 3;
  let leaf = node.genesis.stateLeaf;
  for (const { context, message } of steps.slice(0, TASK))
    leaf = (await node.transition.step(leaf, context, message)).stateLeaf;
  let start = performance.now();
  const input = await gatherTrace({ ...node, kernel: kernelEngine.program }, leaf, steps[TASK]!);
  say(`native: ${seconds(start)}, ${input.execs[0]?.result.gasUsed ?? 0n} instructions of the program`);
  const trace = createTrace(input);
  const oracle: TraceOracle = {
    hashesAt: async (positions) => trace.hashesAt(positions),
    prove: async (position) => trace.prove(position),
  };
  const whole = performance.now();
  start = performance.now();
  await firstList(oracle);
  say(`list 1: ${seconds(start)}`);
  const target = (trace.length() * 7n) / 10n;
  let from = 0n;
  for (let lists = 2; lists <= 8; lists++) {
    const length = segmentLength(lists - 1);
    from += ((target - from) / length) * length;
    start = performance.now();
    trace.hashesAt(listPositions(from, length / BigInt(LIST_LENGTH)));
    say(`list ${lists}, segments of ${segmentLength(lists)}: ${seconds(start)}`);
  }
  start = performance.now();
  const proof = trace.prove(target);
  const verdict = await (await createOneStepVerifier()).step(proof);
  say(`proof of ${proof.length} bytes: ${seconds(start)}, ${verdict.kind}`);
  say(`one side, whole game over ${trace.length()} instructions: ${seconds(whole)}`);
} finally {
  await node.close();
}
