// docs/messages.md: states of a network, each with valid messages that the kernel takes there: what mutants are made of.
import type { PrivateKeyAccount } from 'viem/accounts';
import type { KernelEngine, StepDone } from '../../kernel/run.ts';
import { encodeDefinition, hashWorkflow, objectsOfDefinition, type Stage } from '../../protocol/definition.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import type { InferenceItem } from '../../protocol/inference.ts';
import { encodeInputs, encodeMessage, hashRun, type Message, type UserMessage } from '../../protocol/messages.ts';
import type { Origin } from '../../protocol/state.ts';
import { objectRef } from '../../protocol/tree.ts';
import {
  ALICE,
  BOB,
  CHAIN,
  certify,
  createWorld,
  deployMessage,
  execStage,
  GATEWAY,
  inferStage,
  MODEL,
  makeDefinition,
  PARTITIONS,
  resultMessage,
  runMessage,
  START,
  sign,
  type World,
  workerAccount,
} from '../kernel/world.fixture.ts';

export type SentMessage = {
  readonly name: string;
  /** The state in which it is sent. */
  readonly leaf: Uint8Array;
  readonly bytes: Uint8Array;
  readonly origin: Origin;
  /** Unix seconds. */
  readonly time: bigint;
  readonly signer: PrivateKeyAccount;
};

/** `valid`: messages that are taken, of each kind at least one. `special`: what only another state refuses. */
export type Scenes = {
  readonly world: World;
  readonly valid: readonly SentMessage[];
  readonly special: readonly SentMessage[];
};

const WORKFLOW = hashWorkflow(makeDefinition());
const RUN = hashRun(ALICE.address, 1n, WORKFLOW);
const DEADLINE = START + 3600n;
const RESULT = objectRef(new TextEncoder().encode('result'));
const FUNDS = 10n ** 15n;
const U256 = 2n ** 256n - 1n;
const LATER = START + 20_000n;
const FROM_L1 = { origin: 'l1' } as const;
const FROM_RUN = { source: 0xffff, mode: 'same' } as const;
/** Nine stages of 1,024 tasks: in sinks, or in infer stages, there may be eight. */
const WIDE = Array.from({ length: 1024 }, (_, n) => objectRef(Uint8Array.of(n >> 8, n)));
const wideStages = (sinks: number): Stage[] =>
  Array.from({ length: 9 }, (_, n) => inferStage(0xffff, { sink: n < sinks }));

const withdraw = (nonce: bigint) => ({ kind: 'Withdraw', nonce, recipient: BOB.address, amount: 1n }) as const;
const model = (gateways: readonly Address[], active = true): Message => {
  const prices = { inputPrice: 5n, outputPrice: 7n };
  return { kind: 'ModelChanged', model: MODEL, active, class: 1, ...prices, gateways };
};

async function deployOf(stages: readonly Stage[], maxFee: bigint, nonce = 0n): Promise<UserMessage> {
  const definition = makeDefinition(stages);
  const bytes = encodeDefinition(definition, await certify(objectsOfDefinition(definition)));
  return sign(ALICE, { kind: 'Deploy', nonce, maxFee, definition: bytes });
}

