// docs/sdk.md#escape: a network whose operators have stopped: nobody confirms any more, and its user leaves with all that is his.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startValidator } from '../../challenger/main.ts';
import { DEVNET_CONFIG } from '../../contracts/config.ts';
import { encodeNetwork } from '../../node/config.ts';
import type { MizuError } from '../../protocol/errors.ts';
import {
  bridgeAbi,
  escapeAbi,
  inboxAbi,
  mizuTokenAbi,
  rollupAbi,
  stakeManagerAbi,
} from '../../protocol/generated/abi.ts';
import { type Address, bytesToHex, type Hex } from '../../protocol/hex.ts';
import { encodeMessage } from '../../protocol/messages.ts';
import { ROLE } from '../../protocol/roles.ts';
import { type Executor, type ExecutorConfig, startExecutor } from '../../prover/main.ts';
import { startSequencer } from '../../sequencer/main.ts';
import { createRpcClient } from '../../service/http/client.ts';
import { withAccount } from '../../service/l1/l1.ts';
import { createSender } from '../../service/l1/send.ts';
import { createLogger } from '../../service/process/log.ts';
import { createRunMessages } from '../../test/network/chain.fixture.ts';
import { pushVoid } from '../../test/network/inference.fixture.ts';
import {
  EXECUTOR,
  keyOf,
  startTestNetwork,
  type TestNetwork,
  USER,
  until,
} from '../../test/network/network.fixture.ts';
import { runMain } from '../../test/network/run-main.fixture.ts';

const MIZU = 10n ** 18n;
/** In the state, then in a batch that nobody has confirmed, then in no batch at all. */
const DEPOSITS = [MIZU, 3n * MIZU, 5n * MIZU] as const;

const REFUND = MIZU / 8n;

let network: TestNetwork;
let executor: Executor | undefined;
let folder: string;
let run: Hex;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mizu-escape-'));
  network = await startTestNetwork({ validatorShareBasisPoints: 0 });
  const config = JSON.stringify({ ...encodeNetwork(network.config('replica')), key: keyOf(4) });
  await Promise.all([writeFile(join(folder, 'node.json'), config), writeFile(join(folder, 'key'), keyOf(3))]);
});

afterAll(async () => {
  await executor?.close();
  await network?.close();
  await rm(folder, { recursive: true, force: true });
});

test('a network that goes on: it says with what one could leave, and that nobody can yet', async () => {
  executor = await startExecutor(executorConfig());
  await network.deposit(DEPOSITS[0]);
  const created = await createRunMessages(network.author, 2, 0n, network.author);
  run = created.run;
  const withdraw = { kind: 'Withdraw', nonce: 2n, recipient: USER.address, amount: MIZU / 4n } as const;
  await network.postBatch([...created.messages.slice(0, 2), await network.author.sign(withdraw)]);
  await confirmedUpTo(1n);
  const shown = await runEscape();
  expect(shown.code).toBe(0);
  expect(shown.text).toMatch(/it goes on +every batch is confirmed/);
  expect(shown.text).toContain(`escrow of run ${run}`);
  expect(shown.text).toMatch(/0\.25 MIZU +withdrawal 0/);
  expect(shown.text).toContain(`balance of ${USER.address.toLowerCase()}`);
  const refused = await runEscape('--leave');
  expect(refused.code).toBe(1);
  expect(refused.text).toContain('The network goes on: nobody can leave yet.');
  expect(refused.text).toContain('Inbox.forceMessage');
});

test('its operators stop: until escapeSeconds are over leaving is refused, by the command and by L1', async () => {
  // The last assertion stays pending.
  await network.postBatch([{ kind: 'Expire', run: `0x${'11'.repeat(32)}` }]);
  await until('an assertion', async () => executor!.counts.asserted >= 2);
  await executor!.close();
  await network.deposit(DEPOSITS[1]);
  await forceInclude();
  await network.deposit(DEPOSITS[2]);
  // Of an item that the run does not have: it is the owner's all the same.
  const names = { run, stage: 0, partition: 0, attempt: 0, resultRoot: run };
  await pushVoid(network, { kind: 'ItemVoided', ...names, refund: REFUND });
  await network.clock.advance(DEVNET_CONFIG.escapeSeconds - 3_600);
  const refused = await runEscape('--leave', '--json');
  expect(refused.code).toBe(1);
  expect(refused.text).toContain('"code":"sdk/network-goes-on"');
  await expect(user().sendAndWait(rollupCall('end'))).rejects.toMatchObject(revertedBy('NetworkGoesOn'));
  await expect(user().sendAndWait(lateDeposit())).rejects.toMatchObject(revertedBy('NetworkHasNotEnded'));
});

test('then the user leaves with balance, escrow, withdrawal, both deposits and a refund, once', async () => {
  await network.clock.advance(3_600);
  const before = await tokensOf(USER.address);
  const left = await runEscape('--leave');
  expect(left.text).toContain('has left with');
  expect(left.code).toBe(0);
  // All that he had deposited, but for the fees.
  const fees = DEPOSITS.reduce((sum, amount) => sum + amount, REFUND) - ((await tokensOf(USER.address)) - before);
  expect(fees).toBeGreaterThan(0n);
  expect(await tokensOf(network.deployment.addresses.bridge)).toBe(fees);
  const again = await runEscape('--leave');
  expect(again.code).toBe(1);
  expect(again.text).toContain('all 6 of');
  await expect(user().sendAndWait(lateDeposit())).rejects.toMatchObject(revertedBy('DepositHasLeft'));
  // The data folder of any node will do.
  const other = await runEscape('--data', network.config('executor').dataDir);
  expect(other.text).toMatch(/ended +\d{4}-[\s\S]*could leave with 0 MIZU/);
});

