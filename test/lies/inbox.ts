// docs/messages.md: the messages that lies are told about: one of every kind, and those that a kernel must not take.
import type { PrivateKeyAccount } from 'viem/accounts';
import { encodeRequests } from '../../edge/rows.ts';
import { loadModel } from '../../models/model.ts';
import { type Definition, encodeDefinition, hashWorkflow, objectsOfDefinition } from '../../protocol/definition.ts';
import type { Hex } from '../../protocol/hex.ts';
import { hashInferenceItems, type InferenceItem } from '../../protocol/inference.ts';
import { encodeInputs, hashRun, type Message, type WorkerAccount } from '../../protocol/messages.ts';
import { type ObjectRef, objectRef } from '../../protocol/tree.ts';
import { createDomain, TYPES } from '../../protocol/typed-data.ts';
import { account, execStage, GATEWAY, inferStage, MODEL } from '../kernel/world.fixture.ts';
import type { NetworkAuthor } from '../network/author.fixture.ts';
import { assembleSource, putTestProgram } from '../network/chain.fixture.ts';
import { EVERY_FAMILY, ROUNDING } from './program.ts';

export const STRANGER = account(4);
/** As it comes out of two stages that add one to each byte. */
export const RECORDS: readonly string[] = ['a', 'b', 'c', 'd'].map((id, i) => `{"id":"${id}","n":${i}}\n`);
const TRAPS = Uint8Array.of(255, 1, 2);
const TASK_GAS = 500_000n;
/** Of two rows at the built-in model. */
const MODEL_GAS = 100_000_000n;
/** Longer than the author has its objects promised otherwise. */
const LONGER_HOURS = 48;

export type InboxOptions = {
  readonly author: NetworkAuthor;
  readonly chainId: number;
  readonly gatewayRegistry: Hex;
};

/** By name, in their order. `believed`: the good message in whose place a bad one stands. */
export type Inbox = {
  readonly run: Hex;
  readonly messages: ReadonlyMap<string, Message>;
  readonly believed: ReadonlyMap<string, Message>;
};

const MODEL_SCHEMA = {
  type: 'object',
  properties: { kind: { enum: ['animal', 'artifact'] }, confidence: { type: 'number' } },
};
export const MODEL_TEXT = 'a small animal that swims and eats fish';
/** What the stage of a provable model reads: docs/models.md#stage. */
export const MODEL_REQUESTS = encodeRequests(
  'datavm/small',
  [MODEL_TEXT, 'a machine that turns wood'].map((content, i) =>
    JSON.stringify([
      i,
      {
        messages: [{ role: 'user', content }],
        response_format: { type: 'json_schema', json_schema: { name: 'kind', schema: MODEL_SCHEMA } },
      },
    ]),
  ),
);

const text = (value: string) => new TextEncoder().encode(value);

/** Bytes of which each was one higher before, twice. */
const unshift = (value: string) => text(value).map((byte) => byte - 2);

