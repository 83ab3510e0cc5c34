// docs/kernel.md#settle: a worker of a page has the account that it shows paid from a terminal.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { privateKeyToAccount } from 'viem/accounts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { formatAccount } from '../edge/worker/account-json.ts';
import type { Hex } from '../protocol/hex.ts';
import type { Sequencer } from '../sequencer/main.ts';
import { createRpcClient } from '../service/http/client.ts';
import { signWorkerAccount } from '../test/network/inference.fixture.ts';
import { VALIDATOR as GATEWAY, startTestNetwork, type TestNetwork, until } from '../test/network/network.fixture.ts';
import { runMain } from '../test/network/run-main.fixture.ts';
import { startTestSequencer } from '../test/network/sequencer.fixture.ts';

const WORKER_KEY: Hex = `0x${'77'.repeat(32)}`;
const WORKER = privateKeyToAccount(WORKER_KEY).address;
const MIZU = 10n ** 18n;

let network: TestNetwork;
let sequencer: Sequencer;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mizu-settle-'));
  network = await startTestNetwork();
  sequencer = await startTestSequencer(network);
  await writeFile(join(folder, 'key'), WORKER_KEY, { mode: 0o600 });
});

afterAll(async () => {
  await sequencer?.close();
  await network?.close();
  await rm(folder, { recursive: true, force: true });
});

const balanceOf = async (account: Hex) => {
  const answer = await createRpcClient(sequencer.url)('mizu_getAccount', [account], { timeoutSeconds: 30 });
  return BigInt((answer as { balance: string }).balance);
};

async function mizu(account: string, ...words: readonly string[]) {
  const file = join(folder, 'account.json');
  await writeFile(file, account);
  const { chainId, addresses } = network.deployment;
  const trust = ['--l1', network.anvil.url, '--rollup', addresses.rollup, '--chain-id', String(chainId)];
  return runMain('settle', file, ...words, '--rpc', sequencer.url, '--key', join(folder, 'key'), ...trust);
}

test('what a gateway has signed is paid once, as far as it has it', async () => {
  const account = formatAccount(await signWorkerAccount(network, WORKER, 3n * MIZU));
  const poor = await mizu(account);
  expect(poor.text).toContain(
    `${3n * MIZU} wei are signed, 0 of them paid; ${GATEWAY.address.toLowerCase()} has 0 wei`,
  );
  expect(poor.code).toBe(1);
  await network.deposit(2n * MIZU, GATEWAY.address);
  await until('deposit', async () => (await balanceOf(GATEWAY.address)) === 2n * MIZU);
  const dry = await mizu(account, '--dry-run');
  expect(dry.text).toMatch(/^settle +2 MIZU of 3 MIZU that 0x\w+ owes 0x\w+\ncost +[\d.]+ MIZU[\s\S]*Nothing was sent/);
  expect(await balanceOf(WORKER)).toBe(0n);
  const paid = await mizu(account, '--json');
  expect(paid.code, paid.text).toBe(0);
  const [plan, settled] = paid.text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(settled).toMatchObject({ event: 'settled', amountWei: String(2n * MIZU), feeWei: plan?.feeWei });
  expect(await balanceOf(WORKER)).toBe(2n * MIZU - BigInt(String(plan?.feeWei)));
  expect((await mizu(account)).text).toContain('has 0 wei');
});

test('what is no account is refused before anything is asked', async () => {
  const account = await signWorkerAccount(network, WORKER, MIZU);
  const short = formatAccount({ ...account, accountSignature: '0x12' });
  expect((await mizu(short)).text).toContain('accountSignature: expected 0x and 130 hex digits');
  expect((await mizu('none yet')).text).toContain('is not JSON');
});