test('an executor that comes back says so, frees its bond, claims its fees, and asserts nothing: the Bridge is empty', async () => {
  let told = '';
  const write = (line: string) => {
    told += line;
  };
  const log = pino({ level: 'error' }, { write });
  executor = await startExecutor({ ...executorConfig(), http: { port: 0 }, log });
  await until('the bond', async () => (await lockedOfExecutor()) === 0n);
  const { bridge } = network.deployment.addresses;
  const earnings = { address: bridge, abi: bridgeAbi, args: [EXECUTOR.address] } as const;
  const earned = () => network.l1.client.readContract({ ...earnings, functionName: 'earningsOf' });
  await until('the fees', async () => (await earned()) > 0n);
  await user().sendAndWait({ ...earnings, functionName: 'payEarnings' });
  expect(await tokensOf(bridge)).toBe(0n);
  expect(executor.counts.asserted).toBe(0);
  const health = (await (await fetch(`${executor.url}/health`)).json()) as { endedAt: number | null };
  expect(health.endedAt).toBeGreaterThan(0);
  const validator = await startValidator({ ...network.config('validator'), key: keyOf(4), http: { port: 0 }, log });
  await until('the validator', async () => (await validator.node.mirror.head()).endedAt !== undefined);
  await until('both say it', async () => told.split('the network has ended').length === 3);
  await validator.close();
});

test('a sequencer that comes back takes no message: it would have no effect', async () => {
  const log = createLogger('sequencer', process.env.MIZU_LOG ?? 'silent');
  const sequencer = await startSequencer({ ...network.config('sequencer'), key: keyOf(1), http: { port: 0 }, log });
  try {
    const rpc = createRpcClient(sequencer.url);
    const expire = bytesToHex(encodeMessage({ kind: 'Expire', run }));
    const refusal = await until('the refusal', async () => {
      const error = await rpc('mizu_sendMessage', [expire], { attempts: 1 }).catch((cause: unknown) => cause);
      return (error as MizuError).code === 'message/network-ended' ? (error as MizuError) : undefined;
    });
    expect(refusal.hint).toContain('mizu escape');
  } finally {
    await sequencer.close();
  }
}, 120_000);

function executorConfig(): ExecutorConfig {
  const log = createLogger('executor', process.env.MIZU_LOG ?? 'silent');
  return { ...network.config('executor'), key: keyOf(2), policy: { intervalSeconds: 0 }, payoutWei: MIZU, log };
}

async function confirmedUpTo(batch: bigint): Promise<void> {
  await network.clock.passUntil(`batch ${batch} confirmed`, async () => {
    const { latestConfirmed } = await executor!.node.mirror.head();
    return ((await executor!.node.mirror.assertion(latestConfirmed))?.post.batch ?? 0n) >= batch;
  });
}

/** By anyone, once the message is overdue and its slot is open: the sequencer is gone, too. */
async function forceInclude(): Promise<void> {
  const inbox = { address: network.deployment.addresses.inbox, abi: inboxAbi } as const;
  await network.clock.advance(DEVNET_CONFIG.delaySeconds);
  await network.clock.passUntil('forced inclusion', async () => {
    const index = await network.l1.client.readContract({ ...inbox, functionName: 'batchCount' });
    const args = [index, 1] as const;
    const open = await network.l1.client
      .simulateContract({ ...inbox, functionName: 'forceInclude', args })
      .catch(() => null);
    if (open === null) return false;
    await user().sendAndWait({ ...inbox, functionName: 'forceInclude', args });
    return true;
  });
}

const user = () => createSender(withAccount(network.l1, keyOf(3)));

function rollupCall(functionName: string) {
  return { address: network.deployment.addresses.rollup, abi: rollupAbi, functionName, args: [] };
}

const revertedBy = (error: string) => ({ code: 'l1/reverted', actual: expect.stringContaining(error) });

/** The last message of the queue. */
function lateDeposit() {
  const args = [3n, USER.address, DEPOSITS[2]];
  return { address: network.deployment.addresses.escape, abi: escapeAbi, functionName: 'leaveDeposit', args };
}

function tokensOf(account: Address): Promise<bigint> {
  const token = { address: network.deployment.addresses.token, abi: mizuTokenAbi } as const;
  return network.l1.client.readContract({ ...token, functionName: 'balanceOf', args: [account] });
}

function lockedOfExecutor(): Promise<bigint> {
  const stakes = { address: network.deployment.addresses.stakeManager, abi: stakeManagerAbi } as const;
  const args = [EXECUTOR.address, ROLE.executor] as const;
  return network.l1.client.readContract({ ...stakes, functionName: 'lockedOf', args });
}

function runEscape(...argv: string[]) {
  const files = ['--config', join(folder, 'node.json'), '--key', join(folder, 'key')];
  return runMain('escape', ...files, ...argv);
}
