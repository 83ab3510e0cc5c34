// docs/operations.md: the long-running parts as commands, each from a configuration file.
import { Command } from 'commander';
import { readConfig } from '../cli/config-file.ts';
import { runService, type Service } from '../service/process/process.ts';

type Start = (config: unknown, stop: AbortSignal) => Promise<Service>;

// A service is imported when it is started: a command must not load all parts of the network.
const SERVICES: readonly { name: string; summary: string; start: Start }[] = [
  {
    name: 'da',
    summary: 'run a member of the data-availability committee',
    start: async (config) => {
      const { parseDaConfig } = await import('../da/config.ts');
      const { createDaNode } = await import('../da/node.ts');
      return createDaNode(parseDaConfig(config));
    },
  },
  {
    name: 'sequencer',
    summary: 'order messages, post batches, serve the RPC',
    start: async (config) => {
      const { parseSequencerConfig } = await import('../sequencer/config.ts');
      const { startSequencer } = await import('../sequencer/main.ts');
      return startSequencer(parseSequencerConfig(config));
    },
  },
  {
    name: 'executor',
    summary: 'derive from L1 and DA, execute, assert',
    start: async (config) => {
      const { parseExecutorConfig } = await import('../prover/config.ts');
      const { startExecutor } = await import('../prover/main.ts');
      return startExecutor(parseExecutorConfig(config));
    },
  },
  {
    name: 'validator',
    summary: 'execute everything again and check every assertion',
    start: async (config) => {
      const { parseValidatorConfig } = await import('../challenger/config.ts');
      const { startValidator } = await import('../challenger/main.ts');
      return startValidator(parseValidatorConfig(config));
    },
  },
  {
    name: 'gateway',
    summary: 'hand inference to workers, check and sign the results',
    start: async (config, signal) => {
      const { startGateway } = await import('../edge/main.ts');
      return startGateway(config as Parameters<typeof startGateway>[0], { signal });
    },
  },
  {
    name: 'edge',
    summary: 'run models for a gateway',
    start: async (config) => {
      const { startWorker } = await import('../edge/main.ts');
      return startWorker(config as Parameters<typeof startWorker>[0]);
    },
  },
];

/** One command for each service. The action stores the exit code with `setExitCode`. */
export function serviceCommands(setExitCode: (code: number) => void): Command[] {
  return SERVICES.map(({ name, summary, start }) =>
    new Command(name)
      .description(summary)
      .requiredOption('--config <file>', 'JSON: docs/operations.md')
      .addHelpText('after', `\nExample:\n  $ npx mizu ${name} --config .mizu/devnet/config/${exampleOf(name)}.json`)
      .action(async ({ config: file }: { config: string }) => {
        const config = await readConfig(file);
        setExitCode(await runService((stop) => start(config, stop)));
      }),
  );
}

function exampleOf(name: string): string {
  return name === 'da' ? 'da0' : name === 'edge' ? 'worker0' : name;
}
