// A whole network for the tests of executor and validator: anvil, contracts, a DA committee, and who posts batches.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestClient, domainSeparator, http, type TestClient } from 'viem';
import { type LocalAccount, privateKeyToAccount } from 'viem/accounts';
import { foundry } from 'viem/chains';
import { toContractCertificate } from '../../contracts/claim.ts';
import { DEVNET_CONFIG, type DeployConfig } from '../../contracts/config.ts';
import { deployContracts } from '../../contracts/deploy.ts';
import { type NetworkSetup, setUpNetwork, sortMembers } from '../../contracts/network.ts';
import { signCertificate } from '../../da/certify.ts';
import { createDaClient } from '../../da/client.ts';
import { followCommittee } from '../../da/committee.ts';
import { createDaNode } from '../../da/node.ts';
import { followEpoch, readCommittee } from '../../da/read-committee.ts';
import { followStandings } from '../../da/standing.ts';
import { accountOf } from '../../da/storage-request.ts';
import { type Anvil, startAnvil } from '../../devnet/anvil.ts';
import { KERNEL_PATH } from '../../kernel/file.ts';
import { createGenesis, type GenesisConfig } from '../../kernel/genesis.ts';
import type { NodeConfig } from '../../node/config.ts';
import { encodeBatch } from '../../protocol/batch.ts';
import type { Certificate } from '../../protocol/certificate.ts';
import { daCommitteeAbi, gasPricesAbi, inboxAbi, mizuTokenAbi, stakeManagerAbi } from '../../protocol/generated/abi.ts';
import { type Address, bytesToHex, type Hex } from '../../protocol/hex.ts';
import { encodeMessage, type Message } from '../../protocol/messages.ts';
import { ROLE, type Role } from '../../protocol/roles.ts';
import { type ObjectRef, objectRef } from '../../protocol/tree.ts';
import { createDomain } from '../../protocol/typed-data.ts';
import { connectL1, withAccount } from '../../service/l1/l1.ts';
import { createLogger } from '../../service/process/log.ts';
import { createAuthor, inHours, type SignMessage, signAs } from './author.fixture.ts';
import { kernelEngine } from './chain.fixture.ts';
import {
  ACCOUNTS,
  EXECUTOR,
  HOLDERS,
  LIAR,
  OWNER,
  powerWallets,
  SEQUENCER,
  USER,
  VALIDATOR,
} from './contracts.fixture.ts';
import { deployEigenLayer } from './eigen-layer.fixture.ts';
import { holdClock } from './l1-clock.fixture.ts';

export { EXECUTOR, LIAR, OWNER, SEQUENCER, USER, VALIDATOR };

const MIZU = 10n ** 18n;
const BLOCK_MS = 300;
const STAKE = 10_000n * MIZU;
const GAS_PRICE = { initialWei: 1n, highestWei: 1_000_000n, restSeconds: 300 } as const;
/** The machine's clock, which a sequencer goes by, is ahead of one that stands still: by a round of leaders at most. */
const LEADER_SECONDS = 60;
const MAX_AHEAD_SECONDS = 64 * LEADER_SECONDS;
const LAST_NET_SECONDS = 600;

export const keyOf = (n: number): Hex => bytesToHex(ACCOUNTS[n]!.getHdKey().privateKey!);
export const [COMMITTEE_OWNER_KEY, MODEL_OWNER_KEY, GAS_PRICE_OWNER_KEY] = [keyOf(13), keyOf(14), keyOf(16)];
const MEMBER_KEYS = [6, 7, 8, 9].map((n) => ({
  address: ACCOUNTS[n]!.address.toLowerCase() as Address,
  key: keyOf(n),
}));

export type TestNetwork = Awaited<ReturnType<typeof startTestNetwork>>;

export type StakesIn = 'stakeManager' | 'eigenLayer';

