// docs/models.md#commands: `mizu model`: which provable models there are, and what each of them is.
import { Command } from 'commander';
import pc from 'picocolors';
import { CACHE_FOLDER } from './cache-folder.ts';
import { modelImportCommand } from './model-import.ts';
import { createOutput, table } from './output.ts';

export function modelCommand(): Command {
  const command = new Command('model').description('provable models: list, show and import them');
  command
    .command('list')
    .description('those that the SDK has, and those in .mizu/cache/models')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ npx mizu model list')
    .action((flags: { json?: boolean }) => list(flags.json ?? false));
  command
    .command('show')
    .description('the manifest of a model, and the sizes of its program')
    .argument('<name>', 'such as datavm/small')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ npx mizu model show datavm/small')
    .action((name: string, flags: { json?: boolean }) => show(name, flags.json ?? false));
  command.addCommand(modelImportCommand());
  return command;
}

async function list(json: boolean): Promise<void> {
  const output = createOutput(json);
  const { listModels } = await import('../models/model.ts');
  const { provableName } = await import('../models/name.ts');
  const models = await listModels({ cacheFolder: CACHE_FOLDER });
  output.say(
    table([
      ['name', 'version', 'licence', 'tasks'],
      ...models.map(({ name, version, licence, tasks }) => [provableName(name), version, licence, tasks.join(', ')]),
    ]),
  );
  output.data({ models });
}

async function show(name: string, json: boolean): Promise<void> {
  const output = createOutput(json);
  const { loadModel } = await import('../models/model.ts');
  const { formatCount } = await import('../sdk/client/money.ts');
  const { loadGas } = await import('../kernel/fees.ts');
  const { manifest, built } = await loadModel(name, { cacheFolder: CACHE_FOLDER });
  const [code = 0, image = 0, slots = 0, data = 0, module = 0] = built.objects.map(({ length }) => length);
  const sizes = { code, image, slots, data, module };
  const gas = loadGas(built.entry);
  output.say(pc.bold(name));
  output.say(
    table([
      ['  version', manifest.version],
      ['  licence', manifest.licence],
      ['  source', manifest.source],
      ['  tasks', manifest.tasks.join(', ')],
      ['  class', manifest.class],
      ['  programId', manifest.programId],
      ...Object.entries(sizes).map(([part, bytes]) => [`  ${part}`, `${formatCount(bytes)} bytes`]),
      ['  loading', `${formatCount(gas)} gas a task`],
    ]),
  );
  output.data({ ...manifest, sizes, loadGas: gas });
}
