// docs/operations.md#demo: `mizu demo`: the main job from nothing to a verified dataset.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, Option } from 'commander';
import pc from 'picocolors';
import { asTyped } from '../cli/invocation.ts';
import { parseCount } from '../cli/options.ts';
import { createOutput, formatDuration, nextCommands, type Output } from '../cli/output.ts';
import { describeDevnet, devnetCommands, stopLine } from '../devnet/command.ts';
import type { Devnet } from '../devnet/devnet.ts';
import type { Confirmation } from '../sdk/client/confirm.ts';
import { formatCount } from '../sdk/client/money.ts';
import type { Network } from '../sdk/client/network.ts';
import { runService } from '../service/process/process.ts';
import type { CheatParts } from './demo-cheat.ts';

type DemoFlags = { stay?: boolean; every: number; cheat?: boolean; json?: boolean };

const LIAR = fileURLToPath(new URL('./liar-process.ts', import.meta.url));
const WORKFLOW = fileURLToPath(new URL('../examples/gloss-domains/workflow.ts', import.meta.url));
const CONFIRM_SECONDS = 180;
/** The outcome of Ctrl-C before the end: the exit code is that of a program that SIGINT has ended. */
const INTERRUPTED = { code: 130, devnet: { close: async () => {}, failed: new Promise<never>(() => {}) } } as const;

export function demoCommand(setExitCode: (code: number) => void): Command {
  return new Command('demo')
    .description(
      'the main job end to end on this machine: network, workflow, dataset, confirmation on L1, verification',
    )
    .option('--stay', 'keep the network up until Ctrl-C')
    .option('--every <n>', 'only every n-th gloss', parseCount, 1)
    .addOption(
      new Option('--cheat', 'another demo: an executor lies about a row, and is caught on L1').conflicts([
        'every',
        'stay',
      ]),
    )
    .option('--json', 'print JSON, one event a line')
    .addHelpText('after', '\nExample:\n  $ npx mizu demo --every 10\n  $ npx mizu demo --cheat')
    .action(async (flags: DemoFlags) => {
      const output = createOutput(flags.json ?? false);
      let outcome = 1;
      const stopped = await runService(async (stop) => {
        stop.addEventListener('abort', () => output.say(pc.dim(`\n${stopLine()}`)));
        const { devnet, code } = await play(flags, output, stop);
        outcome = code;
        if (flags.stay && code === 0) {
          output.say(nextCommands(devnetCommands()));
          output.say(pc.dim('\nThe network stays up. Ctrl-C stops it.'));
          return { close: () => devnet.close(), done: devnet.failed };
        }
        return { close: () => devnet.close(), done: Promise.resolve() };
      });
      // Work that was given up may still wait for a network that is gone.
      if (outcome === INTERRUPTED.code) process.exit(outcome);
      setExitCode(stopped === 0 ? outcome : stopped);
    });
}

async function play(
  flags: DemoFlags,
  output: Output,
  stop: AbortSignal,
): Promise<{ devnet: Pick<Devnet, 'close' | 'failed'>; code: number }> {
  const started = Date.now();
  const heading = (text: string) => output.say(`\n${pc.bold(pc.cyan(text))}`);
  const { startDevnet } = await import('../devnet/devnet.ts');
  heading('1. A network on this machine');
  const onProgress = (line: string) => output.say(`  ${pc.dim(line)}`);
  const devnet = await startDevnet({
    folder: '.',
    liar: flags.cheat ? LIAR : undefined,
    onProgress,
    signal: stop,
  }).catch((error: unknown) => {
    if (!stop.aborted) throw error;
  });
  if (devnet === undefined) return INTERRUPTED;
  output.say(describeDevnet(devnet));
  output.data({ event: 'up', rpcUrl: devnet.rpcUrl, l1Url: devnet.l1Url });
  try {
    const { connectNetwork } = await import('../sdk/client/network.ts');
    const { fromPrivateKey } = await import('../sdk/client/signer.ts');
    const signer = fromPrivateKey(devnet.developer.privateKey);
    const network = await connectNetwork({
      rpcUrl: devnet.rpcUrl,
      l1RpcUrl: devnet.l1Url,
      trust: devnet.trust,
      signer,
    });
    try {
      const interrupted = new Promise<typeof INTERRUPTED.code>((resolve) => {
        if (stop.aborted) resolve(INTERRUPTED.code);
        stop.addEventListener('abort', () => resolve(INTERRUPTED.code));
      });
      const parts = { devnet, network, output, heading, stop };
      const played = flags.cheat ? playCheat(parts) : runExample(network, flags.every, output, heading);
      const code = await Promise.race([played, interrupted]);
      if (code === 0) output.say(`\n${pc.green('All of it took')} ${formatDuration((Date.now() - started) / 1000)}.`);
      return { devnet, code };
    } finally {
      await network.close();
    }
  } catch (error) {
    await devnet.close();
    throw error;
  }
}