/**
 * With the devnet's times, unless `changes` says otherwise, on a clock that stands still; four DA members, three needed.
 * @param stakesIn where executors, sequencer and members are staked
 * @param answerPollMs how often members look for challenges on L1; absent: they do not
 */
export async function startTestNetwork(
  changes: Partial<DeployConfig> = {},
  stakesIn: StakesIn = 'stakeManager',
  answerPollMs?: number,
) {
  const folder = mkdtempSync(join(tmpdir(), 'mizu-network-'));
  const anvil = await startAnvil();
  try {
    return await buildNetwork(folder, anvil, changes, stakesIn, answerPollMs);
  } catch (error) {
    await anvil.close();
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

async function buildNetwork(
  folder: string,
  anvil: Anvil,
  changes: Partial<DeployConfig>,
  stakesIn: StakesIn,
  answerPollMs: number | undefined,
) {
  const transport = http(anvil.url);
  const clock = await holdClock(anvil.url);
  const l1 = await connectL1(anvil.url);
  const wallets = powerWallets(anvil.url);
  const eigenLayer = stakesIn === 'eigenLayer' ? await deployEigenLayer(l1.client, anvil.url) : undefined;
  const config: DeployConfig = {
    ...DEVNET_CONFIG,
    ...(eigenLayer !== undefined && { eigenLayer: eigenLayer.config }),
    leaderSeconds: LEADER_SECONDS,
    maxAheadSeconds: MAX_AHEAD_SECONDS,
    gasPrice: GAS_PRICE,
    ...changes,
  };
  let genesisConfig: GenesisConfig | undefined;
  const deployment = await deployContracts({
    publicClient: l1.client,
    walletClient: wallets.token,
    config,
    holders: HOLDERS,
    genesis: async (at, chainId) => {
      const separator = (contract: Address) => domainSeparator({ domain: createDomain(chainId, contract) });
      genesisConfig = {
        chainId,
        minGasPrice: config.gasPrice.initialWei,
        inboxDomain: separator(at.inbox),
        daDomain: separator(at.daCommittee),
        gatewayDomain: separator(at.gatewayRegistry),
        retention: BigInt(config.retentionSeconds),
        committeeOverlap: BigInt(config.committeeOverlapSeconds),
        committee: { epoch: 0n, threshold: 1, members: [] },
      };
      return { kernelProgramId: kernelEngine.programId, stateRoot: (await createGenesis(genesisConfig)).stateRoot };
    },
  });
  const at = deployment.addresses;
  const members = sortMembers(MEMBER_KEYS.map(({ address }) => address));
  const stakes: NetworkSetup['stakes'] = [
    { account: SEQUENCER.address, role: 'sequencer', amountWei: STAKE },
    { account: EXECUTOR.address, role: 'executor', amountWei: STAKE },
    { account: LIAR.address, role: 'executor', amountWei: STAKE },
    { account: VALIDATOR.address, role: 'validator', amountWei: STAKE },
    ...members.map((account) => ({ account, role: 'daMember' as const, amountWei: STAKE })),
  ];
  await eigenLayer?.stakeAll(at, stakes);
  await setUpNetwork({
    publicClient: l1.client,
    wallets,
    addresses: at,
    setup: {
      grants: [USER, VALIDATOR].map(({ address }) => ({ account: address, amountWei: 1_000n * MIZU })),
      stakes: eigenLayer === undefined ? stakes : [],
      committee: { members, threshold: 3 },
      models: [],
    },
  });
  const daNodes = await Promise.all(
    members.map((address, i) => {
      const { key } = MEMBER_KEYS.find((member) => member.address === address)!;
      return createDaNode({
        dataDir: join(folder, `da-${i}`),
        key,
        ...(answerPollMs !== undefined && { answers: { l1Url: anvil.url, key, pollMs: answerPollMs } }),
        port: 0,
        chainId: deployment.chainId,
        contract: at.daCommittee,
        epoch: followEpoch(anvil.url, at.daCommittee, 1n),
        standing: followStandings(anvil.url, at.daCommittee, undefined),
        log: createLogger('da', 'silent'),
      });
    }),
  );
  const addresses = daNodes.map(({ url }, i) => ({ url, address: members[i]! }));
  const domain = createDomain(deployment.chainId, at.daCommittee);
  const da = createDaClient({
    committee: followCommittee(readCommittee(l1, at.daCommittee), addresses),
    domain,
    account: accountOf(keyOf(1)),
  });
  const chain: TestClient = createTestClient({ chain: foundry, mode: 'anvil', transport });
  // There are blocks also when nobody sends anything; all have the same time.
  const startMiner = () => setInterval(() => void chain.mine({ blocks: 1 }).catch(() => undefined), BLOCK_MS);
  let miner = startMiner();
  const sequencer = withAccount(l1, keyOf(1));
  const user = withAccount(l1, keyOf(3));

  async function write(
    by: typeof user,
    address: Address,
    abi: readonly unknown[],
    functionName: string,
    args: unknown[],
  ) {
    const hash = await by.wallet.writeContract({
      address,
      abi,
      functionName,
      args,
      account: by.account,
      chain: foundry,
    } as never);
    const receipt = await l1.client.waitForTransactionReceipt({ hash, pollingInterval: 20 });
    if (receipt.status !== 'success') throw new Error(`${functionName} reverted`);
    return receipt;
  }

  await write(sequencer, at.inbox, inboxAbi, 'join', []);

  const inboxDomain = createDomain(deployment.chainId, at.inbox);
  const gasPrice = config.gasPrice.initialWei;
  const sign: SignMessage = (signer, fields) => signAs(inboxDomain, signer, { gasPrice, ...fields });
  return {
    anvil,
    stakesIn: (eigenLayer === undefined ? 'stakeManager' : 'eigenLayer') as StakesIn,
    chain,
    clock,
    l1,
    da,
    daNodes,
    deployment,
    config: (name: string): NodeConfig => ({
      dataDir: join(folder, name),
      l1Url: anvil.url,
      contracts: at,
      fromBlock: deployment.fromBlock,
      genesis: genesisConfig!,
      da: { members: addresses, threshold: 3 },
      kernelPath: KERNEL_PATH,
      workers: 1,
      pollMs: 50,
    }),
    user: USER.address,
    /** The user, whose objects go to DA. */
    author: createAuthor(da, sign, USER),
    /** Another account. */
    authorOf: (account: LocalAccount) => createAuthor(da, sign, account),
    /** A message of any account; without a gas price it offers the first minimum of the network. */
    sign,
    /** What a dishonest committee promises: objects that no member holds. */
    async certifyUnheld(objects: readonly ObjectRef[], expiry: bigint): Promise<Certificate> {
      const committee = { address: at.daCommittee, abi: daCommitteeAbi } as const;
      const epoch = await l1.client.readContract({ ...committee, functionName: 'epoch' });
      const signatures = await Promise.all(
        members.slice(0, 3).map((address) => {
          const { key } = MEMBER_KEYS.find((member) => member.address === address)!;
          return signCertificate(privateKeyToAccount(key), domain, { epoch, objects, expiry });
        }),
      );
      return { epoch, expiry, signers: 0b111n, signatures };
    },
    /** From now on a block comes by `mine` alone, whatever is sent. */
    async holdBlocks() {
      clearInterval(miner);
      await chain.setAutomine(false);
    },
    /** Blocks come by themselves again. */
    async releaseBlocks() {
      miner = startMiner();
      await chain.setAutomine(true);
    },
    /** Transactions that the next block takes. */
    async pending() {
      return (await chain.getTxpoolStatus()).pending;
    },
    async mine() {
      await chain.mine({ blocks: 1 });
    },
    /** Another committee: some of the members. L1's clock leaps over the time until it takes over. */
    async appoint(count: number, threshold: number) {
      const owner = withAccount(l1, COMMITTEE_OWNER_KEY);
      await write(owner, at.daCommittee, daCommitteeAbi, 'setCommittee', [members.slice(0, count), threshold]);
      await clock.advance(DEVNET_CONFIG.committeeDelaySeconds);
      await write(user, at.daCommittee, daCommitteeAbi, 'activate', []);
    },
    /** Stake for any account, out of nothing; L1's clock goes on by a second, so that it counts for what comes next. */
    async stake(account: Address, role: Role, amountWei: bigint) {
      const owner = withAccount(l1, keyOf(0));
      await write(owner, at.token, mizuTokenAbi, 'mint', [owner.address, amountWei]);
      await write(owner, at.token, mizuTokenAbi, 'approve', [at.stakeManager, amountWei]);
      await write(owner, at.stakeManager, stakeManagerAbi, 'stake', [account, ROLE[role], amountWei]);
      await clock.advance(1);
    },
    /** A message past the sequencer. */
    async force(message: Uint8Array) {
      await write(user, at.inbox, inboxAbi, 'forceMessage', [bytesToHex(message)]);
    },
    /** Another least price of gas; L1's clock leaps over the rest that a change must have before it. */
    async setGasPrice(price: bigint) {
      await clock.advance(config.gasPrice.restSeconds);
      await write(withAccount(l1, GAS_PRICE_OWNER_KEY), at.gasPrices, gasPricesAbi, 'setPrice', [price]);
    },
    /** Tokens for any account, out of nothing. */
    async grant(account: Address, amountWei: bigint) {
      await write(withAccount(l1, keyOf(0)), at.token, mizuTokenAbi, 'mint', [account, amountWei]);
    },
    /** From the user, to its account or another. */
    async deposit(amount: bigint, account: Address = USER.address) {
      await write(user, at.token, mizuTokenAbi, 'approve', [at.inbox, amount]);
      await write(user, at.inbox, inboxAbi, 'deposit', [account, amount]);
    },
    /**
     * A batch of all delayed messages and these. `change`: of the batch object, for a sequencer that lies. `promise`: for how long its
     * bytes are promised, and whether any member has them.
     */
    async postBatch(
      messages: readonly Message[],
      change: (batch: Uint8Array) => void = () => undefined,
      promise: { readonly hours?: number; readonly isHeld?: boolean } = {},
    ) {
      const inbox = { address: at.inbox, abi: inboxAbi } as const;
      const [index, delayed] = await Promise.all([
        l1.client.readContract({ ...inbox, functionName: 'batchCount' }),
        l1.client.readContract({ ...inbox, functionName: 'delayedCount' }),
      ]);
      const bytes = encodeBatch(messages.map(encodeMessage));
      change(bytes);
      const object = objectRef(bytes);
      const expiry = inHours(promise.hours ?? 24);
      const certificate =
        promise.isHeld === false
          ? await this.certifyUnheld([object], expiry)
          : (await da.put([bytes], { expiry })).certificate;
      // As a sequencer has it: L1's clock stands still, and what was posted before may have the machine's.
      const [now, machine] = [await clock.now(), BigInt(Math.floor(Date.now() / 1000))];
      const timestamp = now > machine ? now : machine;
      const args = [
        index,
        object.root,
        object.length,
        messages.length,
        timestamp,
        delayed,
        toContractCertificate(certificate),
      ];
      return write(sequencer, at.inbox, inboxAbi, 'postBatch', args);
    },
    async close() {
      clearInterval(miner);
      await da.close();
      await Promise.all(daNodes.map((node) => node.close()));
      await anvil.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Looks every 20 ms. The limit is a last net: no verdict depends on the machine's speed. */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined> | T | undefined,
  seconds = LAST_NET_SECONDS,
): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const value = await probe();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > deadline) throw new Error(`${what} did not happen within ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
