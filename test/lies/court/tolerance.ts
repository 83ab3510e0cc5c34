// docs/court.md#attacks: a gateway that serves a model of class B with another model behind it, with all processes and
// real model servers.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ChatRequest } from '../../../edge/backends/backend.ts';
import { createBackends } from '../../../edge/backends/create.ts';
import { type BackendConfig, openAiConfig } from '../../../edge/config.ts';
import type { Hex } from '../../../protocol/hex.ts';
import { objectRef } from '../../../protocol/tree.ts';
import { until } from '../../network/network.fixture.ts';
import { missingPeers } from '../../peers/install.fixture.ts';
import { type ModelServer, startModelServer } from '../../peers/servers.fixture.ts';
import { MIZU } from './actors.ts';
import { type AttackRow, playAttack } from './attack.ts';
import { party } from './parts.ts';
import { openProcesses, type ProcessWorld, resultsOf, runGateway, work } from './processes.ts';
import { playSignedLie } from './signed-lie.ts';

const NAME = 'lab/tiny';
const TOLERANCE_CLASS = 1;
const ROWS = 12;
const TOKENS = 24;
const DAY_SECONDS = 86_400;
const tolerance = { thresholds: [{ answers: 'text', maxTemperature: 0, nats: 0.05 }] };
const MANIFEST = new TextEncoder().encode(JSON.stringify({ name: NAME, class: 'B', tolerance }));

const backendOf = ({ url }: ModelServer): BackendConfig =>
  openAiConfig.parse({ kind: 'openai', baseUrl: url, models: { [NAME]: 'tiny' } });

/** The requests of a run differ from each other and from those of other runs. */
const requestsOf = (run: number) =>
  Array.from({ length: ROWS }, (_, row) => ({
    messages: [{ role: 'user', content: ` bace ${run} foba ${row}` }],
    temperature: 0,
    max_tokens: TOKENS,
  }));

/** Gives no rows where the engines cannot be had. */
export async function* playTolerance(): AsyncGenerator<AttackRow, undefined> {
  if ((await missingPeers()) !== undefined) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'mizu-manifest-'));
  const file = join(folder, 'tiny.json');
  writeFileSync(file, MANIFEST);
  const servers: ModelServer[] = [];
  const serve = async (...args: Parameters<typeof startModelServer>) => {
    const server = await startModelServer(...args);
    servers.push(server);
    return server;
  };
  let world: ProcessWorld | undefined;
  try {
    const own = await serve('node-llama-cpp', { seed: 1, encoding: 'f32' });
    world = await openProcesses({
      name: NAME,
      registered: {
        inputPrice: MIZU / 1_000n,
        outputPrice: MIZU / 500n,
        class: TOLERANCE_CLASS,
        manifest: objectRef(MANIFEST),
      },
      court: async (number, { da }) => {
        const court = { auditRate: number === 0 ? 1 : 0, backends: [backendOf(own)] };
        if (number > 0) return { ...court, manifests: [file] };
        // One of them has no file, and takes the manifest from DA.
        await da.put([MANIFEST], { expiry: BigInt(Math.floor(Date.now() / 1000) + DAY_SECONDS) });
        return court;
      },
      requests: requestsOf,
    });
    const other = await serve('llama.node', { seed: 1, encoding: 'f32' });
    yield await unlikeNumbers(world, 'a gateway has the model on another engine', other);
    const quantized = await serve('node-llama-cpp', { seed: 1, encoding: 'q8_0' });
    yield await unlikeNumbers(world, 'a gateway has the model in 8 bits instead of 32', quantized);
    const imposter = await serve('node-llama-cpp', { seed: 2, encoding: 'f32' });
    yield await playSignedLie(world, {
      name: 'a gateway has another model behind the name of a model of class B',
      lying: [backendOf(imposter)],
      honest: [backendOf(other)],
      contentOf: (played, run, attempt) => sourceOf(played, run, attempt, { 'the truth': other, 'a lie': imposter }),
    });
    return undefined;
  } finally {
    await world?.close();
    await Promise.all(servers.map((server) => server.close()));
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What is within the tolerance is audited, and nobody disputes it. */
async function unlikeNumbers(world: ProcessWorld, name: string, server: ModelServer): Promise<AttackRow> {
  const { network, gateway, validators } = world;
  const process = await runGateway(world, 0);
  const worker = await work(world, process, [backendOf(server)]);
  const actors = validators.map(({ actor }) => actor);
  const { audits } = validators[0]!.validator.fight!.court!;
  try {
    return await playAttack(network, {
      name,
      attackers: [party('gateway', 'keeps', [gateway])],
      others: [party('validators', 'keeps', actors)],
      outcome: 'done; audited: upheld',
      play: async () => {
        const before = { ...audits };
        const run = await world.start();
        await resultsOf(world, run, 0);
        await until('the audit', () => audits.audited > before.audited || undefined);
        const { wrong, inconclusive } = audits;
        if (wrong > before.wrong) return 'done; audited: wrong';
        return inconclusive > before.inconclusive ? 'done; audited: inconclusive' : 'done; audited: upheld';
      },
    });
  } finally {
    await worker.close();
    await process.close();
  }
}

/** Whose answers a run is done with. */
async function sourceOf(
  world: ProcessWorld,
  run: Hex,
  attempt: number,
  servers: Readonly<Record<string, ModelServer>>,
): Promise<string> {
  const results = await resultsOf(world, run, attempt);
  const [request] = world.requestsOf(run);
  for (const [source, server] of Object.entries(servers)) {
    const set = await createBackends(backendOf(server));
    const { content } = await set.backends[0]!.complete(request as ChatRequest, new AbortController().signal);
    await set.close();
    if (results.includes(JSON.stringify(content))) return source;
  }
  return 'what neither says';
}
