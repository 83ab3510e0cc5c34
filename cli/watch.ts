// docs/sdk.md#watch: `mizu watch`, which follows a run, as `mizu run` does too.
import { Command } from 'commander';
import pc from 'picocolors';
import type { Hex } from '../protocol/hex.ts';
import type { Network } from '../sdk/client/network.ts';
import type { Promised } from '../sdk/client/promise.ts';
import type { BatchView } from '../sdk/client/views.ts';
import type { Progress } from '../sdk/client/watch.ts';
import { asTyped } from './invocation.ts';
import { type NetworkFlags, parseHash, withNetwork, withNetworkOptions } from './options.ts';
import { createOutput, nextCommands, type Output } from './output.ts';
import { createProgressView } from './progress.ts';

export function watchCommand(setExitCode: (code: number) => void): Command {
  return withNetworkOptions(new Command('watch'))
    .description('follow a run; Ctrl-C leaves it going')
    .argument('<run>', 'id of the run', parseHash)
    .option('--json', 'print JSON, one event a line')
    .addHelpText('after', '\nExample:\n  $ npx mizu watch 0x6d3c…')
    .action(async (run: Hex, flags: NetworkFlags & { json?: boolean }) => {
      const output = createOutput(flags.json ?? false);
      setExitCode(
        await withNetwork(flags, async (network) => {
          const { findRecord } = await import('../sdk/client/state-file.ts');
          const promise = (await findRecord(run))?.promise;
          if (promise !== undefined) sayPromise(output, { kind: 'promised', promise });
          const end = await followRun(network, run, output);
          if (end === 'left') {
            sayLeft(output, run);
            return 0;
          }
          await printBatches(network, end, output);
          return printEnd(output, end);
        }),
      );
    });
}

/** Shows progress until the run has ended, or until Ctrl-C; after that the run goes on by itself. */
export async function followRun(network: Network, run: Hex, output: Output): Promise<Progress | 'left'> {
  const { watchRun } = await import('../sdk/client/watch.ts');
  const view = createProgressView(output);
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  let last: Progress | undefined;
  try {
    for await (const progress of watchRun(network, run, stop.signal)) {
      last = progress;
      view.show(progress);
    }
    view.end();
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
  return last !== undefined && last.status !== 'running' ? last : 'left';
}

/** The place of the run's message by the sequencer's promise, or why nobody has given one. */
export function sayPromise(output: Output, promised: Promised): void {
  if (promised.kind === 'none') {
    output.say(`${pc.bold('Promise')}  none: ${promised.why}`);
    return;
  }
  const { batch, message, sequencer } = promised.promise;
  output.say(
    `${pc.bold('Promise')}  message ${message} of batch ${batch}, signed by ${sequencer} (kept in .mizu/runs.json)`,
  );
}

export function sayLeft(output: Output, run: Hex): void {
  output.say(
    `\nThe run goes on without this terminal. Come back with:\n  ${pc.cyan(asTyped(`npx mizu watch ${run}`))}`,
  );
  output.data({ event: 'left', run });
}

/** Returns the exit code: 0 for a run that is done, 2 for one that ended otherwise. */
export function printEnd(output: Output, { run, status, error, failure, datasetRoot }: Progress): number {
  output.data({ event: 'end', run, status, error, failure, datasetRoot });
  if (status === 'done') {
    output.say(`\n${pc.green('done')}  dataset ${datasetRoot}`);
    output.say(
      nextCommands([
        [`mizu dataset get ${run} --output out`, 'fetch the rows'],
        [`mizu verify ${run}`, 'check it against L1 and DA'],
      ]),
    );
    return 0;
  }
  output.say(`\n${pc.red(`The run is ${status}.`)} ${error ?? ''}`);
  output.say(
    nextCommands([
      [`mizu why ${run}`, 'what happened'],
      ['mizu runs', 'your other runs'],
    ]),
  );
  return 2;
}

async function printBatches(network: Network, { batches }: Progress, output: Output): Promise<void> {
  for (const index of batches.slice(-20)) {
    const batch = (await network.rpc('mizu_getBatch', [index])) as BatchView | null;
    if (batch === null) continue;
    const place =
      batch.l1Transaction === null
        ? 'not on the L1 yet'
        : `${batch.status === 'void' ? 'void: its messages have had no effect, ' : ''}L1 transaction ${batch.l1Transaction} in block ${batch.l1Block}`;
    output.say(`  batch ${index}: ${batch.messages} messages, ${place}`);
    output.data({ event: 'batch', index, ...batch });
  }
}
