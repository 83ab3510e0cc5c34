// docs/kernel.md#money, docs/contracts.md#bridge: thousands of runs of every fate, a void by L1, a lie that is caught, and in the end
// every wei is where the rules say.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Abi } from 'viem';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startValidator, type Validator } from '../../challenger/main.ts';
import { loadGas, messageGas } from '../../kernel/fees.ts';
import { accountKey, feesKey, runKey, withdrawalKey } from '../../kernel/keys.ts';
import { decodeReceipt } from '../../kernel/receipt.ts';
import { accountRecord, feesRecord, runRecord } from '../../kernel/records.ts';
import { decodeChunk } from '../../node/body/body.ts';
import type { AssertionRecord } from '../../node/l1/mirror.ts';
import { createStateProof, readRecord } from '../../node/proof.ts';
import { type Definition, encodeDefinition, hashWorkflow, objectsOfDefinition } from '../../protocol/definition.ts';
import { attestationsAbi, bridgeAbi, mizuTokenAbi, stakeManagerAbi } from '../../protocol/generated/abi.ts';
import { type Address, bytesToHex, type Hex, isSameAddress } from '../../protocol/hex.ts';
import type { Message } from '../../protocol/messages.ts';
import { receiveMessage } from '../../protocol/received.ts';
import { decodeStateLeaf } from '../../protocol/state.ts';
import { objectRef } from '../../protocol/tree.ts';
import { type Executor, startExecutor } from '../../prover/main.ts';
import { withAccount } from '../../service/l1/l1.ts';
import { createSender } from '../../service/l1/send.ts';
import { createLogger } from '../../service/process/log.ts';
import { createXorshift } from '../kernel/random.fixture.ts';
import { execStage, inferStage } from '../kernel/world.fixture.ts';
import { type Author, putTestProgram } from '../network/chain.fixture.ts';
import { ACCOUNTS } from '../network/contracts.fixture.ts';
import { joinGateway, pushVoid, signResults, signWorkerAccount } from '../network/inference.fixture.ts';
import {
  EXECUTOR,
  VALIDATOR as GATEWAY,
  keyOf,
  LIAR,
  startTestNetwork,
  type TestNetwork,
  USER,
  until,
} from '../network/network.fixture.ts';
import { runMain } from '../network/run-main.fixture.ts';
import { type Books, openBooks } from './books-ledger.fixture.ts';
import { certifiedInputs, drawFate, inferenceTask, type PlannedRun, planRun } from './books-plan.fixture.ts';

const ROUNDS = 10;
const RUNS_PER_ROUND = 220;
/** Runs that one message of the gateway answers. */
const ITEMS = 20;
/** What a worker has earned at its gateway in a round, wei: more than what settling costs. */
const EARNED = 3_000_000n;
const MAX_COST = 20_000_000n;
const FUNDS = 10n ** 10n;
/** The last one cannot pay for all that it starts. It is a worker, too. */
const POOR = 6n * 10n ** 7n;
const REFUND = 1_000n;
const EXPIRE_SECONDS = 3_000;
const ROW = new TextEncoder().encode('one row of the books');
const REQUEST = ROW.map((byte) => byte + 1);
const ANSWER = new TextEncoder().encode('what the model says');
/** kind, signature, sender, nonce, recipient, amount. */
const WITHDRAW_BYTES = 1 + 65 + 20 + 8 + 32 + 20 + 32;
const UNKNOWN: Hex = `0x${'cd'.repeat(32)}`;
const STAGES = [execStage(), inferStage(0), execStage({ inputs: [{ source: 1, mode: 'same' }], sink: true })];
const WORKER = ACCOUNTS[12]!;
const USERS = [USER, ...ACCOUNTS.slice(10, 12), WORKER];
const log = createLogger('test', process.env.MIZU_LOG ?? 'silent');
const POLICY = { intervalSeconds: 0 };

type Owner = { readonly author: Author; readonly inputs: Uint8Array; nonce: bigint };

let network: TestNetwork;
let folder: string;
let executor: Executor;
let validator: Validator | undefined;
let ledger: Books;
let owners: Owner[];
let workflow: Hex;
let gatewayNonce = 0n;
let earned = 0n;
let booked = 0n;
const random = createXorshift(11);
const expiring: PlannedRun[] = [];
let soon = 0n;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mizu-books-'));
  network = await startTestNetwork();
  await joinGateway(network);
  executor = await startHonest();
  soon = (await network.clock.now()) + BigInt(EXPIRE_SECONDS);
}, 120_000);

