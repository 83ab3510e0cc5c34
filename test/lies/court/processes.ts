// docs/court.md#attacks: a network of real processes, a gateway, its workers and validators, on whom attacks are played.
import { startValidator, type Validator, type ValidatorConfig } from '../../../challenger/main.ts';
import type { WorkerConfigInput } from '../../../edge/config.ts';
import type { Gateway } from '../../../edge/gateway/gateway.ts';
import { createInvitation } from '../../../edge/invitation.ts';
import { type RunningWorker, startGateway, startWorker } from '../../../edge/main.ts';
import { encodeRequests } from '../../../edge/rows.ts';
import { createSigner } from '../../../edge/signing.ts';
import { taskKey } from '../../../kernel/keys.ts';
import { taskRecord } from '../../../kernel/records.ts';
import { readRecord } from '../../../node/proof.ts';
import { TASK_STATUS } from '../../../protocol/constants.ts';
import { bytesToHex, type Hex } from '../../../protocol/hex.ts';
import { encodeMessage, type Message } from '../../../protocol/messages.ts';
import { modelId } from '../../../protocol/model-id.ts';
import { decodeStateLeaf } from '../../../protocol/state.ts';
import { createDomain } from '../../../protocol/typed-data.ts';
import type { Sequencer } from '../../../sequencer/main.ts';
import { createRpcClient } from '../../../service/http/client.ts';
import { createLogger } from '../../../service/process/log.ts';
import { createInferWorkflow } from '../../network/infer-workflow.fixture.ts';
import { joinGateway, type RegisteredModel } from '../../network/inference.fixture.ts';
import { startTestNetwork, type TestNetwork, until } from '../../network/network.fixture.ts';
import { startTestSequencer } from '../../network/sequencer.fixture.ts';
import { type Actor, createActor, MIZU } from './actors.ts';
import { MAX_COST } from './items.ts';

const STAKE = 10_000n * MIZU;
const FUNDS = 1_000n * MIZU;
const VALIDATORS = 3;
/** Longer than any machine takes: an audit is never dropped. */
export const AUDIT_SECONDS = 3_600;
const INFER_STAGE = 1;
const log = () => createLogger('lies', process.env.MIZU_LOG ?? 'silent');

/** What is asked for, and what validators have to judge it. */
export type ProcessModel = {
  readonly name: string;
  readonly registered: RegisteredModel;
  /** Of a validator, by its number. */
  readonly court: (number: number, network: TestNetwork) => Promise<NonNullable<ValidatorConfig['court']>>;
  /** Requests of a run, which nobody has asked before. */
  readonly requests: (run: number) => readonly object[];
};

export type ProcessWorld = {
  readonly network: TestNetwork;
  readonly sequencer: Sequencer;
  readonly validators: readonly { readonly actor: Actor; readonly validator: Validator }[];
  readonly gateway: Actor;
  readonly model: ProcessModel;
  send(message: Message): Promise<void>;
  /** What the user has on the network, wei. */
  balance(): Promise<bigint>;
  statusOf(run: Hex): Promise<string | undefined>;
  /** A run of requests that nobody has asked before. */
  start(): Promise<Hex>;
  requestsOf(run: Hex): readonly object[];
  close(): Promise<void>;
};

export async function openProcesses(model: ProcessModel): Promise<ProcessWorld> {
  const network = await startTestNetwork();
  const sequencer = await startTestSequencer(network);
  const validators: { actor: Actor; validator: Validator }[] = [];
  const close = async () => {
    await Promise.all(validators.map(({ validator }) => validator.close()));
    await sequencer.close();
    await network.close();
  };
  try {
    const gateway = await createActor(network, 0n, []);
    await joinGateway(network, idOf(model), gateway.account, model.registered);
    await network.deposit(100n * MIZU);
    for (let i = 0; i < VALIDATORS; i++) {
      const actor = await createActor(network, FUNDS, []);
      await network.stake(actor.address, 'validator', STAKE);
      const court = await model.court(i, network);
      const config = { ...network.config(`validator-${i}`), key: actor.key, relays: [], court, log: log() };
      validators.push({ actor, validator: await startValidator(config) });
    }
    return await openWorld({ network, sequencer, validators, gateway, model, close });
  } catch (error) {
    await close();
    throw error;
  }
}