async function playCheat(parts: CheatParts): Promise<number> {
  const { runCheat } = await import('./demo-cheat.ts');
  return runCheat(parts);
}

async function runExample(
  network: Network,
  every: number,
  output: Output,
  heading: (text: string) => void,
): Promise<number> {
  const folder = join('.mizu', 'demo');
  await mkdir(folder, { recursive: true });
  heading('2. Real text: dictionary glosses that the built-in model was not trained on');
  const { extractGlosses } = await import('../examples/gloss-domains/extract.ts');
  const { input, truth, rows } = await extractGlosses(folder, every);
  output.say(`  ${formatCount(rows)} rows in ${input}`);

  heading('3. The workflow, in plain TypeScript: examples/gloss-domains/workflow.ts');
  const { prepareWorkflow } = await import('../cli/prepare.ts');
  const { runWorkflow } = await import('../cli/run.ts');
  const dataset = join(folder, 'dataset');
  const workflow = await prepareWorkflow(WORKFLOW);
  const began = Date.now();
  const flags = { input: [{ value: input }], output: dataset, hours: 1, isDemo: true };
  const { code, run } = await runWorkflow(network, workflow, flags, output);
  if (code !== 0 || run === undefined) return code === 0 ? 1 : code;
  const seconds = (Date.now() - began) / 1000;

  heading('4. Final on L1');
  const { waitForAttestation, waitForConfirmation } = await import('../sdk/client/confirm.ts');
  const attested = await waitForAttestation(network, run, CONFIRM_SECONDS);
  output.say(`  ${pc.green('attested')} by validators with two thirds of the stake`);
  output.data({ event: 'attested', assertion: attested.assertion });
  const { batches, assertion } = await waitForConfirmation(network, run, CONFIRM_SECONDS);
  const gas = batches.reduce((sum, batch) => sum + batch.gasUsed, 0);
  output.say(describeBatches(batches, gas));
  output.say(`  assertion   ${assertion.l1Transaction}`);
  output.say(`  ${pc.green('confirmed on L1')}`);
  output.data({ event: 'confirmed', batches, assertion });

  heading(asTyped('5. Verified from L1 and DA alone: npx mizu verify .mizu/demo/dataset'));
  const { verifyTarget } = await import('../sdk/client/verify.ts');
  await verifyTarget(dataset, true, {}, (line) => output.say(`  ${pc.green('✓')} ${line}`));

  heading('6. How good is it?');
  const { measureAccuracy, readDataset } = await import('../examples/gloss-domains/accuracy.ts');
  const quality = await measureAccuracy(readDataset(dataset), truth);
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  output.say(
    `  ${formatCount(quality.right)} of ${formatCount(quality.rows)} rows have the domain that WordNet's authors chose: ${percent(quality.accuracy)} (always the most frequent one: ${percent(quality.baseline)})`,
  );
  output.say(
    `  ${Math.round(rows / seconds)} rows/s from quote to dataset; L1 gas of the batches: ${formatCount(gas)}, ${(gas / rows).toFixed(1)} a row`,
  );
  output.data({ event: 'demo', ...quality, rows, seconds, l1Gas: gas, l1GasPerRow: gas / rows });
  return 0;
}

/** The transactions that fix the order of the run's messages: the first, the last, and what all of them cost. */
export function describeBatches(batches: Confirmation['batches'], gas: number): string {
  const shown = batches.length <= 3 ? batches : [batches[0]!, batches.at(-1)!];
  const lines = shown.map(
    ({ index, transaction, gasUsed }) =>
      `  batch ${String(index).padEnd(5)} ${transaction}  ${formatCount(gasUsed)} gas`,
  );
  if (batches.length > 3) lines.splice(1, 0, pc.dim(`  and ${batches.length - 2} between them`));
  return [
    ...lines,
    `  ${batches.length} ${batches.length === 1 ? 'batch' : 'batches'}, ${formatCount(gas)} gas on L1`,
  ].join('\n');
}
