// docs/court.md#attacks: a worker that lies to its gateway, and a gateway that passes a lie on: with all processes.
import { join } from 'node:path';
import { completeBuiltin } from '../../../edge/backends/builtin.ts';
import type { Gateway } from '../../../edge/gateway/gateway.ts';
import { openReputation } from '../../../edge/gateway/reputation.ts';
import type { Hex } from '../../../protocol/hex.ts';
import { openStore } from '../../../service/storage/store.ts';
import { startMockOpenAi } from '../../doubles/mock-openai.ts';
import { until } from '../../network/network.fixture.ts';
import { type AttackRow, playAttack } from './attack.ts';
import { MODEL_NAME, PRICES, requestOf } from './items.ts';
import { party } from './parts.ts';
import {
  AUDIT_SECONDS,
  folderOf,
  openProcesses,
  type ProcessModel,
  type ProcessWorld,
  resultsOf,
  runGateway,
  work,
} from './processes.ts';
import { playSignedLie } from './signed-lie.ts';

const MODEL: ProcessModel = {
  name: MODEL_NAME,
  registered: PRICES,
  // The first looks at every item, the others at what is disputed.
  court: async (number) => ({ auditRate: number === 0 ? 1 : 0 }),
  requests: (run) => [requestOf(run)],
};

export async function* playGateways(): AsyncGenerator<AttackRow, undefined> {
  const world = await openProcesses(MODEL);
  try {
    yield await lyingWorker(world);
    yield await lyingGateway(world);
    return undefined;
  } finally {
    await world.close();
  }
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
async function lyingWorker(world: ProcessWorld): Promise<AttackRow> {
  const { network, gateway, validators } = world;
  let letAnswer = (): void => undefined;
  const mock = await startLiar(new Promise((resolve) => (letAnswer = resolve)));
  const process = await runGateway(world, 1);
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
async function contentOf(world: ProcessWorld, run: Hex, attempt: number): Promise<'a lie' | 'the truth'> {
  const results = await resultsOf(world, run, attempt);
  const [request] = world.requestsOf(run);
  return results.includes(JSON.stringify(completeBuiltin(request as never).content)) ? 'the truth' : 'a lie';
}

async function lyingGateway(world: ProcessWorld): Promise<AttackRow> {
  const mock = await startLiar();
  try {
    return await playSignedLie(world, {
      name: 'a gateway signs a lie of its worker',
      lying: lyingBackend(mock.url),
      honest: [{ kind: 'builtin' }],
      contentOf,
    });
  } finally {
    await mock.close();
  }
}