const idOf = ({ name }: ProcessModel): Hex => modelId(name);

type Parts = Pick<ProcessWorld, 'network' | 'sequencer' | 'validators' | 'gateway' | 'model' | 'close'>;

async function openWorld(parts: Parts): Promise<ProcessWorld> {
  const { network, sequencer, gateway, model } = parts;
  const rpc = createRpcClient(sequencer.url);
  const send = async (message: Message) => void (await rpc('mizu_sendMessage', [bytesToHex(encodeMessage(message))]));
  const balance = async () => BigInt(((await rpc('mizu_getAccount', [network.user])) as { balance: string }).balance);
  await until('the deposit', async () => (await balance()) > 0n || undefined);
  const workflow = await createInferWorkflow(network, {
    model: idOf(model),
    gateways: [gateway.address],
    maxCost: MAX_COST,
  });
  await send(workflow.deploy);
  const requests = new Map<Hex, readonly object[]>();
  return {
    ...parts,
    send,
    balance,
    requestsOf: (run) => requests.get(run)!,
    async statusOf(run) {
      return ((await rpc('mizu_getRun', [run])) as { status: string } | null)?.status;
    },
    async start() {
      const asked = model.requests(requests.size);
      const lines = asked.map((request, i) => JSON.stringify([i, request]));
      const { run, message } = await workflow.run([encodeRequests(model.name, lines)]);
      requests.set(run, asked);
      await send(message);
      return run;
    },
  };
}

export const folderOf = ({ network }: ProcessWorld, name: string): string => network.config(name).dataDir;

export function runGateway(world: ProcessWorld, auditRate: number): Promise<Gateway> {
  const { network, sequencer, gateway } = world;
  const { da } = network.config('gateway');
  const config = {
    sequencerUrl: sequencer.url,
    dataDir: folderOf(world, 'gateway'),
    privateKey: gateway.key,
    auditRate,
    auditSeconds: AUDIT_SECONDS,
  };
  return startGateway({ ...config, da: { members: [...da.members], threshold: da.threshold } }, { log: log() });
}

let workers = 0;

/** A worker with an account of its own, that the gateway has invited. */
export function work(
  { network, gateway }: ProcessWorld,
  { url }: Gateway,
  backends: WorkerConfigInput['backends'],
): Promise<RunningWorker> {
  const privateKey: Hex = `0x${(0x3012_0000 + ++workers).toString(16).padStart(64, '0')}`;
  const { chainId, addresses } = network.deployment;
  const invitation = createInvitation(createDomain(chainId, addresses.gatewayRegistry), createSigner(gateway.key), {
    name: `worker${workers}`,
    worker: createSigner(privateKey).address,
    expiry: Math.floor(Date.now() / 1000) + 3_600,
  });
  return startWorker({ gatewayUrl: url, privateKey, invitation, concurrency: 4, backends }, { log: log() });
}

/** The result object of the run, once the run is done and the item of this attempt is in the first validator's state. */
export async function resultsOf(world: ProcessWorld, run: Hex, attempt: number): Promise<string> {
  const { node } = world.validators[0]!.validator;
  const { root, length } = await until('the item', async () => {
    const task = await taskOf(node, run);
    return task?.status === TASK_STATUS.done && task.attempt === attempt ? task.output : undefined;
  });
  await until('the run', async () => (await world.statusOf(run)) === 'done' || undefined);
  return new TextDecoder().decode(await node.da.get(root, { length }));
}

async function taskOf({ execution, nodes }: Validator['node'], run: Hex) {
  const batch = await execution.batch(execution.batches() - 1n);
  if (batch === undefined) return undefined;
  const { stateRoot } = decodeStateLeaf(await execution.leaves(batch.toStep, batch.toStep));
  const value = await readRecord(nodes, stateRoot, taskKey(run, INFER_STAGE, 0));
  return value === undefined ? undefined : taskRecord.decode(value);
}
