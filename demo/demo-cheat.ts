// docs/operations.md#cheat: `mizu demo --cheat`: an executor lies; the command tells what becomes of it, from L1 and
// from its own trace.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pc from 'picocolors';
import { parseValidatorConfig } from '../challenger/config.ts';
import type { Output } from '../cli/output.ts';
import { prepareWorkflow } from '../cli/prepare.ts';
import { runWorkflow } from '../cli/run.ts';
import { devnetAccounts } from '../devnet/accounts.ts';
import type { Devnet } from '../devnet/devnet.ts';
import { MizuError } from '../protocol/errors.ts';
import { disputeAbi, rollupAbi } from '../protocol/generated/abi.ts';
import type { Hex } from '../protocol/hex.ts';
import { waitForConfirmation } from '../sdk/client/confirm.ts';
import { formatCount } from '../sdk/client/money.ts';
import type { Network } from '../sdk/client/network.ts';
import { verifyTarget } from '../sdk/client/verify.ts';
import { readMetadata, readRun } from '../sdk/client/watch.ts';
import { connectL1, type L1 } from '../service/l1/l1.ts';
import { createStory, type Story } from './cheat-story.ts';
import { type FeedContracts, followDisputes } from './dispute-feed.ts';
import { openWatcher, type Watcher } from './watcher.ts';

export type CheatParts = {
  /** A devnet with a liar. */
  readonly devnet: Devnet;
  readonly network: Network;
  readonly output: Output;
  readonly heading: (text: string) => void;
  readonly stop: AbortSignal;
};

const WORKFLOW = fileURLToPath(new URL('../examples/first/workflow.ts', import.meta.url));
const INPUT = fileURLToPath(new URL('../examples/first/words.jsonl', import.meta.url));
const DECIDED_SECONDS = 180;

/**
 * Returns the exit code: 0 only if the liar was slashed and the dataset is right.
 * @throws MizuError `demo/not-decided` or `verify/failed`
 */
export async function runCheat(parts: CheatParts): Promise<number> {
  const { devnet, network, output, heading } = parts;
  const config = JSON.parse(await readFile(join(devnet.folder, 'config', 'validator.json'), 'utf8'));
  const { key: _key, http: _http, ...node } = parseValidatorConfig(config, {});
  const watcher = await openWatcher({ ...node, dataDir: join(devnet.folder, 'data', 'watcher') });
  try {
    output.say('\n  One of the two executors is a liar: it will change one letter of one row.');
    heading('2. A workflow, run on five rows: examples/first/workflow.ts');
    const folder = join('.mizu', 'demo', 'cheat');
    const workflow = await prepareWorkflow(WORKFLOW);
    const flags = { input: [{ value: INPUT }], output: folder, hours: 1, isDemo: true };
    const { code, run } = await runWorkflow(network, workflow, flags, output);
    if (code !== 0 || run === undefined) return code === 0 ? 1 : code;
    output.say('\nNothing of it is final: L1 has the messages, and waits for what the executors\nsay came of them.');
    const story = await watchDispute(parts, watcher, run);
    const isSlashed = story.slashed.has('liar');

    heading('7. The truth is final, and the dataset verified: every step run again');
    const verified = await verifyTarget(folder, true, { replay: true }, (line) =>
      output.say(`  ${pc.green('✓')} ${line}`),
    );
    const { assertion } = await waitForConfirmation(network, run, DECIDED_SECONDS);
    const isRight = verified.confirmed && story.assertions.get(assertion.id)?.wrong === false;
    output.say(
      `\n${isSlashed && isRight ? pc.green('The liar was slashed, and the dataset is right.') : pc.red('This did not go as it should.')}`,
    );
    output.data({ event: 'demo-cheat', slashed: isSlashed, right: isRight, datasetRoot: verified.datasetRoot });
    return isSlashed && isRight ? 0 : 1;
  } finally {
    await watcher.close();
  }
}

/** Tells of the dispute until the run's end is confirmed and the validator has its money. */
async function watchDispute(parts: CheatParts, watcher: Watcher, run: Hex): Promise<Story> {
  const { devnet, network, output, heading, stop } = parts;
  const { batches, workflow } = await readRun(network, run);
  const lastBatch = BigInt(Math.max(...batches));
  const metadata = await readMetadata(network, workflow);
  const cast = new Map(Object.entries(devnetAccounts()).map(([name, { address }]) => [address.toLowerCase(), name]));
  const l1 = await connectL1(devnet.l1Url);
  const { contracts, fromBlock } = devnet.chain;
  const bonds = await readBonds(l1, contracts);
  const story = createStory({ watcher, output, heading, cast, metadata, bonds, columns: process.stdout.columns });
  const over = AbortSignal.any([stop, AbortSignal.timeout(DECIDED_SECONDS * 1000)]);
  const done = new AbortController();
  const wanted = new Set(['RewardClaimed', 'end']);
  for await (const event of followDisputes(l1, contracts, fromBlock, AbortSignal.any([over, done.signal]))) {
    await story.tell(event);
    if (event.name === 'RewardClaimed') wanted.delete('RewardClaimed');
    if (event.name === 'AssertionConfirmed') {
      const assertion = await watcher.node.mirror.assertion(event.args.id);
      if (assertion !== undefined && assertion.post.batch > lastBatch) wanted.delete('end');
    }
    if (wanted.size === 0) done.abort();
  }
  if (!done.signal.aborted) throw notDecided([...wanted]);
  return story;
}

async function readBonds(
  { client }: L1,
  { rollup, dispute }: FeedContracts,
): Promise<{ asserter: bigint; challenger: bigint }> {
  const [asserter, challenger] = await Promise.all([
    client.readContract({ address: rollup, abi: rollupAbi, functionName: 'bond' }),
    client.readContract({ address: dispute, abi: disputeAbi, functionName: 'bond' }),
  ]);
  return { asserter, challenger };
}

function notDecided(wanted: readonly string[]): MizuError {
  return new MizuError({
    code: 'demo/not-decided',
    message: `The dispute was not over after ${formatCount(DECIDED_SECONDS)} s.`,
    expected: 'a reward for the validator, and the end of the run confirmed',
    actual: `missing: ${wanted.join(', ')}`,
    hint: 'Read the logs in .mizu/devnet/logs: liar.log, validator.log, executor.log.',
  });
}
