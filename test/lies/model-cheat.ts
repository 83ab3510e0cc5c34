// docs/models.md#devnet-lie: a whole devnet of real processes on which an executor lies about one answer of a provable
// model: the workflow is run, the liar is slashed, and the dataset is verified with every step run again.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type DisputeEvent, followDisputes } from '../../demo/dispute-feed.ts';
import { devnetAccounts } from '../../devnet/accounts.ts';
import { type Devnet, startDevnet } from '../../devnet/devnet.ts';
import { stakeManagerAbi } from '../../protocol/generated/abi.ts';
import type { Hex } from '../../protocol/hex.ts';
import { ROLE } from '../../protocol/roles.ts';
import { waitForConfirmation } from '../../sdk/client/confirm.ts';
import { connectNetwork, type Network } from '../../sdk/client/network.ts';
import { connectL1 } from '../../service/l1/l1.ts';
import { eventOf, mizu } from '../e2e/mizu.fixture.ts';
import { LABELS } from './other-label.ts';
import { type DuelTransaction, watchBlocks } from './transactions.ts';

export type ModelCheat = {
  readonly model: string;
  readonly rows: number;
  /** From the block of the false assertion to the one of the proof. */
  readonly seconds: number;
  /** In which either side ran its trace. */
  readonly steppingSeconds: { readonly challenger: number; readonly liar: number };
  /** From a list or proof that is ready to the block that has it: signing, estimates, trials, and L1's next block. */
  readonly l1Seconds: number;
  /** All else: until a side has seen the other's move. */
  readonly waitingSeconds: number;
  /** Of the command that runs every step again. */
  readonly verifySeconds: number;
  readonly slashedWei: bigint;
  readonly transactions: readonly (Omit<DuelTransaction, 'minedAt'> & { readonly atSeconds: number })[];
  /** Of the game, in order. */
  readonly events: readonly DisputeEvent[];
  readonly datasetRoot: Hex;
  readonly verifiedRoot: Hex;
  readonly confirmedBy: string;
  readonly gas: { readonly challenger: bigint; readonly liar: bigint };
};

const LIAR = fileURLToPath(new URL('./model-liar-process.ts', import.meta.url));
const CONFIRM_SECONDS = 600;
const accounts = devnetAccounts();

const workflowOf = (model: string) => `import { dataset, z } from 'mizu';
export default dataset('kinds', z.object({ text: z.string() }))
  .classify('kind', { model: '${model}', labels: ${JSON.stringify(LABELS)}, text: (row) => row.text });
`;

/** `folder` is empty, and has the devnet's files afterwards. */
export async function playModelCheat(folder: string, model: string, texts: readonly string[]): Promise<ModelCheat> {
  writeFileSync(join(folder, 'workflow.ts'), workflowOf(model));
  writeFileSync(join(folder, 'texts.jsonl'), texts.map((text) => `${JSON.stringify({ text })}\n`).join(''));
  const devnet = await startDevnet({ folder, liar: LIAR });
  const network = await connectNetwork({ rpcUrl: devnet.rpcUrl, l1RpcUrl: devnet.l1Url });
  try {
    return { model, rows: texts.length, ...(await playOn(devnet, network, folder)) };
  } finally {
    await network.close();
    await devnet.close();
  }
}

async function playOn(devnet: Devnet, network: Network, folder: string) {
  const l1 = await connectL1(devnet.l1Url);
  const { contracts, fromBlock } = devnet.chain;
  const stake = { address: contracts.stakeManager, abi: stakeManagerAbi, functionName: 'activeOf' } as const;
  const stakeOf = () => l1.client.readContract({ ...stake, args: [accounts.liar.address, ROLE.executor] });
  const stakeBefore = await stakeOf();
  const watch = await watchBlocks(l1.client);
  const began = { wall: Date.now(), at: performance.now() };
  const run = ['run', 'workflow.ts', '--input', 'texts.jsonl', '--output', 'kinds', '--json'];
  const ended = await mizu(folder, run);
  if (ended.code !== 0) throw new Error(`mizu run: ${ended.stdout}\n${ended.stderr}`);
  const dataset = eventOf(ended, 'dataset') as { run: Hex; datasetRoot: Hex };
  const events = await untilPaid(followDisputes(l1, contracts, fromBlock, AbortSignal.timeout(CONFIRM_SECONDS * 1e3)));
  const { assertion } = await waitForConfirmation(network, dataset.run, CONFIRM_SECONDS);
  const sent = await watch.stop({ challenger: accounts.validator.address, liar: accounts.liar.address });
  const verifyFrom = performance.now();
  const verified = await mizu(folder, ['verify', 'kinds', '--replay', '--json']);
  if (verified.code !== 0) throw new Error(`mizu verify: ${verified.stdout}\n${verified.stderr}`);
  const verifySeconds = (performance.now() - verifyFrom) / 1e3;
  const played = sent.filter(({ call }) => GAME.includes(call));
  const start = sent.find(({ by, call }) => by === 'liar' && call === 'createAssertion')!.minedAt;
  const told = (part: 'validator' | 'liar') => readTold(join(devnet.folder, 'logs', `${part}.log`));
  const [challenger, liar] = [told('validator'), told('liar')];
  const seconds = (played.at(-1)!.minedAt - start) / 1e3;
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const traced = (entries: readonly Told[]) => sum(entries.map(({ traceSeconds }) => traceSeconds));
  const ready = { challenger: [...challenger], liar: [...liar] };
  const l1Seconds = sum(
    played.map(({ by, minedAt }) => {
      const { time } = ready[by as 'challenger'].shift()!;
      return (minedAt - began.at) / 1e3 - (time - began.wall) / 1e3;
    }),
  );
  const steppingSeconds = { challenger: traced(challenger), liar: traced(liar) };
  const gasOf = (name: string) => sent.filter(({ by }) => by === name).reduce((total, { gas }) => total + gas, 0n);
  return {
    seconds,
    steppingSeconds,
    l1Seconds,
    waitingSeconds: seconds - l1Seconds - steppingSeconds.challenger - steppingSeconds.liar,
    verifySeconds,
    slashedWei: stakeBefore - (await stakeOf()),
    transactions: sent.map(({ minedAt, ...one }) => ({ ...one, atSeconds: (minedAt - start) / 1e3 })),
    events,
    datasetRoot: dataset.datasetRoot,
    verifiedRoot: eventOf(verified, 'verified').datasetRoot as Hex,
    confirmedBy: nameOf(assertion.asserter),
    gas: { challenger: gasOf('challenger'), liar: gasOf('liar') },
  };
}

const GAME = ['open', 'move', 'prove'];

function nameOf(address: string): string {
  const found = Object.entries(accounts).find(([, account]) => account.address.toLowerCase() === address.toLowerCase());
  return found?.[0] ?? address;
}

/** Events until the challenger has what the liar's stake pays it. */
async function untilPaid(feed: AsyncGenerator<DisputeEvent>): Promise<DisputeEvent[]> {
  const seen: DisputeEvent[] = [];
  for await (const event of feed) {
    seen.push(event);
    if (event.name === 'RewardClaimed') return seen;
  }
  throw new Error(`the dispute was not over after ${CONFIRM_SECONDS} s: ${seen.map(({ name }) => name).join(', ')}`);
}

type Told = { readonly time: number; readonly traceSeconds: number };

/** What a side has logged when a list or a proof was ready. */
function readTold(file: string): Told[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('{') && line.includes('"traceSeconds"'))
    .map((line) => JSON.parse(line) as Told);
}
