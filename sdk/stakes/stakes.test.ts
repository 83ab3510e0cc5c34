// docs/staking.md: `mizu stake`, `delegate`, `unbond`, `claim` and `stakes` against the contracts, on a clock that the test sets.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Abi,
  createPublicClient,
  encodeFunctionData,
  http,
  keccak256,
  type PublicClient,
  zeroAddress,
} from 'viem';
import { foundry } from 'viem/chains';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DEVNET_CONFIG } from '../../contracts/config.ts';
import { type ContractAddresses, deployContracts } from '../../contracts/deploy.ts';
import { setUpNetwork } from '../../contracts/network.ts';
import { type Anvil, startAnvil } from '../../devnet/anvil.ts';
import { mizuTokenAbi, rollupAbi, stakeManagerAbi } from '../../protocol/generated/abi.ts';
import { type Address, type Hex, ZERO_HASH } from '../../protocol/hex.ts';
import { ROLE } from '../../protocol/roles.ts';
import { connectL1, type L1 } from '../../service/l1/l1.ts';
import {
  COMMITTEE_MEMBERS,
  createSend,
  EXECUTOR,
  HOLDERS,
  OWNER,
  powerWallets,
  type Send,
  USER,
} from '../../test/network/contracts.fixture.ts';
import { holdClock, type L1Clock } from '../../test/network/l1-clock.fixture.ts';
import { keyOf } from '../../test/network/network.fixture.ts';
import { runMain } from '../../test/network/run-main.fixture.ts';
import { GAS_AT_MOST } from './plan.ts';

const MIZU = 10n ** 18n;
/** The executor's, which is the operator here; the user delegates. */
const [OPERATOR, DELEGATOR] = [2, 3] as const;
const UNBONDING = DEVNET_CONFIG.unbondingSeconds;
const COURT = 'InferenceCourt for an item that it finds wrong, or a vote that is missed';

let anvil: Anvil;
let l1: L1;
let clock: L1Clock;
let send: Send;
let at: ContractAddresses;
let folder: string;

beforeAll(async () => {
  anvil = await startAnvil();
  clock = await holdClock(anvil.url);
  l1 = await connectL1(anvil.url);
  const client = createPublicClient({ chain: foundry, transport: http(anvil.url), pollingInterval: 20 });
  send = createSend(client as PublicClient, anvil.url);
  const wallets = powerWallets(anvil.url);
  const deployment = await deployContracts({
    publicClient: l1.client,
    walletClient: wallets.token,
    config: DEVNET_CONFIG,
    holders: HOLDERS,
    genesis: () => ({ kernelProgramId: keccak256('0x01'), stateRoot: ZERO_HASH }),
  });
  at = deployment.addresses;
  await setUpNetwork({
    publicClient: l1.client,
    wallets,
    addresses: at,
    setup: {
      grants: [EXECUTOR, USER].map(({ address }) => ({ account: address, amountWei: 20_000n * MIZU })),
      stakes: COMMITTEE_MEMBERS.map(({ address }) => ({
        account: address,
        role: 'daMember' as const,
        amountWei: 1_000n * MIZU,
      })),
      committee: { members: COMMITTEE_MEMBERS.map(({ address }) => address), threshold: 3 },
      models: [],
    },
  });
  folder = await mkdtemp(join(tmpdir(), 'mizu-stakes-'));
  await Promise.all([OPERATOR, DELEGATOR, 4, 6].map((n) => writeFile(join(folder, `key-${n}`), keyOf(n))));
});

afterAll(async () => {
  await anvil?.close();
  await rm(folder, { recursive: true, force: true });
});

