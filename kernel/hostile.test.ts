// docs/kernel.md#who-pays: signed messages with any contents. Each is a step, the same in both engines, and paid for or
// without effect.
import { expect, test } from 'vitest';
import { MAX_KERNEL_GAS } from '../protocol/constants.ts';
import { encodeDefinition, hashWorkflow, objectsOfDefinition } from '../protocol/definition.ts';
import { type Address, bytesToHex, type Hex } from '../protocol/hex.ts';
import { encodeInputs, encodeMessage, type Message } from '../protocol/messages.ts';
import { decodeStateLeaf, encodeContext, type Origin } from '../protocol/state.ts';
import { nativeEngine, stepEngine } from '../test/kernel/engine.fixture.ts';
import { createXorshift } from '../test/kernel/random.fixture.ts';
import { totalOf } from '../test/kernel/total.fixture.ts';
import {
  ALICE,
  account,
  BOB,
  certify,
  createWorld,
  GATEWAY,
  MODEL,
  makeDefinition,
  PARTITIONS,
  resultMessage,
  runMessage,
  START,
  sign,
  type World,
  workerAccount,
} from '../test/kernel/world.fixture.ts';
import { accountKey, feesKey } from './keys.ts';
import { accountRecord, feesRecord } from './records.ts';
import { createKernel } from './run.ts';

const MESSAGES = 260;
/** One message in so many also runs in the step machine, which takes a tenth of a second. */
const STEPPED = 8;
/** The most gas that a message may cost the network without anyone paying, beside the hash of its bytes. */
const FREE = 1_000_000;
const FREE_PER_BYTE = 40;
const USERS = [ALICE, BOB, account(4)];
const SIGNED = new Set(['Deploy', 'Run', 'Cancel', 'Withdraw', 'Renew', 'Settle']);
/** Why a signed message charges nobody. */
const FREE_FIELDS = /^(message|gateways|gasPrice|nonce|signer|balance|maxFee): expected /;
const U64 = 2n ** 64n - 1n;
const U256 = 2n ** 256n - 1n;
const EDGES64 = [0n, 1n, 2n ** 32n, 2n ** 53n, 2n ** 63n, U64 - 1n, U64];
const EDGES256 = [0n, 1n, 10n ** 9n, U64, 2n ** 64n, 2n ** 128n, 2n ** 255n, U256 - 1n, U256];
/** The least price is at most 4 and mostly 3. */
const PRICES = [...new Array<bigint>(12).fill(4n), 2n, 3n, 10n ** 9n, 2n ** 96n - 1n, 2n ** 96n, U256];
const WORKFLOW = hashWorkflow(makeDefinition());
const ADDRESSES: readonly Address[] = [...USERS, GATEWAY].map(({ address }) => address);

type Sent = { readonly message: Message | Uint8Array; readonly origin: Origin; readonly time: bigint };

