// docs/disputes.md#lies: lies about what a provable model has answered: by other weights, by another vocabulary, or by nothing at all.
import { createTrace, type Trace } from '../../dispute/trace/trace.ts';
import { gatherTrace } from '../../dispute/trace/trace-input.ts';
import { features } from '../../edge/backends/model/features.ts';
import { unpackWeights } from '../../edge/backends/model/weights.ts';
import { readSmallWeights } from '../../edge/backends/model/weights-file.ts';
import { loadModel } from '../../models/model.ts';
import type { StepInput } from '../../node/transition.ts';
import { objectRoot, treeRoot } from '../../protocol/tree.ts';
import { loadAnyProgram } from '../../vm/native/any-engine.ts';
import { createNativeEngine } from '../../vm/native/engine.ts';
import { memoryDepth, type Program } from '../../vm/program.ts';
import type { CorpusWorld } from './corpus-world.ts';
import { MODEL_REQUESTS, MODEL_TEXT } from './inbox.ts';
import { createCorpus, type Lie } from './lie.ts';
import { createSteps } from './steps.ts';

export async function modelLies(world: CorpusWorld): Promise<Lie[]> {
  const { after, before, execOf, withExec } = createSteps(world);
  const { lies, add } = createCorpus(after);
  const step = world.stepOf('model task');
  const exec = await execOf(step);
  const truth = Buffer.from((await world.node.objects.get(exec.outputRoot)) as Uint8Array).toString();
  const claim = (output: Uint8Array, gasUsed = exec.gasUsed) =>
    withExec(step, { ...exec, gasUsed, outputRoot: objectRoot(output), outputLength: output.length });
  const input = await gatherTrace(world.node, before(step), world.inputs[step] as StepInput);
  const { first, last } = programIn(createTrace(input));

  // Who computes with another image is right up to the machine in which the program starts.
  for (const [name, { output, gasUsed }] of await otherModels(truth))
    add(`model: ${name}`, step, claim(output, gasUsed), { from: first });

  const said = (change: (text: string) => string) => new TextEncoder().encode(change(truth));
  const answers: readonly (readonly [string, Uint8Array])[] = [
    ['another label in an answer', said((text) => text.replace('animal', 'artifact'))],
    [
      'a confidence that is rounded otherwise',
      said((text) => text.replace(/(0\.\d\d)(\d)/, (_, a, d) => `${a}${9 - d}`)),
    ],
    ['two answers have changed places', said(swapLines)],
    [
      'a token more in the header',
      said((text) => text.replace(/"inputTokens":(\d+)/, (_, n) => `"inputTokens":${Number(n) + 1}`)),
    ],
  ];
  const middle = (first + last) / 2n;
  for (const [name, output] of answers) add(`model: ${name}`, step, claim(output), { from: middle });
  add('model: another label, right up to the last instruction', step, claim(answers[0]![1]), { from: last });
  return lies;
}

function swapLines(text: string): string {
  const [head, one, other, ...rest] = text.split('\n');
  return [head, other, one, ...rest].join('\n');
}

/** What the model says with one bit of a weight flipped, and with two entries of its vocabulary in each other's place. */
async function otherModels(truth: string): Promise<[string, { output: Uint8Array; gasUsed: bigint }][]> {
  const { built } = await loadModel('datavm/small');
  const { memory } = built.program;
  const { hashes, starts, values, classes } = unpackWeights(readSmallWeights());
  const at = Buffer.from(memory).indexOf(Buffer.from(hashes.slice(0, 64).buffer));
  const valuesAt = at + Buffer.from(memory.subarray(at)).indexOf(Buffer.from(values.slice(0, 256).buffer));
  if (at < 0 || valuesAt - at < 4 * hashes.length + classes.length)
    throw new Error('the weights are not found in the image');
  const engine = createNativeEngine();
  const run = (change: (image: DataView) => void) => {
    const image = memory.slice();
    change(new DataView(image.buffer));
    const loaded = loadAnyProgram(engine, { ...withImage(built.program, image), wasm: built.wasm, fromImage: true });
    return loaded.run({
      inputs: [new Uint8Array(0), MODEL_REQUESTS],
      gasLimit: 1n << 30n,
      timestampNs: 0n,
      seed: new Uint8Array(32),
    });
  };
  const known = [...features(MODEL_TEXT)].flatMap((hash) => (hashes.indexOf(hash) < 0 ? [] : [hashes.indexOf(hash)]));
  const differing = (changes: readonly ((image: DataView) => void)[]) => {
    for (const change of changes) {
      const result = run(change);
      if (result.status === 0 && Buffer.from(result.output).toString() !== truth) return result;
    }
    throw new Error('no change of the image changes an answer');
  };
  const flips = known.flatMap((feature) =>
    Array.from({ length: starts[feature + 1]! - starts[feature]! }, (_, i) => (image: DataView) => {
      const place = valuesAt + starts[feature]! + i;
      image.setUint8(place, image.getUint8(place) ^ 0x40);
    }),
  );
  const swaps = known.map((feature) => (image: DataView) => {
    image.setUint32(at + 4 * feature, hashes[feature + 1]!, true);
    image.setUint32(at + 4 * feature + 4, hashes[feature]!, true);
  });
  return [
    ['a weight with one bit flipped', differing(flips)],
    ['two entries of the vocabulary have changed places', differing(swaps)],
  ];
}

function withImage(program: Program, memory: Uint8Array): Program {
  const { pagesMax } = program.header;
  return { ...program, memory, header: { ...program.header, memoryRoot: treeRoot(memory, memoryDepth(pagesMax)) } };
}

/** Positions of the first and the last machine that are the model's: they stand between those of the kernel. */
function programIn(trace: Trace): { readonly first: bigint; readonly last: bigint } {
  const isProgram = (position: bigint) => trace.place(position).machine === 'program';
  const length = trace.length();
  // It has more instructions than the kernel.
  const inside = length / 2n;
  if (!isProgram(inside)) throw new Error('the model is not most of the trace');
  const search = (outside: bigint): bigint => {
    let [out, own] = [outside, inside];
    while (own - out > 1n || out - own > 1n) {
      const middle = (out + own) / 2n;
      if (isProgram(middle)) own = middle;
      else out = middle;
    }
    return own;
  };
  return { first: search(0n), last: search(length - 1n) };
}