afterAll(async () => {
  await validator?.close();
  await executor?.close();
  await network?.close();
  await rm(folder, { recursive: true, force: true });
});

const startHonest = () =>
  startExecutor({ ...network.config('executor'), key: keyOf(2), policy: POLICY, payoutWei: 1n, log });
const bridge = () => ({ address: network.deployment.addresses.bridge, abi: bridgeAbi }) as const;
const token = () => ({ address: network.deployment.addresses.token, abi: mizuTokenAbi }) as const;
const tokensOf = (account: Address) =>
  network.l1.client.readContract({ ...token(), functionName: 'balanceOf', args: [account] });
const supply = () => network.l1.client.readContract({ ...token(), functionName: 'totalSupply' });

/** What every party needs before its first run: the workflow, inputs that are promised, money. */
async function open(): Promise<void> {
  const { author } = network;
  const program = await putTestProgram(author);
  const [metadata] = await author.putAll([new TextEncoder().encode('{}')]);
  const definition: Definition = { programs: [program], stages: STAGES, metadata: metadata! };
  workflow = hashWorkflow(definition);
  ledger = openBooks(STAGES, {
    gasWei: 1n,
    inputTokenWei: 1n,
    outputTokenWei: 2n,
    loadGas: loadGas(program),
    inputBytes: [BigInt(ROW.length), 0n, BigInt(ANSWER.length)],
    signatures: 4,
  });
  owners = await Promise.all(
    USERS.map(async (account): Promise<Owner> => {
      const own = network.authorOf(account);
      return { author: own, inputs: await certifiedInputs(own, await own.putAll([ROW])), nonce: 0n };
    }),
  );
  for (const [i, { address }] of USERS.entries()) await network.deposit(i === USERS.length - 1 ? POOR : FUNDS, address);
  await network.deposit(FUNDS, GATEWAY.address);
  const encoded = encodeDefinition(definition, await author.certify(objectsOfDefinition(definition)));
  const [first] = owners;
  await post(await first!.author.sign({ kind: 'Deploy', nonce: first!.nonce++, maxFee: FUNDS, definition: encoded }));
}

async function post(...messages: readonly Message[]): Promise<void> {
  await network.postBatch(messages);
  await bookBatches();
}

/** Takes what has been executed into the ledger, and compares the state with it. */
async function bookBatches(): Promise<void> {
  const { batches } = await until('the batch', async () => {
    const head = await executor.node.mirror.head();
    return head.batches > booked && executor.node.execution.batches() === head.batches ? head : undefined;
  });
  for (; booked < batches; booked++) {
    const { chunks, toStep } = (await executor.node.execution.batch(booked))!;
    for (const { root } of chunks) {
      for (const { message, receipt } of decodeChunk((await executor.node.objects.get(root))!).steps) {
        const read = decodeReceipt(receipt);
        const { due, named } = ledger.note(receiveMessage(message), read);
        expect(named, JSON.stringify(read)).toBe(due);
      }
    }
    await compare(decodeStateLeaf(await executor.node.execution.leaves(toStep, toStep)).stateRoot);
  }
}

async function compare(stateRoot: Hex): Promise<void> {
  const read = (key: Uint8Array) => readRecord(executor.node.nodes, stateRoot, key);
  for (const [address, balance] of ledger.balances) {
    const record = accountRecord.decode((await read(accountKey(address)))!);
    expect(record.balance, `balance of ${address}`).toBe(balance);
    // What was refused for nobody's money has used no nonce.
    for (const owner of owners) if (isSameAddress(owner.author.address, address)) owner.nonce = record.nonce;
  }
  expect(feesRecord.decode((await read(feesKey()))!).fees).toBe(ledger.fees());
  expect(ledger.total()).toBe(ledger.paidIn());
}

/** The same for each run that is known. */
async function compareRuns(): Promise<void> {
  const { toStep } = (await executor.node.execution.batch(booked - 1n))!;
  const { stateRoot } = decodeStateLeaf(await executor.node.execution.leaves(toStep, toStep));
  for (const [run, { escrow, spent, isRunning }] of ledger.runs) {
    const record = runRecord.decode((await readRecord(executor.node.nodes, stateRoot, runKey(run)))!);
    expect({ escrow: record.escrow, spent: record.spent, isRunning: record.status === 1 }).toEqual({
      escrow,
      spent,
      isRunning,
    });
  }
}