/** Makes messages whose signatures are good and whose contents need not be. */
async function createSender(world: World, random: (below: number) => number, runs: ReadonlySet<Hex>) {
  const pick = <T>(list: readonly T[]): T => list[random(list.length)]!;
  const definition = makeDefinition();
  const bytes = encodeDefinition(definition, await certify(objectsOfDefinition(definition)));
  const inputs = encodeInputs(PARTITIONS, await certify(PARTITIONS));
  const accounts = await Promise.all(
    EDGES256.flatMap((total) => [
      workerAccount(ALICE.address, total),
      workerAccount(GATEWAY.address, total),
      workerAccount(BOB.address, total, BOB),
      workerAccount(BOB.address, total, ALICE),
    ]),
  );
  let gatewayNonce = 0n;
  const changed = (given: Uint8Array): Uint8Array => {
    const size = pick([given.length, given.length, given.length, random(given.length + 1), given.length + random(300)]);
    const other = new Uint8Array(size);
    other.set(given.subarray(0, size));
    for (let flips = random(5); flips > 0 && size > 0; flips--)
      other[random(Math.min(size, 4000))] = pick([0, 1, 127, 255]);
    return other;
  };
  return async (): Promise<Sent> => {
    const user = pick(USERS);
    const nonce =
      ((await world.read(accountKey(user.address), accountRecord))?.nonce ?? 0n) + (random(12) === 0 ? 1n : 0n);
    const gasPrice = pick(PRICES);
    const run: Hex = random(3) > 0 ? ([...runs].at(-1) ?? WORKFLOW) : pick([...runs, WORKFLOW]);
    const sequenced = (message: Message | Uint8Array): Sent => ({ message, origin: 'sequencer', time: world.time });
    const fromL1 = (message: Message | Uint8Array): Sent => ({ message, origin: 'l1', time: world.time });
    switch (random(12)) {
      case 0:
      case 1:
        return sequenced(
          await sign(user, {
            kind: 'Deploy',
            nonce,
            gasPrice,
            maxFee: pick([U256, ...EDGES256]),
            definition: changed(bytes),
          }),
        );
      case 2:
      case 3: {
        const costs = { maxCost: pick(EDGES256), maxItemCost: pick(EDGES256), maxInferenceCost: pick(EDGES256) };
        const limits = { taskGasLimit: pick([500_000n, ...EDGES64]), deadline: pick([START + 90n, ...EDGES64]) };
        const gateways = pick([[], [GATEWAY.address], new Array<Address>(8).fill(BOB.address)]);
        return sequenced(
          await sign(user, {
            kind: 'Run',
            nonce,
            gasPrice,
            workflow: WORKFLOW,
            ...costs,
            ...limits,
            gateways,
            inputs: random(2) === 0 ? inputs : changed(inputs),
          }),
        );
      }
      case 4:
        return sequenced(await runMessage(user, nonce, { gasPrice: 4n, maxCost: 10n ** 9n + BigInt(random(1000)) }));
      case 5:
        return sequenced(
          await sign(user, { kind: 'Withdraw', nonce, gasPrice, recipient: BOB.address, amount: pick(EDGES256) }),
        );
      case 6:
        return sequenced(
          await sign(
            user,
            pick([
              { kind: 'Cancel', nonce, gasPrice, run },
              { kind: 'Renew', nonce, gasPrice, run, objects: changed(inputs) },
              { kind: 'Settle', nonce, gasPrice, ...pick(accounts), total: pick(EDGES256) },
              { kind: 'Settle', nonce, gasPrice, ...pick(accounts) },
            ]),
          ),
        );
      case 7:
        return sequenced({ kind: 'Expire', run });
      case 8:
        return sequenced({
          kind: 'Advance',
          run,
          stage: pick([0, 0, 0, 1, 2, 65_535]),
          partition: pick([0, 1, 2, 3, 2 ** 32 - 1]),
        });
      case 9: {
        const item = {
          run,
          stage: 1,
          partition: pick([0, 1, 2, 2 ** 32 - 1]),
          attempt: pick([0, 1, 65_535]),
          requestRoot: PARTITIONS[0]!.root,
          resultRoot: PARTITIONS[1]!.root,
          resultLength: PARTITIONS[1]!.length,
          model: MODEL,
          inputTokens: pick(EDGES64),
          outputTokens: pick(EDGES64),
        };
        // The same item many times is one result at most.
        const items = new Array<typeof item>(pick([1, 2, 32])).fill(item);
        gatewayNonce = random(10) === 0 ? gatewayNonce : gatewayNonce + 1n;
        return sequenced(await resultMessage(gatewayNonce, items));
      }
      case 10:
        return fromL1(
          pick<Message>([
            { kind: 'Deposit', account: pick(ADDRESSES), amount: BigInt(random(1000)) * 10n ** 9n },
            { kind: 'Deposit', account: ALICE.address, amount: U256 },
            { kind: 'GatewayChanged', gateway: GATEWAY.address, active: random(3) > 0 },
            { kind: 'GasPriceChanged', price: pick([0n, 1n, 2n, 3n, 4n, 2n ** 96n, U256]) },
            {
              ...{ kind: 'ItemVoided', run, stage: pick([0, 1, 1, 65_535]), partition: pick([0, 1, 2, 2 ** 32 - 1]) },
              ...{
                attempt: pick([0, 0, 1, 65_535]),
                resultRoot: PARTITIONS[1]!.root,
                refund: pick([0n, 10n ** 9n, U256]),
              },
            },
            {
              kind: 'ModelChanged',
              model: MODEL,
              active: true,
              class: 1,
              inputPrice: pick([1n, ...EDGES256]),
              outputPrice: pick(EDGES256),
              gateways: [GATEWAY.address],
            },
          ]),
        );
      default: {
        // Bytes of no message, of any origin and length.
        const length = pick([0, 1, 2, 93, 94, 95, 125, 126, 127, 1000, 256 * 1024, 256 * 1024 + 1]);
        const garbage = Uint8Array.from({ length: Math.min(length, 4000) }, () => random(256));
        const whole = new Uint8Array(length);
        whole.set(garbage);
        if (length > 0)
          whole[0] = pick([0, 1, 2, 3, 4, 5, 6, 0x10, 0x11, 0x12, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0xff]);
        return pick([sequenced(whole), fromL1(whole[0] === 0x20 || whole[0] === 0x23 ? whole.slice(0, 12) : whole)]);
      }
    }
  };
}

