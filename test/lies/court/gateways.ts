// docs/court.md#attacks: a worker that lies to its gateway, and a gateway that passes a lie on: with all processes.
import { join } from 'node:path';
import { startValidator, type Validator } from '../../../challenger/main.ts';
import { completeBuiltin } from '../../../edge/backends/builtin.ts';
import type { WorkerConfigInput } from '../../../edge/config.ts';
import type { Gateway } from '../../../edge/gateway/gateway.ts';
import { openReputation } from '../../../edge/gateway/reputation.ts';
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
import { decodeStateLeaf } from '../../../protocol/state.ts';
import { createDomain } from '../../../protocol/typed-data.ts';
import type { Sequencer } from '../../../sequencer/main.ts';
import { createRpcClient } from '../../../service/http/client.ts';
import { createLogger } from '../../../service/process/log.ts';
import { openStore } from '../../../service/storage/store.ts';
import { startMockOpenAi } from '../../doubles/mock-openai.ts';
import { createInferWorkflow } from '../../network/infer-workflow.fixture.ts';
import { joinGateway } from '../../network/inference.fixture.ts';
import { keyOf, startTestNetwork, type TestNetwork, until } from '../../network/network.fixture.ts';
import { startTestSequencer } from '../../network/sequencer.fixture.ts';
import { fundsOf } from '../funds.ts';
import { type Actor, actorOf, createActor, MIZU } from './actors.ts';
import { type AttackRow, playAttack } from './attack.ts';
import { createCases } from './cases.ts';
import { BUILTIN, MAX_COST, MODEL_NAME, PRICES, requestOf } from './items.ts';
import { party, STAYS_AWAY, sayOutcome } from './parts.ts';

const STAKE = 10_000n * MIZU;
const FUNDS = 1_000n * MIZU;
const VALIDATORS = 3;
/** Longer than any machine takes: an audit is never dropped. */
const AUDIT_SECONDS = 3_600;
const INFER_STAGE = 1;
const log = () => createLogger('lies', process.env.MIZU_LOG ?? 'silent');

type World = {
  readonly network: TestNetwork;
  readonly sequencer: Sequencer;
  readonly validators: readonly { readonly actor: Actor; readonly validator: Validator }[];
  readonly gateway: Actor;
  send(message: Message): Promise<void>;
  /** What the user has on the network, wei. */
  balance(): Promise<bigint>;
  statusOf(run: Hex): Promise<string | undefined>;
  /** The run of a request that nobody has asked before. */
  start(): Promise<Hex>;
  requestOf(run: Hex): ReturnType<typeof requestOf>;
};

export async function* playGateways(): AsyncGenerator<AttackRow, undefined> {
  const network = await startTestNetwork();
  const sequencer = await startTestSequencer(network);
  let validators: World['validators'] = [];
  try {
    const gateway = await createActor(network, 0n, []);
    await joinGateway(network, BUILTIN, gateway.account, PRICES);
    await network.deposit(100n * MIZU);
    validators = await startValidators(network);
    const world = await openWorld(network, sequencer, validators, gateway);
    yield await lyingWorker(world);
    yield await lyingGateway(world);
    return undefined;
  } finally {
    await Promise.all(validators.map(({ validator }) => validator.close()));
    await sequencer.close();
    await network.close();
  }
}

/** The first looks at every item, the others at what is disputed. */
async function startValidators(network: TestNetwork): Promise<World['validators']> {
  const started: { actor: Actor; validator: Validator }[] = [];
  for (let i = 0; i < VALIDATORS; i++) {
    const actor = await createActor(network, FUNDS, []);
    await network.stake(actor.address, 'validator', STAKE);
    const court = { auditRate: i === 0 ? 1 : 0 };
    const config = { ...network.config(`validator-${i}`), key: actor.key, relays: [], court, log: log() };
    started.push({ actor, validator: await startValidator(config) });
  }
  return started;
}

async function openWorld(
  network: TestNetwork,
  sequencer: Sequencer,
  validators: World['validators'],
  gateway: Actor,
): Promise<World> {
  const rpc = createRpcClient(sequencer.url);
  const send = async (message: Message) => void (await rpc('mizu_sendMessage', [bytesToHex(encodeMessage(message))]));
  const balance = async () => BigInt(((await rpc('mizu_getAccount', [network.user])) as { balance: string }).balance);
  await until('the deposit', async () => (await balance()) > 0n || undefined);
  const workflow = await createInferWorkflow(network, {
    model: BUILTIN,
    gateways: [gateway.address],
    maxCost: MAX_COST,
  });
  await send(workflow.deploy);
  const requests = new Map<Hex, ReturnType<typeof requestOf>>();
  return {
    ...{ network, sequencer, validators, gateway, send },
    balance,
    requestOf: (run) => requests.get(run)!,
    async statusOf(run) {
      return ((await rpc('mizu_getRun', [run])) as { status: string } | null)?.status;
    },
    async start() {
      const request = requestOf(requests.size);
      const { run, message } = await workflow.run([encodeRequests(MODEL_NAME, [JSON.stringify([0, request])])]);
      requests.set(run, request);
      await send(message);
      return run;
    },
  };
}

const folderOf = ({ network }: World, name: string): string => network.config(name).dataDir;