const advance =
  (stage: number) =>
  ({ run }: PlannedRun): Message => ({ kind: 'Advance', run, stage, partition: 0 });

async function results(runs: readonly PlannedRun[], attempt = 0): Promise<Message[]> {
  const messages: Message[] = [];
  for (let from = 0; from < runs.length; from += ITEMS) {
    const tasks = runs.slice(from, from + ITEMS).map(({ run }) => inferenceTask(run, REQUEST, attempt));
    const answers = tasks.map(() => ANSWER);
    messages.push(await signResults(network, tasks, answers, ++gatewayNonce));
  }
  return messages;
}

async function cancels(runs: readonly PlannedRun[]): Promise<Message[]> {
  const messages: Message[] = [];
  for (const { run, author } of runs) {
    const owner = owners.find((one) => one.author === author)!;
    messages.push(await author.sign({ kind: 'Cancel', nonce: owner.nonce++, run }));
  }
  return messages;
}

const voided = (run: Hex, resultRoot = objectRef(ANSWER).root) =>
  pushVoid(network, { kind: 'ItemVoided', run, stage: 1, partition: 0, attempt: 0, resultRoot, refund: REFUND });

/** A worker settles what its gateway has signed, twice: it is paid once. Then a stranger's signature, which is worth nothing. */
async function settlements(): Promise<Message[]> {
  const owner = owners.at(-1)!;
  earned += EARNED;
  const account = await signWorkerAccount(network, WORKER.address, earned);
  const names = { ...account, kind: 'Settle' } as const;
  const forged = { ...names, total: 2n * earned };
  return [
    await owner.author.sign({ ...names, nonce: owner.nonce++ }),
    await owner.author.sign({ ...names, nonce: owner.nonce++ }),
    await owner.author.sign({ ...forged, nonce: owner.nonce++ }),
  ];
}

/** Starts a round's runs; beside them what is refused, for the sender's money or for nobody's. */
async function startRuns(): Promise<PlannedRun[]> {
  const messages: Message[] = [];
  const planned: PlannedRun[] = [];
  for (let i = 0; i < RUNS_PER_ROUND; i++) {
    const owner = owners[random(owners.length)]!;
    const { author, inputs } = owner;
    const fate = drawFate(random);
    const terms = { workflow, gasPrice: BigInt(1 + random(3)), inputs, maxCost: MAX_COST, soon };
    const started = await planRun(author, owner.nonce, fate, terms);
    messages.push(started.message);
    owner.nonce += 1n;
    planned.push(started.planned);
  }
  for (const owner of owners) {
    const { author, nonce } = owner;
    const withdraw = { kind: 'Withdraw', recipient: author.address } as const;
    messages.push(await author.sign({ ...withdraw, nonce: nonce + 7n, amount: 1n }));
    messages.push(await author.sign({ ...withdraw, nonce, gasPrice: 0n, amount: 1n }));
    messages.push(await author.sign({ ...withdraw, nonce: owner.nonce++, amount: BigInt(1 + random(1_000)) }));
    messages.push(await author.sign({ ...withdraw, nonce: owner.nonce++, amount: 10n ** 30n }));
  }
  await post(...messages);
  // Who was too poor has not started it.
  return planned.filter(({ run }) => ledger.runs.has(run));
}

async function round(): Promise<void> {
  const runs = await startRuns();
  const of = (...fates: readonly string[]) => runs.filter(({ fate }) => fates.includes(fate));
  const answered = of('done', 'done after a refused result', 'voided when done', 'voided on the way');
  const [late, onTheWay, whenDone] = [
    of('done after a refused result'),
    of('voided on the way'),
    of('voided when done'),
  ];
  expiring.push(...of('expired'));
  await post(...(await cancels(of('cancelled at once'))), ...runs.map(advance(0)));
  const early = answered.filter(({ fate }) => fate !== 'done after a refused result');
  await post(
    ...(await cancels(of('cancelled on the way'))),
    ...(await results(early)),
    // Of an attempt that there has not been.
    ...(await results(late, 1)),
  );
  for (const { run } of onTheWay) await voided(run);
  await voided(UNKNOWN);
  if (runs[0] !== undefined) await voided(runs[0].run, UNKNOWN);
  await post(...(await results(late)), ...answered.map(advance(2)));
  for (const { run } of whenDone) await voided(run);
  const again = [...onTheWay, ...whenDone];
  await post(...(await settlements()), ...(await results(again, 1)), ...again.map(advance(2)));
}