test('a stake: what is refused, what it says first, and that a dry run sends nothing', async () => {
  const below = await mizu(OPERATOR, 'stake', '999.5', '--role', 'executor');
  expect(below).toMatchObject({ code: 1 });
  expect(below.text).toContain('at least 1000 MIZU in all');
  expect((await mizu(OPERATOR, 'stake', '20001', '--role', 'executor')).text).toMatch(
    /too few tokens[\s\S]*20001 MIZU[\s\S]*20000 MIZU/,
  );
  expect((await mizu(OPERATOR, 'stake', '0', '--role', 'executor')).text).toContain('The amount is zero');
  expect((await mizu(OPERATOR, 'stake', '1500', '--role', 'miner')).text).toContain('da-member');
  expect((await mizu(OPERATOR, 'stake', '--role', 'executor')).text).toContain('It is not said what to do');
  expect((await mizu(OPERATOR, 'stake', '--role', 'executor', '--commission', '5%')).text).toContain(
    '--role executor --open-pool',
  );
  expect((await mizu(OPERATOR, 'stake', '--role', 'executor', '--open-pool', '100.01%')).text).toContain('0% to 100%');
  const dry = await mizu(OPERATOR, 'stake', '1500', '--role', 'executor', '--dry-run');
  expect(dry.code, dry.text).toBe(0);
  expect(dry.text).toMatch(/active +1500 MIZU then, minimum 1000 MIZU/);
  expect(dry.text).toMatch(/at risk +own stake comes first: it can be slashed as executor by the Rollup/);
  expect(dry.text).toMatch(/back +45 min 40 s after mizu unbond/);
  expect(dry.text).toMatch(/cost +2 transactions, at most [\d,]+ gas, [\d.]+ ETH\n\nNothing was sent/);
  expect(await activeOf(EXECUTOR.address)).toBe(0n);
  const { token, stakeManager } = at;
  const allowance = { address: token, abi: mizuTokenAbi, functionName: 'allowance' } as const;
  expect(await l1.client.readContract({ ...allowance, args: [EXECUTOR.address, stakeManager] })).toBe(0n);
});

test.each([
  ['executor', ['Rollup for an assertion that loses its dispute']],
  [
    'validator',
    [
      'Attestations for an attestation that a confirmed assertion proves false',
      'Samples for an attestation of which it cannot open what it is asked for',
      COURT,
    ],
  ],
  ['sequencer', ['Inbox for a promise about the order of messages that is broken']],
  ['da-member', ['DAChallenges for promised bytes that nobody shows when they are asked for on L1']],
  ['gateway', ['GatewayRegistry for two batches signed with one nonce', COURT]],
])('who may slash is said as L1 has it, and for what: %s', async (role, by) => {
  const { text } = await mizu(OPERATOR, 'stake', '1500', '--role', role, '--dry-run');
  const said = /can be slashed as .*/.exec(text)?.[0];
  expect(said).toBe(`can be slashed as ${role} by ${by.map((each) => `the ${each}`).join(', and by ')}`);
});

test('a stake is approved to the wei, and an approval from before a crash is used', async () => {
  await send(EXECUTOR, at.token, mizuTokenAbi as Abi, 'approve', [at.stakeManager, 1_500n * MIZU]);
  const staked = await mizu(OPERATOR, 'stake', '1500', '--role', 'executor', '--open-pool', '10%', '--json');
  expect(staked.code, staked.text).toBe(0);
  const events = linesOf(staked.text);
  expect(events[0]).toMatchObject({ event: 'plan', calls: ['stake', 'open the pool'], slashers: ['Rollup'] });
  expect(events.at(-1)).toMatchObject({ event: 'staked', activeWei: String(1_500n * MIZU) });
  const more = await mizu(OPERATOR, 'stake', '100', '--role', 'executor');
  expect(more.text).toMatch(/\napprove {2}0x[\s\S]*\nstake {2}0x[\s\S]*1600 MIZU are staked as executor/);
  const again = await mizu(OPERATOR, 'stake', '--role', 'executor', '--open-pool', '5%');
  expect(again.text).toMatch(/is open already[\s\S]*commission of 10 %[\s\S]*--commission 5%/);
});