export async function createInbox({ author, chainId, gatewayRegistry }: InboxOptions): Promise<Inbox> {
  const build = async (wat: string) => putTestProgram(author, await assembleSource(wat));
  const programs = [await build(EVERY_FAMILY), await build(ROUNDING)];
  const [metadata] = await author.putAll([text('{}')]);
  const gasLimit = 2n * TASK_GAS;
  const afterFirst = [{ source: 0, mode: 'same' as const }];
  const stages = [
    execStage({ gasLimit }),
    execStage({ gasLimit, inputs: afterFirst, sink: true }),
    execStage({ gasLimit, inputs: afterFirst, program: 1, sink: true }),
    inferStage(0, { model: MODEL, sink: true }),
  ];
  const definition: Definition = { programs, stages, metadata: metadata! };
  const workflow = hashWorkflow(definition);
  const certified = encodeDefinition(definition, await author.certify(objectsOfDefinition(definition)));

  async function runOf(nonce: bigint, partitions: readonly Uint8Array[], of = workflow, taskGasLimit = TASK_GAS) {
    const inputs = await author.putAll(partitions);
    const limits = {
      maxCost: 10n ** 12n,
      maxItemCost: 10n ** 9n,
      maxInferenceCost: 10n ** 10n,
      taskGasLimit,
    };
    const fields = { workflow: of, ...limits, deadline: author.deadline, gateways: [GATEWAY.address] };
    const certificate = await author.certify(inputs);
    return author.sign({ kind: 'Run', nonce, ...fields, inputs: encodeInputs(inputs, certificate) });
  }

  /** Of a run that has no results. */
  async function renewalOf(nonce: bigint, run: Hex, inputs: readonly ObjectRef[]) {
    const objects = encodeInputs(inputs, await author.certify(inputs, LONGER_HOURS));
    return author.sign({ kind: 'Renew', nonce, run, objects });
  }

  async function resultsOf(nonce: bigint, item: InferenceItem, signer: PrivateKeyAccount): Promise<Message> {
    const message = { gateway: GATEWAY.address, nonce, itemsRoot: hashInferenceItems([item]) };
    const domain = createDomain(chainId, gatewayRegistry);
    const signature = await signer.signTypedData({ domain, types: TYPES, primaryType: 'InferenceBatch', message });
    const certificate = await author.certify([{ root: item.resultRoot, length: item.resultLength }]);
    return { kind: 'InferenceResult', signature, gateway: GATEWAY.address, nonce, items: [item], certificate };
  }

  async function accountOf(total: bigint, signer: PrivateKeyAccount): Promise<WorkerAccount> {
    const message = { gateway: GATEWAY.address, worker: STRANGER.address, total };
    const domain = createDomain(chainId, gatewayRegistry);
    const signed = await signer.signTypedData({ domain, types: TYPES, primaryType: 'WorkerAccount', message });
    return { ...message, accountSignature: signed };
  }

  const partitions = [unshift(RECORDS.join('')), unshift('{"id":"e","n":4}\n')];
  const requests = partitions.map((bytes) => objectRef(bytes.map((byte) => byte + 1)));
  const answers = await author.putAll([text('{"label":"left"}\n'), text('{"label":"right"}\n')]);
  const run = hashRun(author.address, 1n, workflow);
  const itemOf = (partition: number, changes: Partial<InferenceItem> = {}): InferenceItem => ({
    run,
    stage: 3,
    partition,
    attempt: 0,
    requestRoot: requests[partition]!.root,
    resultRoot: answers[partition]!.root,
    resultLength: answers[partition]!.length,
    model: MODEL,
    inputTokens: 3n,
    outputTokens: 2n,
    ...changes,
  });
  const ofTheFirst = { resultRoot: answers[0]!.root, resultLength: answers[0]!.length };
  const advance = (stage: number, partition: number, of = run): Message => ({
    kind: 'Advance',
    run: of,
    stage,
    partition,
  });
  const trapped = hashRun(author.address, 2n, workflow);
  const cancelled = hashRun(author.address, 3n, workflow);
  const good = await resultsOf(4n, itemOf(0), GATEWAY);
  const goodSecond = await resultsOf(9n, itemOf(1), GATEWAY);
  const waiting = [text('nothing')];
  const withdraw = (nonce: bigint, amount: bigint) =>
    author.sign({ kind: 'Withdraw', nonce, recipient: STRANGER.address, amount });
  const settle = async (nonce: bigint, total: bigint, signer = GATEWAY) =>
    author.sign({ kind: 'Settle', nonce, ...(await accountOf(total, signer)) });
  const model = await deployModel(author, metadata!);
  const modelRun = hashRun(author.address, 12n, model.workflow);
  const messages: [string, Message][] = [
    ['deploy', await author.sign({ kind: 'Deploy', nonce: 0n, maxFee: 10n ** 18n, definition: certified })],
    ['run', await runOf(1n, partitions)],
    ['task', advance(0, 0)],
    ['second task', advance(0, 1)],
    ['forged result', await resultsOf(2n, itemOf(0), STRANGER)],
    ['result of another request', await resultsOf(2n, itemOf(0, { requestRoot: requests[1]!.root }), GATEWAY)],
    ['result of another model', await resultsOf(3n, itemOf(0, { model: `0x${'66'.repeat(32)}` }), GATEWAY)],
    ['result', good],
    ['replayed result', good],
    // As the gateway signed it for the first request, under the second's task.
    [
      'result replayed for the next task',
      await resultsOf(5n, itemOf(1, { requestRoot: requests[0]!.root, ...ofTheFirst }), GATEWAY),
    ],
    ['second result', goodSecond],
    ['rounding', advance(2, 0)],
    ['second rounding', advance(2, 1)],
    ['records', advance(1, 0)],
    ['last task', advance(1, 1)],
    ['run that fails', await runOf(2n, [TRAPS])],
    ['trap', advance(0, 0, trapped)],
    ['run that is cancelled', await runOf(3n, waiting)],
    ['renewal', await renewalOf(4n, cancelled, waiting.map(objectRef))],
    ['early expiry', { kind: 'Expire', run: cancelled }],
    ['cancel', await author.sign({ kind: 'Cancel', nonce: 5n, run: cancelled })],
    ['withdraw', await withdraw(6n, 1000n)],
    ['overdraft', await withdraw(7n, 10n ** 30n)],
    ['settle', await settle(8n, 20n)],
    ['settled again', await settle(9n, 20n)],
    ['forged account', await settle(10n, 25n, STRANGER)],
    [
      'model deploy',
      await author.sign({ kind: 'Deploy', nonce: 11n, maxFee: 10n ** 18n, definition: model.definition }),
    ],
    ['model run', await runOf(12n, [MODEL_REQUESTS], model.workflow, MODEL_GAS)],
    ['model task', advance(0, 0, modelRun)],
  ];
  const believed = new Map<string, Message>([
    ['forged result', await resultsOf(2n, itemOf(0), GATEWAY)],
    ['result of another request', await resultsOf(2n, itemOf(0), GATEWAY)],
    ['result of another model', await resultsOf(3n, itemOf(0), GATEWAY)],
    ['replayed result', await resultsOf(5n, itemOf(1), GATEWAY)],
    ['result replayed for the next task', await resultsOf(5n, itemOf(1, ofTheFirst), GATEWAY)],
  ]);
  return { run, messages: new Map(messages), believed };
}

/** A workflow of one stage, whose program is the model. */
async function deployModel(
  author: NetworkAuthor,
  metadata: ObjectRef,
): Promise<{ workflow: Hex; definition: Uint8Array }> {
  const { built } = await loadModel('datavm/small');
  await author.putAll([...built.objects]);
  const stages = [execStage({ gasLimit: MODEL_GAS, sink: true })];
  const definition: Definition = { programs: [built.entry], stages, metadata };
  const certificate = await author.certify(objectsOfDefinition(definition));
  return { workflow: hashWorkflow(definition), definition: encodeDefinition(definition, certificate) };
}