/** The arguments of all events of a name. */
async function logsOf(address: Address, abi: Abi, eventName: string): Promise<Record<string, unknown>[]> {
  const events = await network.l1.client.getContractEvents({ address, abi, eventName, fromBlock: 0n });
  return events.map(({ args }) => args as Record<string, unknown>);
}

const sumOf = (logs: readonly Record<string, unknown>[], name: string): bigint =>
  logs.reduce((sum, args) => sum + (args[name] as bigint), 0n);
const earnings = () =>
  network.l1.client.readContract({ ...bridge(), functionName: 'earningsOf', args: [EXECUTOR.address] });

const tip = async () => {
  const { mirror } = executor.node;
  return mirror.assertion((await mirror.head()).latestConfirmed);
};

const isAttested = ({ id }: AssertionRecord) =>
  network.l1.client.readContract({
    address: network.deployment.addresses.attestations,
    abi: attestationsAbi,
    functionName: 'isAttested',
    args: [id],
  });

/** By the only validator too, if there is one: before that, the validators' part waits for the next that is attested. */
const asserted = () =>
  until('all is asserted', async () => {
    const pending = await executor.node.mirror.pending();
    if (!pending.some(({ post: { batch } }) => batch >= booked)) return false;
    return validator === undefined || (await Promise.all(pending.map(isAttested))).every(Boolean);
  });

const confirmed = () =>
  network.clock.passUntil('all is confirmed', async () => ((await tip())?.post.batch ?? 0n) >= booked);

async function send(
  address: Address,
  abi: readonly unknown[],
  functionName: string,
  args: readonly unknown[],
  isDone: () => Promise<boolean>,
): Promise<void> {
  const sender = createSender(withAccount(network.l1, keyOf(15)));
  await sender.sendAndWait({ address, abi, functionName, args, isDone } as never);
}

/** As the validator. */
async function mizu(...words: readonly string[]) {
  const file = join(folder, 'key');
  await writeFile(file, keyOf(4), { mode: 0o600 });
  const { chainId, addresses } = network.deployment;
  const trust = ['--l1', network.anvil.url, '--rollup', addresses.rollup, '--chain-id', String(chainId)];
  return runMain(...words, '--key', file, ...trust);
}

test(`${ROUNDS * RUNS_PER_ROUND} runs of every fate: state, receipts and ledger agree to the wei`, async () => {
  await open();
  for (let n = 0; n < ROUNDS; n++) {
    await round();
    if (n === Math.floor(ROUNDS / 2))
      validator = await startValidator({ ...network.config('validator'), key: keyOf(4), log });
    await asserted();
    await confirmed();
  }
  await compareRuns();
});

test('every fate has come about, and what is refused was tried', () => {
  const { seen } = ledger;
  for (const status of ['done', 'failed', 'cancelled']) expect(seen.get(`run ${status}`), status).toBeGreaterThan(0);
  for (const what of [
    'void',
    'void of nothing',
    'void of an unknown run',
    'refused item',
    'Withdraw refused',
    'Settle refused',
  ])
    expect(seen.get(what), what).toBeGreaterThan(0);
  for (const kind of ['Run', 'Advance']) expect(seen.get(`${kind} refused`), kind).toBeGreaterThan(0);
});

test('runs that are late expire, and pay for it', async () => {
  await network.clock.advanceTo(soon + 1n);
  await post(...expiring.map(({ run }): Message => ({ kind: 'Expire', run })));
  expect(ledger.seen.get('run expired')).toBe(expiring.length);
  await confirmed();
});