test('a commission: more after the unbonding period, and stakes tells when; less at once, instead', async () => {
  const role = ['--role', 'executor'];
  const raise = await mizu(OPERATOR, 'stake', ...role, '--commission', '20%');
  expect(raise.text).toContain('20 % instead of 10 %, after the unbonding period');
  const from = isoAt((await clock.now()) + BigInt(UNBONDING));
  const shown = await mizu(DELEGATOR, 'stakes', '--account', EXECUTOR.address);
  expect(shown.text).toContain(`commission 10 %, 20 % from ${from} on`);
  expect(shown.text).toContain('0 MIZU delegated, room for 14400 MIZU');
  expect((await mizu(OPERATOR, 'stake', ...role, '--commission', '7.5')).text).toContain(
    '7.5 % instead of 10 %, at once',
  );
  expect((await mizu(OPERATOR, 'stakes')).text).toContain('commission 7.5 %\n');
});

test('a delegation: no pool, no room, no tokens; then it is in the pool, at the price of its shares', async () => {
  const to = ['--role', 'executor', '--operator', EXECUTOR.address];
  const none = await mizu(DELEGATOR, 'delegate', '10', '--role', 'validator', '--operator', EXECUTOR.address);
  expect(none.text).toMatch(/has opened no pool[\s\S]*mizu stake --role validator --open-pool 10%/);
  const full = await mizu(DELEGATOR, 'delegate', '14401', ...to);
  expect(full.text).toMatch(/at most 14400 MIZU[\s\S]*9 times the operator's own 1600 MIZU/);
  expect((await mizu(4, 'delegate', '10', ...to)).text).toContain('too few tokens');
  const dry = await mizu(DELEGATOR, 'delegate', '400', ...to, '--dry-run');
  expect(dry.text).toContain("the operator's own 1600 MIZU lose first");
  expect(dry.text).toMatch(/pool +commission 7\.5 % of the yield; room 14400 MIZU/);
  const done = await mizu(DELEGATOR, 'delegate', '400', ...to);
  expect(done.text).toContain(`400 MIZU are delegated to ${EXECUTOR.address.toLowerCase()} as executor`);
  const shown = await mizu(DELEGATOR, 'stakes');
  expect(shown.text).toMatch(/delegated as executor to 0x[\s\S]*worth +400 MIZU: 400 shares/);
  const operator = await mizu(OPERATOR, 'stakes');
  expect(operator.text).toMatch(/own +1600 MIZU[\s\S]*weight +2000 MIZU, 100 % of the role's/);
});

test('yield is shared by weight, the commission kept; a claim settles it first', async () => {
  await send(OWNER, at.token, mizuTokenAbi as Abi, 'mint', [OWNER.address, 1_000n * MIZU]);
  await send(OWNER, at.token, mizuTokenAbi as Abi, 'approve', [at.stakeManager, 1_000n * MIZU]);
  await send(OWNER, at.stakeManager, stakeManagerAbi as Abi, 'fund', [ROLE.executor, 1_000n * MIZU]);
  // 800 for 1,600 of 2,000, and 7.5 % of the 200 that 400 have earned; the contract rounds down the wei that does not divide.
  expect((await mizu(OPERATOR, 'stakes')).text).toMatch(/yield +815 MIZU due/);
  expect((await mizu(DELEGATOR, 'stakes')).text).toContain('worth    584.9999 MIZU: 400 shares');
  const before = await tokensOf(EXECUTOR.address);
  const claimed = await mizu(OPERATOR, 'claim');
  expect(claimed.text).toMatch(/settle the yield as executor[\s\S]*withdraw yield and rewards[\s\S]*815 MIZU are paid/);
  expect((await tokensOf(EXECUTOR.address)) - before).toBe(815n * MIZU);
  expect((await mizu(OPERATOR, 'claim')).text).toMatch(/Nothing is due to[\s\S]*as soon as someone funds a role/);
});

test('a slash takes the own stake first, then of the pool; of what is left of nothing no pool is made again', async () => {
  const to = ['--role', 'executor', '--operator', EXECUTOR.address];
  const snapshot = await rpc('evm_snapshot');
  await slash(1_700n * MIZU);
  expect((await mizu(DELEGATOR, 'stakes')).text).toContain('worth    484.9999 MIZU: 400 shares');
  const operator = await mizu(OPERATOR, 'stakes');
  expect(operator.text).toMatch(/executor {2}not active\n +own +0 MIZU[\s\S]*weight +0 MIZU/);
  expect(operator.text).toContain('a share is 1.2124 MIZU');
  await slash(485n * MIZU);
  expect((await mizu(OPERATOR, 'stake', '1000', '--role', 'executor')).code).toBe(0);
  expect((await mizu(DELEGATOR, 'delegate', '10', ...to)).text).toContain(
    'slashes have left next to nothing of the pool',
  );
  await rpc('evm_revert', snapshot);
  const dust = await mizu(DELEGATOR, 'delegate', '0.000000000000000001', ...to);
  expect(dust.text).toContain('less than the smallest share of the pool');
});

test('pools beyond the limit are not looked through: then it is said with whom', async () => {
  const snapshot = await rpc('evm_snapshot');
  await rpc('anvil_setNonce', at.delegationPools, '0x402');
  expect((await mizu(DELEGATOR, 'stakes')).text).toMatch(
    /too many pools[\s\S]*at most 1024[\s\S]*1025[\s\S]*--operator/,
  );
  const named = await mizu(DELEGATOR, 'stakes', '--operator', EXECUTOR.address);
  expect(named.text).toContain('delegated as executor');
  await rpc('evm_revert', snapshot);
});

test('what is locked is not free, and it is said by whom', async () => {
  await send(EXECUTOR, at.rollup, rollupAbi as Abi, 'join', []);
  const shown = await mizu(6, 'stakes');
  expect(shown.text).toMatch(/da-member[\s\S]*free +0 MIZU; locked: 1000 MIZU by DACommittee/);
  const refused = await mizu(6, 'unbond', 'all', '--role', 'da-member');
  expect(refused.text).toMatch(/a stake that nothing locks[\s\S]*are locked: 1000 MIZU by DACommittee/);
});

test('own stake on its way out: when it is due, 16 parts at a time, and then a claim pays it', async () => {
  const role = ['--role', 'executor'];
  expect((await mizu(OPERATOR, 'unbond', '1600.5', ...role)).text).toMatch(
    /at most 1600 MIZU[\s\S]*1600 MIZU are active/,
  );
  const begun = await mizu(OPERATOR, 'unbond', '700', ...role);
  const due = isoAt((await clock.now()) + BigInt(UNBONDING));
  expect(begun.text).toMatch(/stays +900 MIZU, below the minimum of 1000 MIZU: the role is not held any more/);
  expect(begun.text).toContain(`700 MIZU are on their way out, due from ${due} on`);
  for (let i = 1; i < 16; i++)
    await send(EXECUTOR, at.stakeManager, stakeManagerAbi as Abi, 'unbond', [ROLE.executor, MIZU]);
  const many = await mizu(OPERATOR, 'unbond', '1', ...role);
  expect(many.text).toMatch(/at most 16 at a time/);
  expect(many.text).toContain(`from ${due} on with mizu claim`);
  const early = await mizu(OPERATOR, 'claim', '--json');
  expect(early.code).toBe(1);
  expect(early.text).toContain(`the next part, 700 MIZU as executor, is due from ${due} on`);
  await clock.advance(UNBONDING);
  const claimed = await mizu(OPERATOR, 'claim');
  expect(claimed.text).toContain('715 MIZU are paid');
  // The own stake is below the minimum now: the pool takes no more.
  const full = await mizu(DELEGATOR, 'delegate', '1', ...role, '--operator', EXECUTOR.address);
  expect(full.text).toMatch(
    /a pool that has room[\s\S]*own stake, 885 MIZU, is below the minimum of executor, 1000 MIZU/,
  );
});

test('delegated stake on its way out, and all of it', async () => {
  const of = ['--role', 'executor', '--operator', EXECUTOR.address];
  expect((await mizu(DELEGATOR, 'unbond', '586', ...of)).text).toMatch(/at most 584.9999 MIZU[\s\S]*mizu stakes/);
  expect((await mizu(4, 'unbond', 'all', ...of)).text).toContain('a delegation');
  const part = await mizu(DELEGATOR, 'unbond', '58.5', ...of);
  expect(part.text).toMatch(/stays +526.4999 MIZU[\s\S]*58\.[45]\d* MIZU are on their way out/);
  await clock.advance(60);
  expect((await mizu(DELEGATOR, 'unbond', 'all', ...of)).code).toBe(0);
  const shown = await mizu(DELEGATOR, 'stakes');
  expect(shown.text).toMatch(
    /worth +0 MIZU: 0 shares\n +leaving +58\.[45]\d* MIZU, due from [\s\S]*leaving +526.4999 MIZU, due from/,
  );
  await clock.advance(UNBONDING - 60);
  const first = await mizu(DELEGATOR, 'claim', '--operator', EXECUTOR.address);
  expect(first.text).toMatch(/58\.[45]\d* MIZU paid[\s\S]*The next part, 526.4999 MIZU, is due from/);
  await clock.advance(60);
  expect((await mizu(DELEGATOR, 'claim')).text).toMatch(/526\.[45]\d* MIZU are paid/);
  expect((await mizu(DELEGATOR, 'claim')).text).toMatch(
    /nothing on its way out[\s\S]*has no stake and has delegated nothing/,
  );
});

test('another contract than a Rollup, another chain, and a network that is not named, are refused before anything', async () => {
  const key = ['--key', join(folder, `key-${OPERATOR}`)];
  const other = await runMain('stakes', '--l1', anvil.url, '--rollup', at.token, '--chain-id', '31337', ...key);
  expect(other.text).toContain('The stakes of this network cannot be read');
  const chain = await runMain('stakes', '--l1', anvil.url, '--rollup', at.rollup, '--chain-id', '1', ...key);
  expect(chain.text).toMatch(/of another network[\s\S]*chain 31337/);
});

test('what is said of gas behind an approval is not exceeded', async () => {
  expect(Object.keys(gasUsed).sort()).toEqual(['delegate', 'stake', 'withdraw yield and rewards']);
  expect(gasUsed.stake).toBeLessThan(Number(GAS_AT_MOST.stake));
  expect(gasUsed.delegate).toBeLessThan(Number(GAS_AT_MOST.delegate));
  expect(gasUsed['withdraw yield and rewards']).toBeLessThan(Number(GAS_AT_MOST.claimReward));
});

/** The most that a transaction of a kind took, as the commands have told it. */
const gasUsed: Record<string, number> = {};

async function mizu(key: number, ...argv: string[]) {
  const network = ['--l1', anvil.url, '--rollup', at.rollup, '--chain-id', String(foundry.id)];
  const ran = await runMain(...argv, ...network, '--key', join(folder, `key-${key}`));
  for (const [, what = '', gas = ''] of ran.text.matchAll(
    /^(stake|delegate|withdraw yield and rewards) {2}.*?, ([\d,]+) gas/gm,
  )) {
    gasUsed[what] = Math.max(gasUsed[what] ?? 0, Number(gas.replaceAll(',', '')));
  }
  return ran;
}

const linesOf = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
const isoAt = (seconds: bigint) => new Date(Number(seconds) * 1000).toISOString();

const rpc = (method: string, ...params: unknown[]) =>
  l1.client.request({ method, params } as never) as Promise<unknown>;

/** By the Rollup, in whose name anvil sends; nobody is paid. */
async function slash(amountWei: bigint): Promise<void> {
  const args = [EXECUTOR.address, ROLE.executor, amountWei, zeroAddress, 0n] as const;
  const data = encodeFunctionData({ abi: stakeManagerAbi, functionName: 'slash', args });
  await rpc('anvil_setBalance', at.rollup, `0x${MIZU.toString(16)}`);
  await rpc('anvil_impersonateAccount', at.rollup);
  const hash = (await rpc('eth_sendTransaction', { from: at.rollup, to: at.stakeManager, data })) as Hex;
  expect((await l1.client.waitForTransactionReceipt({ hash })).status).toBe('success');
}

function activeOf(account: Address): Promise<bigint> {
  const args = [account, ROLE.executor] as const;
  return l1.client.readContract({ address: at.stakeManager, abi: stakeManagerAbi, functionName: 'activeOf', args });
}

function tokensOf(account: Address): Promise<bigint> {
  const args = [account] as const;
  return l1.client.readContract({ address: at.token, abi: mizuTokenAbi, functionName: 'balanceOf', args });
}
