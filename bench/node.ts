// Measures the path of a step: `node --import ./scripts/ts.mjs bench/node.ts [partitions]`. Prints one line of JSON.
import { performance } from 'node:perf_hooks';
import { createBodyRecorder } from '../node/body/recorder.ts';
import { createMemoryObjects } from '../service/storage/objects.ts';
import { createRunMessages, openTestNode, toSteps } from '../test/network/chain.fixture.ts';

const partitions = Number(process.argv[2] ?? 500);
const node = await openTestNode(createMemoryObjects(), 2);
let kernelMs = 0;
const { kernel } = node;
const step = kernel.step;
kernel.step = (input) => {
  const start = performance.now();
  const answer = step(input);
  kernelMs += performance.now() - start;
  return answer;
};
const { deposit, messages } = await createRunMessages(node.objects, partitions);
const steps = toSteps(0n, [deposit, ...messages], 1);
const record = createBodyRecorder(node.objects)(0n, node.genesis.stateLeaf);

async function run(
  from: number,
  to: number,
  start: Uint8Array,
): Promise<{ leaf: Uint8Array; ms: number; cpuMs: number; kernelMs: number; kernelGas: bigint }> {
  let leaf = start;
  kernelMs = 0;
  let kernelGas = 0n;
  const began = performance.now();
  const cpu = process.cpuUsage();
  for (let i = from; i < to; i++) {
    if (i % 8 === 0) node.transition.speculate(leaf, steps.slice(i, i + 64));
    const next = steps[i]!;
    const outcome = await node.transition.step(leaf, next.context, next.message);
    if (!outcome.receipt.ok) throw new Error(`step ${i}: ${outcome.receipt.error}`);
    await record.add({
      context: next.context,
      message: next.message.bytes,
      stateLeaf: outcome.stateLeaf,
      receipt: outcome.receiptBytes,
      execs: outcome.touched.execs,
      nodes: [...outcome.touched.nodes, ...outcome.nodes],
    });
    kernelGas += outcome.gasUsed;
    leaf = outcome.stateLeaf;
  }
  return {
    leaf,
    ms: performance.now() - began,
    cpuMs: (process.cpuUsage(cpu).user + process.cpuUsage(cpu).system) / 1000,
    kernelMs,
    kernelGas,
  };
}

const prepared = await run(0, 3, node.genesis.stateLeaf);
const cold = await run(3, steps.length, prepared.leaf);
const known = await run(3, steps.length, prepared.leaf);
const chunks = await record.finish();
const count = steps.length - 3;
const figures = (name: string, { ms, cpuMs, kernelMs: inKernel, kernelGas }: typeof cold) => ({
  [`${name}StepsPerSecond`]: Math.round((count / ms) * 1000),
  [`${name}MsPerStep`]: Number((ms / count).toFixed(3)),
  [`${name}CpuMsPerStep`]: Number((cpuMs / count).toFixed(3)),
  [`${name}KernelMsPerStep`]: Number((inKernel / count).toFixed(3)),
  [`${name}KernelGasPerStep`]: Number(kernelGas / BigInt(count)),
});
const bodyBytes = chunks.reduce((sum, { length }) => sum + length, 0);
console.log(
  JSON.stringify({
    steps: count,
    ...figures('cold', cold),
    ...figures('known', known),
    bodyBytesPerStep: Math.round(bodyBytes / (2 * count + 3)),
  }),
);
await node.close();