test('a lie is rejected; half of what the liar loses is burned, and no book has changed', async () => {
  await executor.close();
  const before = await supply();
  const lie = (steps: Uint8Array) => {
    const changed = steps.slice();
    changed[128] = (steps[128] as number) ^ 1;
    return changed;
  };
  const { node, fight } = validator!;
  const { mirror } = node;
  const place = (await mirror.head()).assertions;
  await network.deposit(1n);
  await network.postBatch([{ kind: 'Expire', run: UNKNOWN }]);
  const liar = await startExecutor(
    { ...network.config('liar'), key: keyOf(5), policy: POLICY, log },
    { stepList: lie },
  );
  // It is the honest one's turn, who is gone.
  await network.clock.passUntil("the liar's assertion", async () => (await mirror.head()).assertions > place);
  await liar.close();
  await until('a game about it', () => fight!.attack.opened === 1);
  executor = await startHonest();
  await until('the truth is asserted', async () => (await mirror.head()).assertions > place + 1n);
  // The liar's clock runs out.
  await network.clock.advance(800);
  await bookBatches();
  await confirmed();
  const [slashed, ...others] = await logsOf(network.deployment.addresses.stakeManager, stakeManagerAbi, 'Slashed');
  expect(others).toEqual([]);
  const { account, slashed: lost, reward, burned } = slashed!;
  expect(account).toBe(LIAR.address);
  expect(lost).toBe((reward as bigint) + (burned as bigint));
  expect(burned).toBeGreaterThanOrEqual((lost as bigint) / 2n);
  expect(before - (await supply())).toBe(burned);
});

test('all leave: each is paid what the ledger says on L1, and the Bridge keeps what it owes and no wei more', async () => {
  const owed = owners.map(() => 0n);
  // The poor one could not pay for leaving.
  for (const { author } of owners) await network.deposit(MAX_COST, author.address);
  await post({ kind: 'Expire', run: UNKNOWN });
  const kept = await Promise.all(USERS.map(({ address }) => tokensOf(address)));
  const leave = await Promise.all(
    owners.map(({ author, nonce }) => {
      const fee = messageGas(WITHDRAW_BYTES);
      const amount = ledger.balanceOf(author.address) - fee;
      return author.sign({ kind: 'Withdraw', nonce, recipient: author.address, amount });
    }),
  );
  await post(...leave);
  for (const { author } of owners) expect(ledger.balanceOf(author.address)).toBe(0n);
  await asserted();
  await confirmed();
  const { id, post: end } = (await tip())!;
  for (const [index, { recipient, amount }] of ledger.withdrawals.entries()) {
    const { nodes } = await createStateProof(executor.node.nodes, end.stateRoot, withdrawalKey(BigInt(index)));
    const isDone = () =>
      network.l1.client.readContract({ ...bridge(), functionName: 'isWithdrawn', args: [BigInt(index)] });
    const args = [id, BigInt(index), recipient, amount, nodes.map(bytesToHex)];
    await send(bridge().address, bridgeAbi, 'withdraw', args, isDone);
    owed[owners.findIndex(({ author }) => isSameAddress(author.address, recipient))]! += amount;
  }
  const paid = await Promise.all(USERS.map(({ address }) => tokensOf(address)));
  expect(paid.map((tokens, i) => tokens - kept[i]!)).toEqual(owed);

  await until('all fees are claimed and paid out', async () => {
    const claims = await logsOf(bridge().address, bridgeAbi, 'FeesClaimed');
    return sumOf(claims, 'earned') + sumOf(claims, 'toValidators') === ledger.fees();
  });
  await until('the payout', async () => (await earnings()) === 0n);
  const [claims, attesters, payouts] = await Promise.all([
    logsOf(bridge().address, bridgeAbi, 'FeesClaimed'),
    logsOf(bridge().address, bridgeAbi, 'AttestersPaid'),
    logsOf(bridge().address, bridgeAbi, 'EarningsPaid'),
  ]);
  expect(sumOf(payouts, 'amount')).toBe(sumOf(claims, 'earned'));
  expect(await tokensOf(EXECUTOR.address)).toBe(sumOf(payouts, 'amount'));
  const pool = await network.l1.client.readContract({ ...bridge(), functionName: 'validatorPool' });
  expect(sumOf(attesters, 'amount') + pool).toBe(sumOf(claims, 'toValidators'));
  const collected = await mizu('attest', '--collect', '--limit', '100');
  expect(collected.text).toContain('are collected as yield');
  const shares = await logsOf(network.deployment.addresses.attestations, attestationsAbi, 'ShareCollected');
  expect(sumOf(shares, 'amount')).toBe(sumOf(attesters, 'amount'));
  expect((await mizu('attest', '--collect')).text).toContain('No share of fees is due to this account.');
  const left = [...ledger.balances.values()].reduce((sum, balance) => sum + balance, 0n);
  expect(left).toBe(ledger.balanceOf(GATEWAY.address));
  expect(await tokensOf(bridge().address)).toBe(left + pool);
});
