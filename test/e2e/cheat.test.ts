// docs/disputes.md on real processes: an executor lies, the validator is killed in the middle of the game, and the dataset is right.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DisputeEvent, followDisputes } from '../../demo/dispute-feed.ts';
import { type DevnetPart, devnetAccounts } from '../../devnet/accounts.ts';
import { type Devnet, startDevnet } from '../../devnet/devnet.ts';
import { mizuTokenAbi, stakeManagerAbi } from '../../protocol/generated/abi.ts';
import type { Hex } from '../../protocol/hex.ts';
import { ROLE } from '../../protocol/roles.ts';
import { waitForConfirmation } from '../../sdk/client/confirm.ts';
import { connectNetwork, type Network } from '../../sdk/client/network.ts';
import { connectL1, type L1 } from '../../service/l1/l1.ts';
import { eventOf, events, mizu } from './mizu.fixture.ts';

const LIAR = fileURLToPath(new URL('../../demo/liar-process.ts', import.meta.url));
const WORKFLOW = fileURLToPath(new URL('../../examples/first/workflow.ts', import.meta.url));
const INPUT = fileURLToPath(new URL('../../examples/first/words.jsonl', import.meta.url));
const MIZU = 10n ** 18n;
const CONFIRM_SECONDS = 120;

const accounts = devnetAccounts();
const folder = mkdtempSync(join(tmpdir(), 'mizu cheat '));
let devnet: Devnet;
let network: Network;
let l1: L1;
let reference: { run: Hex; root: Hex };

beforeAll(async () => {
  devnet = await startDevnet({ folder, liar: LIAR });
  l1 = await connectL1(devnet.l1Url);
  network = await connectNetwork({ rpcUrl: devnet.rpcUrl, l1RpcUrl: devnet.l1Url });
});

afterAll(async () => {
  await network?.close();
  await devnet?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function run(output: string, ...more: string[]): Promise<{ run: Hex; root: Hex }> {
  const args = ['run', WORKFLOW, '--input', INPUT, '--output', output, '--json', ...more];
  const ended = await mizu(folder, args);
  expect(ended.code, ended.stderr).toBe(0);
  const { run, datasetRoot } = eventOf(ended, 'dataset') as { run: Hex; datasetRoot: Hex };
  return { run, root: datasetRoot };
}

const stakeOf = (part: DevnetPart) =>
  l1.client.readContract({
    address: devnet.chain.contracts.stakeManager,
    abi: stakeManagerAbi,
    functionName: 'activeOf',
    args: [accounts[part].address, ROLE.executor],
  });
const tokensOf = (part: DevnetPart) =>
  l1.client.readContract({
    address: devnet.chain.contracts.token,
    abi: mizuTokenAbi,
    functionName: 'balanceOf',
    args: [accounts[part].address],
  });

/** As soon as it is there: the honest executor is started when the lie has been told. */
async function kill(name: string): Promise<void> {
  const find = () => devnet.processes().find((one) => one.name === name)?.pid;
  while (find() === undefined) await delay(50);
  process.kill(find() as number, 'SIGKILL');
}

test('the liar is slashed, though the validator and the honest executor are killed in the middle', async () => {
  const [tokens, liar, executor] = [await tokensOf('validator'), await stakeOf('liar'), await stakeOf('executor')];
  reference = await run('one');
  const seen: DisputeEvent[] = [];
  const done = new AbortController();
  const { contracts, fromBlock } = devnet.chain;
  for await (const event of followDisputes(l1, contracts, fromBlock, done.signal)) {
    seen.push(event);
    if (event.name === 'Moved' && event.args.lists === 3) await kill('validator');
    if (event.name === 'Moved' && event.args.lists === 5) await kill('executor');
    if (event.name === 'RewardClaimed') done.abort();
  }
  const of = <Name extends DisputeEvent['name']>(name: Name) =>
    seen.filter((event): event is Extract<DisputeEvent, { name: Name }> => event.name === name);
  expect(of('Moved').map(({ args }) => args.lists)).toEqual([2, 3, 4, 5, 6, 7, 8]);
  expect(of('StepProven')).toHaveLength(1);
  expect(of('GameOpened').map(({ args }) => args.challenger.toLowerCase())).toEqual([accounts.validator.address]);
  expect(of('Slashed').map(({ args }) => args.account.toLowerCase())).toEqual([accounts.liar.address]);
  expect(await tokensOf('validator')).toBeGreaterThan(tokens);
  expect(await stakeOf('liar')).toBe(liar - 100n * MIZU);
  expect(await stakeOf('executor')).toBe(executor);
});

test('the dataset is that of the honest executor, and verified with every step run again', async () => {
  const { assertion } = await waitForConfirmation(network, reference.run, CONFIRM_SECONDS);
  expect(assertion.asserter.toLowerCase()).toBe(accounts.executor.address);
  const verified = await mizu(folder, ['verify', 'one', '--replay', '--json']);
  expect(verified.code, verified.stderr).toBe(0);
  expect(events(verified).at(-1)).toMatchObject({ event: 'verified', datasetRoot: reference.root, confirmed: true });
});

test('the network goes on without the liar: the same run has the same dataset', async () => {
  const again = await run('two', '--new');
  expect(again.run).not.toBe(reference.run);
  expect(again.root).toBe(reference.root);
  const { assertion } = await waitForConfirmation(network, again.run, CONFIRM_SECONDS);
  expect(assertion.asserter.toLowerCase()).toBe(accounts.executor.address);
});
