// docs/operations.md#devnet: `mizu devnet`
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import pc from 'picocolors';
import { asTyped } from '../cli/invocation.ts';
import { createOutput, nextCommands } from '../cli/output.ts';
import type { Devnet } from '../devnet/devnet.ts';
import type { OpenAiEndpoint } from '../devnet/processes.ts';
import { shellWord } from '../sdk/output/shell-word.ts';
import { namesOfEndpointModel } from '../sdk/workflow/model-names.ts';
import { runService } from '../service/process/process.ts';

export type EndpointFlags = {
  readonly openaiUrl?: string;
  readonly openaiModel?: string;
  readonly openaiKeyEnv: string;
};

export function withEndpointOptions(command: Command): Command {
  return command
    .option('--openai-url <url>', 'OpenAI-compatible endpoint that the workers may call, up to and with /v1')
    .option('--openai-model <name>', 'model at that endpoint; workflows name it <name> or endpoint/<name>')
    .option('--openai-key-env <name>', 'environment variable with its key', 'OPENAI_API_KEY');
}

export function endpointOf({ openaiUrl, openaiModel, openaiKeyEnv }: EndpointFlags): OpenAiEndpoint | undefined {
  if (openaiUrl === undefined || openaiModel === undefined) return undefined;
  const models = Object.fromEntries(namesOfEndpointModel(openaiModel).map((name) => [name, openaiModel]));
  return { baseUrl: openaiUrl, apiKeyEnv: openaiKeyEnv, models };
}

export function devnetCommand(setExitCode: (code: number) => void): Command {
  const command = new Command('devnet')
    .description(
      'run a whole network on this machine: L1, contracts, DA committee, sequencer, executor, validator, edge',
    )
    .option('--keep', 'go on with it after a restart: L1, runs and datasets stay')
    .option('--json', 'print one JSON object a line');
  return withEndpointOptions(command)
    .addHelpText(
      'after',
      '\nExample:\n  $ npx mizu devnet\n  $ npx mizu run examples/licences/workflow.ts --input licences.jsonl --output out   # in another terminal',
    )
    .action(async (flags: EndpointFlags & { keep?: boolean; json?: boolean }) => {
      const output = createOutput(flags.json ?? false);
      const { startDevnet } = await import('../devnet/devnet.ts');
      const code = await runService(async (stop) => {
        stop.addEventListener('abort', () => output.say(pc.dim(`\n${stopLine(flags.keep)}`)));
        const devnet = await startDevnet({
          folder: '.',
          openai: endpointOf(flags),
          keep: flags.keep,
          onProgress: (line) => output.say(`  ${pc.dim(line)}`),
          signal: stop,
        }).catch((error: unknown) => {
          if (!stop.aborted) throw error;
        });
        // Work that was given up may still wait for an L1 that is gone.
        if (devnet === undefined) process.exit(130);
        output.data({ event: 'up', rpcUrl: devnet.rpcUrl, l1Url: devnet.l1Url, processes: devnet.processes() });
        output.say(describeDevnet(devnet));
        output.say(nextCommands(devnetCommands()));
        output.say(
          pc.dim(`\nCtrl-C stops the network. ${flags.keep ? '' : 'It is deleted then: '}${fateOf(flags.keep)}`),
        );
        return { close: () => devnet.close(), done: devnet.failed };
      });
      setExitCode(code);
    });
}

function fateOf(keep = false): string {
  return keep
    ? asTyped('Its L1, runs and datasets stay; npx mizu devnet --keep goes on with them.')
    : asTyped('its L1, its runs, and datasets that were not fetched. With npx mizu devnet --keep they stay.');
}

/** Tells people what becomes of the network when it is stopped. */
export function stopLine(keep = false): string {
  return keep ? `Stopping the network. ${fateOf(keep)}` : `Stopping the network. Deleted are ${fateOf(keep)}`;
}

/** The first example with its rows, as a path from where the user stands. */
export function devnetCommands(): [command: string, what: string][] {
  const [workflow, rows] = ['workflow.ts', 'words.jsonl'].map(exampleWord);
  return [
    [`mizu dev ${workflow} --input ${rows}`, 'a workflow step by step, without a network'],
    [`mizu quote ${workflow} --input ${rows}`, 'what would it cost?'],
    [`mizu run ${workflow} --input ${rows} --output out`, 'run it'],
    ['mizu runs', 'what ran'],
    ['mizu verify out', 'check the dataset from L1 and DA alone'],
  ];
}

function exampleWord(name: string): string {
  const file = fileURLToPath(new URL(`../examples/first/${name}`, import.meta.url));
  const fromHere = relative(process.cwd(), file);
  return shellWord(fromHere.startsWith('../sdk') ? file : fromHere);
}

export function describeDevnet(devnet: Devnet): string {
  const rows = [
    ['RPC', devnet.rpcUrl],
    ['L1', `${devnet.l1Url} (chain ${devnet.chain.chainId})`],
    ['account', `${devnet.developer.address} (a test key: no value anywhere)`],
    ['folder', `${devnet.folder} (configurations, data, one log a process)`],
  ];
  return rows.map(([name = '', value]) => `  ${pc.bold(name.padEnd(8))} ${value}`).join('\n');
}