function openGateway(world: World, auditRate: number): Promise<Gateway> {
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
function work(
  { network, gateway }: World,
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

/** What the model says, and one letter more, as soon as it may. */
const startLiar = (may: Promise<void> = Promise.resolve()) =>
  startMockOpenAi({
    answer: async (request) => {
      await may;
      return { content: `${completeBuiltin(request as never).content}!` };
    },
  });

async function workersOf({ url }: Gateway): Promise<number> {
  const health = (await fetch(new URL('/health', url)).then((answer) => answer.json())) as { workers: unknown[] };
  return health.workers.length;
}

const lyingBackend = (baseUrl: string) => [
  {
    kind: 'openai' as const,
    baseUrl,
    models: { [MODEL_NAME]: MODEL_NAME },
    attempts: 1,
    timeoutSeconds: AUDIT_SECONDS,
  },
];

/** The liar answers first; who does it again are two honest workers. */
async function lyingWorker(world: World): Promise<AttackRow> {
  const { network, gateway, validators } = world;
  let letAnswer = (): void => undefined;
  const mock = await startLiar(new Promise((resolve) => (letAnswer = resolve)));
  const process = await openGateway(world, 1);
  const running = [await work(world, process, lyingBackend(mock.url))];
  const liar = running[0]!.address;
  let row: AttackRow;
  try {
    row = await playAttack(network, {
      name: 'a worker lies to its gateway, which has answers given twice',
      attackers: [{ name: 'worker', change: 'keeps', accounts: [liar] }],
      others: [
        party('gateway', 'keeps', [gateway]),
        party(
          'validators',
          'keeps',
          validators.map(({ actor }) => actor),
        ),
      ],
      outcome: 'done with the truth',
      play: async () => {
        const run = await world.start();
        await until('the lie', () => mock.stats().calls > 0 || undefined);
        running.push(
          await work(world, process, [{ kind: 'builtin' }]),
          await work(world, process, [{ kind: 'builtin' }]),
        );
        // An answer is given twice only if somebody else is there who may give it.
        await until('the others', async () => (await workersOf(process)) === running.length || undefined);
        letAnswer();
        return `done with ${await contentOf(world, run, 0)}`;
      },
    });
  } finally {
    await Promise.all(running.map((worker) => worker.close()));
    await process.close();
    await mock.close();
  }
  const store = await openStore(join(folderOf(world, 'gateway'), 'store'));
  const points = (await openReputation(store)).points(liar);
  await store.close();
  return points < 100 ? row : { ...row, faults: [...row.faults, 'the liar has lost no reputation'] };
}

/** What the run is done with, once the item of this attempt is in the state that the first validator has. */
async function contentOf(world: World, run: Hex, attempt: number): Promise<'a lie' | 'the truth'> {
  const { node } = world.validators[0]!.validator;
  const { root, length } = await until('the item', async () => {
    const task = await taskOf(node, run);
    return task?.status === TASK_STATUS.done && task.attempt === attempt ? task.output : undefined;
  });
  await until('the run', async () => (await world.statusOf(run)) === 'done' || undefined);
  const results = new TextDecoder().decode(await node.da.get(root, { length }));
  return results.includes(JSON.stringify(completeBuiltin(world.requestOf(run)).content)) ? 'the truth' : 'a lie';
}

async function taskOf({ execution, nodes }: Validator['node'], run: Hex) {
  const batch = await execution.batch(execution.batches() - 1n);
  if (batch === undefined) return undefined;
  const { stateRoot } = decodeStateLeaf(await execution.leaves(batch.toStep, batch.toStep));
  const value = await readRecord(nodes, stateRoot, taskKey(run, INFER_STAGE, 0));
  return value === undefined ? undefined : taskRecord.decode(value);
}

/** It has nothing done twice. The lie is found, voted on and voided; then its honest worker does the row again. */
async function lyingGateway(world: World): Promise<AttackRow> {
  const { network, gateway, validators } = world;
  const { bridge } = network.deployment.addresses;
  const bridged = () => fundsOf(network, bridge);
  const watcher = await createActor(network, 0n, []);
  const cases = createCases({ network, watcher, bots: () => validators.map(({ actor }) => actor.address) });
  // Every test network has staked it, and its process does not run.
  const away = actorOf(network, keyOf(4));
  const mock = await startLiar();
  const process = await openGateway(world, 0);
  let worker = await work(world, process, lyingBackend(mock.url));
  try {
    return await playAttack(network, {
      name: 'a gateway signs a lie of its worker',
      attackers: [party('gateway', 'loses', [gateway])],
      others: [
        party(
          'validators',
          'gains',
          validators.map(({ actor }) => actor),
        ),
        party('a validator that stays away', 'loses', [away]),
        party("the item's run", 'gains', [{ address: bridge }]),
      ],
      outcome:
        'done with a lie; voided; 5 MIZU for penalties to processes; done with the truth; the user has paid once',
      play: async () => {
        const [balance, held] = [await world.balance(), await bridged()];
        const run = await world.start();
        const first = await contentOf(world, run, 0);
        await worker.close();
        await until('a case', async () => ((await cases.count()) === 1n ? true : undefined));
        const played = await cases.play(new Map([[1n, { ballots: new Map([[away, STAYS_AWAY]]) }]]));
        worker = await work(world, process, [{ kind: 'builtin' }]);
        const last = await contentOf(world, run, 1);
        const [paid, refund] = [balance - (await world.balance()), (await bridged()) - held];
        const times = paid < 2n * refund ? 'once' : 'twice';
        return `done with ${first}; ${sayOutcome(played)}; done with ${last}; the user has paid ${times}`;
      },
    });
  } finally {
    await worker.close();
    await process.close();
    await mock.close();
  }
}