test.each([1, 2])('signed messages with hostile contents are steps that somebody pays for, seed %i', async (seed) => {
  const random = createXorshift(seed);
  const world = await createWorld(nativeEngine);
  const stepped = createKernel(stepEngine);
  const runs = new Set<Hex>();
  const sent: Sent[] = [];
  const outcomes = new Map<string, number>();
  const send = async (one: Sent): Promise<void> => {
    const { stateRoot, batch } = decodeStateLeaf(world.leaf);
    const stateLeaf = world.leaf;
    const fees = (await world.read(feesKey(), feesRecord))?.fees ?? 0n;
    const bytes = one.message instanceof Uint8Array ? one.message : encodeMessage(one.message);
    const step = world.apply(bytes, one.origin);
    const { receipt } = step;
    const note = `seed ${seed}, message ${sent.length}: ${JSON.stringify(receipt).slice(0, 400)}`;
    sent.push(one);
    const unchanged = decodeStateLeaf(world.leaf).stateRoot === stateRoot;
    outcomes.set(`${receipt.kind} ${receipt.ok}`, (outcomes.get(`${receipt.kind} ${receipt.ok}`) ?? 0) + 1);
    if (receipt.kind === 'Run' && receipt.ok) runs.add(receipt.run!);
    if ((receipt.kind === 'Deposit' || receipt.kind === 'ItemVoided') && receipt.ok)
      deposited += BigInt(receipt.amountWei!);
    expect(step.gasUsed, note).toBeLessThan(MAX_KERNEL_GAS);
    if (!receipt.ok && receipt.error !== undefined)
      expect(receipt.error, note).toMatch(/^[\w ]+: expected .*, got .*$/);
    const paid = ((await world.read(feesKey(), feesRecord))?.fees ?? 0n) - fees;
    if (!receipt.ok && unchanged) {
      if (SIGNED.has(receipt.kind)) expect(receipt.error, note).toMatch(FREE_FIELDS);
      expect(paid, note).toBe(0n);
      expect(Number(step.gasUsed), note).toBeLessThan(FREE + FREE_PER_BYTE * bytes.length);
    } else if (SIGNED.has(receipt.kind)) {
      expect(paid, note).toBe(BigInt(receipt.feeWei!));
      const price = BigInt(bytesToHex(bytes.subarray(94, 126)));
      expect(paid, note).toBeGreaterThanOrEqual((250_000n + 1_000n * BigInt(bytes.length)) * price);
      if (price > 0n) expect(Number(step.gasUsed), note).toBeLessThan(Number(paid / price));
    }
    if (receipt.kind === 'Advance' || sent.length % STEPPED !== 0) return;
    const again = stepped.step({
      stateLeaf,
      context: encodeContext({ timestamp: one.time, origin: one.origin, batch, message: 0n, batchCount: 1n }),
      message: bytes,
      getNode: (hash) => world.nodes.get(hash),
      getExec: () => undefined,
    });
    expect(again, note).toMatchObject({ kind: 'done', stateLeaf: world.leaf, receiptBytes: step.receiptBytes });
    expect(again.kind === 'done' && again.gasUsed, note).toBe(step.gasUsed);
  };
  let deposited = 0n;
  const deposit = (to: Address, amount: bigint): Promise<void> =>
    send({ message: { kind: 'Deposit', account: to, amount }, origin: 'l1', time: world.time });
  // Nearly all that 256 bits can hold: no sum of amounts may leave them.
  await deposit(ALICE.address, 2n ** 256n - 2n ** 240n);
  await deposit(BOB.address, 2n ** 239n);
  await deposit(GATEWAY.address, 10n ** 12n);
  const definition = makeDefinition();
  const whole = encodeDefinition(definition, await certify(objectsOfDefinition(definition)));
  const first = await sign(ALICE, { kind: 'Deploy', nonce: 0n, maxFee: U256, definition: whole });
  await send({ message: first, origin: 'sequencer', time: world.time });
  const next = await createSender(world, random, runs);
  for (let message = 0; message < MESSAGES; message++) {
    world.time += BigInt(random(2));
    await send(await next());
    if (message % 10 === 9)
      expect(await totalOf(world, ADDRESSES, runs), `seed ${seed}, message ${sent.length}`).toBe(deposited);
  }
  for (const outcome of [
    'Deploy true',
    'Deploy false',
    'Run true',
    'Run false',
    'Withdraw true',
    'Withdraw false',
    'Advance true',
  ])
    expect([...outcomes.keys()]).toContain(outcome);

  const replayed = await createWorld(nativeEngine);
  for (const { message, origin, time } of sent) {
    replayed.time = time;
    replayed.apply(message, origin);
  }
  expect(replayed.leaf).toEqual(world.leaf);
});