export async function createScenes(engine: KernelEngine): Promise<Scenes> {
  const world = await createWorld(engine);
  const valid: SentMessage[] = [];
  const special: SentMessage[] = [];
  const sent = (name: string, message: Message | Uint8Array, rest: Partial<SentMessage> = {}): SentMessage => {
    const bytes = message instanceof Uint8Array ? message : encodeMessage(message);
    return { name, leaf: world.leaf, bytes, origin: 'sequencer', time: world.time, signer: ALICE, ...rest };
  };
  const apply = (message: Message, origin: Origin = 'sequencer'): StepDone['receipt'] => {
    const { receipt } = world.apply(message, origin);
    if (!receipt.ok || receipt.items?.some(({ ok }) => !ok)) throw new Error(`refused: ${JSON.stringify(receipt)}`);
    return receipt;
  };

  world.deposit(ALICE.address, FUNDS);
  world.deposit(GATEWAY.address, 10n ** 9n);
  const deploy = await deployMessage(ALICE, 0n);
  valid.push(sent('Deploy', deploy));
  special.push(
    sent('Deploy without a balance', await deployMessage(BOB, 0n)),
    sent('Withdraw without a balance', await sign(BOB, withdraw(0n))),
    sent(
      'an infer stage that reads all',
      await deployOf([inferStage(0xffff, { sink: true, inputs: [{ source: 0xffff, mode: 'all' }] })], U256),
    ),
    sent('no sinks', await deployOf([execStage()], U256)),
    sent(
      'an infer stage of two inputs',
      await deployOf([inferStage(0xffff, { sink: true, inputs: [FROM_RUN, FROM_RUN] })], U256),
    ),
    sent(
      'stages of widths that do not fit',
      await deployOf([execStage({ width: 2 }), execStage({ width: 3, inputs: [{ source: 0, mode: 'same' }] })], U256),
    ),
    sent('maxFee below the base', await deployOf(CHAIN, 1n)),
    sent('maxFee of the base alone', await deployOf(CHAIN, 7_000_000n)),
  );
  apply(deploy);
  special.push(sent('Deploy again for as long', await deployMessage(ALICE, 1n)));
  const run = await runMessage(ALICE, 1n, { gateways: [GATEWAY.address, BOB.address] });
  valid.push(
    sent('Deploy again', await deployMessage(ALICE, 1n, makeDefinition(), LATER)),
    sent('Run', run),
    sent('Withdraw', await sign(ALICE, withdraw(1n))),
    sent('Deposit', { kind: 'Deposit', account: BOB.address, amount: 5n }, FROM_L1),
    sent('GatewayChanged', { kind: 'GatewayChanged', gateway: BOB.address, active: true }, FROM_L1),
    sent('ModelChanged', model([GATEWAY.address, BOB.address]), FROM_L1),
    sent('GasPriceChanged', { kind: 'GasPriceChanged', price: 4n }, FROM_L1),
    sent(
      'CommitteeChanged',
      { kind: 'CommitteeChanged', epoch: 2n, threshold: 2, members: [ALICE.address, BOB.address] },
      FROM_L1,
    ),
  );
  const account = await workerAccount(BOB.address, 10n ** 7n);
  const settle = await sign(ALICE, { kind: 'Settle', nonce: 1n, ...account });
  valid.push(
    sent('Settle', settle),
    sent('Settle by a worker without a balance', await sign(BOB, { kind: 'Settle', nonce: 0n, ...account }), {
      signer: BOB,
    }),
  );
  const tooLittle = await workerAccount(BOB.address, 9n);
  special.push(
    sent('Settle of less than its fee', await sign(BOB, { kind: 'Settle', nonce: 0n, ...tooLittle })),
    sent(
      'Settle of a gateway that has nothing',
      await sign(ALICE, { kind: 'Settle', nonce: 1n, ...(await workerAccount(ALICE.address, 9n, BOB)) }),
    ),
  );
  const unsettled = world.leaf;
  apply(settle);
  special.push(sent('Settle again', await sign(ALICE, { kind: 'Settle', nonce: 2n, ...account })));
  world.leaf = unsettled;
  const late = { time: START + 9_950n };
  const lateRun = await runMessage(ALICE, 1n, { deadline: LATER, expiry: LATER });
  special.push(
    sent('Run without a balance', await runMessage(BOB, 0n)),
    sent('a committee of nobody', { kind: 'CommitteeChanged', epoch: 2n, threshold: 0, members: [] }, FROM_L1),
    sent('a model of no gateway', model([]), FROM_L1),
    sent('a model of nine gateways', model(new Array<Address>(9).fill(BOB.address)), FROM_L1),
    sent('Run of a workflow that is forgotten', lateRun, late),
    sent('Run of more than the balance', await runMessage(ALICE, 1n, { maxCost: FUNDS })),
    sent('Deposit beyond 256 bits', { kind: 'Deposit', account: ALICE.address, amount: U256 }, FROM_L1),
  );

  apply(await runMessage(ALICE, 1n));
  const advance: Message = { kind: 'Advance', run: RUN, stage: 0, partition: 0 };
  valid.push(sent('Advance', advance));
  const { outputRoot } = apply(advance);
  special.push(sent('Advance of a task that is done', advance));
  const item: InferenceItem = {
    ...{ run: RUN, stage: 1, partition: 0, attempt: 0, requestRoot: outputRoot as Hex },
    ...{ resultRoot: RESULT.root, resultLength: RESULT.length, model: MODEL, inputTokens: 10n, outputTokens: 20n },
  };
  const result = await resultMessage(1n, [item]);
  const cancel = await sign(ALICE, { kind: 'Cancel', nonce: 2n, run: RUN });
  const expire: Message = { kind: 'Expire', run: RUN };
  const inputs = encodeInputs(PARTITIONS, await certify(PARTITIONS, { expiry: LATER }));
  const renewal = await sign(ALICE, { kind: 'Renew', nonce: 2n, run: RUN, objects: inputs });
  valid.push(
    sent('InferenceResult', result),
    sent('InferenceResult twice the item', await resultMessage(1n, [item, item])),
    sent('Cancel', cancel),
    sent('Expire', expire, { time: DEADLINE + 1n }),
    sent('Expire of a run that is forgotten', expire, late),
    sent('Advance of a run that is forgotten', { ...advance, partition: 1 }, late),
    sent('InferenceResult of a run that is forgotten', await resultMessage(1n, [item], GATEWAY, LATER), late),
    sent('Renew', renewal),
  );
  const again = encodeInputs(PARTITIONS, await certify(PARTITIONS));
  special.push(
    sent('Expire too early', expire),
    sent('Cancel of another’s run', await sign(BOB, { kind: 'Cancel', nonce: 0n, run: RUN })),
    sent('Renew for as long', await sign(ALICE, { kind: 'Renew', nonce: 2n, run: RUN, objects: again })),
    sent('an item of more wei than there are', await resultMessage(1n, [{ ...item, inputTokens: 2n ** 32n }])),
    sent('a task whose inputs are open', { kind: 'Advance', run: RUN, stage: 3, partition: 0 }),
    sent('a task whose input is open', { kind: 'Advance', run: RUN, stage: 2, partition: 0 }),
    sent('Renew without a balance', await sign(BOB, { kind: 'Renew', nonce: 0n, run: RUN, objects: inputs })),
  );
  const before = world.leaf;
  world.deposit(BOB.address, 10n ** 9n);
  special.push(
    sent('Cancel by another', await sign(BOB, { kind: 'Cancel', nonce: 0n, run: RUN })),
    sent('Renew by another', await sign(BOB, { kind: 'Renew', nonce: 0n, run: RUN, objects: inputs })),
  );
  world.leaf = before;
  apply({ kind: 'GatewayChanged', gateway: BOB.address, active: true }, 'l1');
  special.push(sent('a result of a gateway that the model has not', await resultMessage(1n, [item], BOB)));
  apply({ kind: 'GatewayChanged', gateway: GATEWAY.address, active: false }, 'l1');
  special.push(sent('a result of a gateway that left', result));
  world.leaf = before;
  apply(model([], false), 'l1');
  special.push(sent('a result of a model that left', result));
  world.leaf = before;
  apply({ ...(model([GATEWAY.address]) as Message & { kind: 'ModelChanged' }), inputPrice: U256 }, 'l1');
  special.push(sent('a price beyond 256 bits', result));
  world.leaf = before;
  apply(result);
  const objects = [...PARTITIONS, RESULT];
  const withResult = encodeInputs(objects, await certify(objects, { expiry: LATER }));
  valid.push(
    sent('Renew with a result', await sign(ALICE, { kind: 'Renew', nonce: 2n, run: RUN, objects: withResult })),
  );
  const taken = world.leaf;
  const voided: Message = {
    ...{ kind: 'ItemVoided', run: RUN, stage: 1, partition: 0, attempt: 0 },
    ...{ resultRoot: RESULT.root, refund: 7n },
  };
  valid.push(sent('ItemVoided', voided, FROM_L1));
  apply({ kind: 'Advance', run: RUN, stage: 2, partition: 0 });
  apply(voided, 'l1');
  valid.push(
    sent('InferenceResult of the second attempt', await resultMessage(2n, [{ ...item, attempt: 1 }])),
    sent('ItemVoided twice', voided, FROM_L1),
    sent('Advance of a run with a void item', { ...advance, partition: 1 }),
  );
  world.leaf = taken;
  apply(cancel);
  valid.push(sent('ItemVoided of a run that ended', voided, FROM_L1));
  const ended = await sign(ALICE, { kind: 'Renew', nonce: 3n, run: RUN, objects: withResult });
  special.push(
    sent('Advance of a run that ended', { ...advance, partition: 1 }),
    sent('Expire of a run that ended', expire, { time: DEADLINE + 1n }),
    sent('Cancel of a run that ended', await sign(ALICE, { kind: 'Cancel', nonce: 3n, run: RUN })),
    sent('Renew of a run that ended', ended),
    sent('InferenceResult of a run that ended', await resultMessage(2n, [item])),
  );

  // Runs whose costs are bounded, each by another bound.
  for (const [name, bounds] of [
    ['maxItemCost', { maxItemCost: 1n }],
    ['maxInferenceCost', { maxInferenceCost: 1n }],
    ['escrow', { maxCost: 1_400_000n, maxItemCost: 10n ** 9n, maxInferenceCost: 10n ** 9n }],
  ] as const) {
    world.leaf = before;
    const cheap = await deployOf([inferStage(0xffff, { sink: true })], U256, 2n);
    const { workflow } = apply(cheap);
    const { run: cheapRun } = apply(await runMessage(ALICE, 3n, { workflow: workflow as Hex, ...bounds }));
    const own = { ...item, run: cheapRun as Hex, stage: 0, requestRoot: PARTITIONS[0]!.root };
    special.push(sent(`an item above ${name}`, await resultMessage(1n, [own])));
  }
  world.leaf = before;
  apply(await runMessage(ALICE, 2n, { gateways: [BOB.address] }));
  const chosen = hashRun(ALICE.address, 2n, WORKFLOW);
  apply({ ...advance, run: chosen });
  special.push(sent('a result of a gateway that the run has not', await resultMessage(1n, [{ ...item, run: chosen }])));

  world.leaf = before;
  const wide = apply(await deployOf(wideStages(1), U256, 2n)).workflow as Hex;
  const tooWide = apply(await deployOf(wideStages(9), U256, 3n)).workflow as Hex;
  special.push(
    sent(
      'Run of more tasks in sinks than there may be',
      await runMessage(ALICE, 4n, { workflow: tooWide, inputs: WIDE }),
    ),
  );
  const narrow = await deployOf([inferStage(0xffff, { sink: true, width: 2 })], U256, 4n);
  const narrowWorkflow = apply(narrow).workflow as Hex;
  special.push(sent('Run of other widths', await runMessage(ALICE, 5n, { workflow: narrowWorkflow })));
  const wideRun = apply(await runMessage(ALICE, 5n, { workflow: wide, inputs: WIDE, maxCost: 10n ** 12n })).run as Hex;
  const answers = wideStages(1).map((_, stage) => ({ ...item, run: wideRun, stage, requestRoot: WIDE[0]!.root }));
  apply(await resultMessage(1n, answers));
  const wideInputs = encodeInputs(WIDE, await certify(WIDE, { expiry: LATER }));
  special.push(
    sent(
      'Renew of more tasks than there may be',
      await sign(ALICE, { kind: 'Renew', nonce: 6n, run: wideRun, objects: wideInputs }),
    ),
  );
  world.leaf = before;
  special.push(
    sent('no bytes', new Uint8Array(0)),
    sent('more bytes than there may be', new Uint8Array(256 * 1024 + 1).fill(1)),
    sent('a kind that there is not', Uint8Array.of(0x55)),
  );
  return { world, valid, special };
}
