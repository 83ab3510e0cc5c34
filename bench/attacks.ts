// docs/operations.md#attacks: a devnet under each attack while an honest user's run goes on: whether it ends, its
// slowdown, and the memory of each process.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createOutput } from '../cli/output.ts';
import { prepareWorkflow } from '../cli/prepare.ts';
import { runWorkflow } from '../cli/run.ts';
import { type Devnet, startDevnet } from '../devnet/devnet.ts';
import { connectNetwork } from '../sdk/client/network.ts';
import { fromPrivateKey } from '../sdk/client/signer.ts';
import { createRpcClient } from '../service/http/client.ts';
import type { Attack } from './attacks/attack.ts';
import { createHostileUser } from './attacks/hostile-user.ts';
import { watchMemory } from './attacks/memory-watch.ts';
import { PROGRAM_ATTACKS } from './attacks/programs.ts';
import { READER_ATTACKS } from './attacks/readers.ts';
import { SERVICE_ATTACKS } from './attacks/services.ts';

const WORKFLOW = fileURLToPath(new URL('../examples/first/workflow.ts', import.meta.url));
const INPUT = fileURLToPath(new URL('../examples/first/words.jsonl', import.meta.url));
const HONEST_SECONDS = 150;
const BEGIN_SECONDS = 60;
/** MiB of all processes together; beyond it the network is stopped. */
const MEMORY_MIB = 6 * 1024;
const ATTACKS = [...PROGRAM_ATTACKS, ...SERVICE_ATTACKS, ...READER_ATTACKS];
const READ_EVERY_MS = 100;
const NONE: Attack = { name: 'none', what: 'nobody attacks', begin: async () => '' };

type Honest = { readonly finished: boolean; readonly seconds: number; readonly how: string };

/** One row for each attack; the first is a network that nobody attacks. `ATTACKS=name,name` plays only these. */
export async function benchAttacks(): Promise<object[]> {
  const wanted = process.env.ATTACKS?.split(',');
  const unknown = wanted?.find((name) => !ATTACKS.some((attack) => attack.name === name));
  if (unknown !== undefined)
    throw new Error(`there is no attack "${unknown}": choose from ${ATTACKS.map(({ name }) => name).join(', ')}`);
  // The first network builds the bundles anew if they have changed: no later network must wait for that.
  await play(NONE);
  const rows: object[] = [];
  let calm: number | undefined;
  for (const attack of [NONE, ...ATTACKS.filter(({ name }) => wanted?.includes(name) ?? true)]) {
    const row = await play(attack);
    calm ??= row.seconds;
    const slowdown = row.finished ? row.seconds / calm : null;
    rows.push({ ...row, slowdown });
    console.log(JSON.stringify({ ...row, slowdown }));
  }
  return rows;
}

async function play(attack: Attack) {
  const folder = mkdtempSync(join(tmpdir(), 'mizu-attack-'));
  const devnet = await startDevnet({ folder });
  const stop = new AbortController();
  let over = '';
  const watch = watchMemory(devnet.processes, MEMORY_MIB, (total) => {
    over = `stopped at ${total} MiB`;
    stop.abort();
  });
  try {
    const user = await createHostileUser(devnet);
    // To prepare an attack may take as long as the attack takes to work: the honest user does not wait for ever.
    const beginning = attack.begin({ devnet, user }, stop.signal).catch((error: Error) => `failed: ${error.message}`);
    const said = await within(
      BEGIN_SECONDS,
      stop.signal,
      beginning.then((how) => ({ how })),
    );
    const readerStop = new AbortController();
    const reading = readHonestly(devnet, readerStop.signal);
    const honest = await runHonest(devnet, folder, stop.signal);
    readerStop.abort();
    const reads = await reading;
    stop.abort();
    await watch.stop();
    await user.close();
    const restarts = devnet.processes().filter((each) => each.restarts > 0);
    const peaks = watch.peaks();
    const da = [...peaks].filter(([name]) => name.startsWith('da')).map(([, mebibytes]) => mebibytes);
    return {
      attack: attack.name,
      what: attack.what,
      did: said?.how ?? `not under way after ${BEGIN_SECONDS} s`,
      ...honest,
      ...reads,
      restarts: restarts.map(({ name, restarts: times }) => `${name}: ${times}`).join(', ') || 'none',
      executorMiB: peaks.get('executor'),
      validatorMiB: peaks.get('validator'),
      sequencerMiB: peaks.get('sequencer'),
      gatewayMiB: peaks.get('gateway'),
      daMemberMiB: Math.max(0, ...da),
      memory: over || 'within the limit',
    };
  } finally {
    stop.abort();
    await watch.stop();
    await devnet.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runHonest(devnet: Devnet, folder: string, signal: AbortSignal): Promise<Honest> {
  const began = performance.now();
  const seconds = (): number => (performance.now() - began) / 1000;
  const run = async (): Promise<Honest> => {
    const signer = fromPrivateKey(devnet.developer.privateKey);
    const network = await connectNetwork({
      rpcUrl: devnet.rpcUrl,
      l1RpcUrl: devnet.l1Url,
      trust: devnet.trust,
      signer,
    });
    try {
      const workflow = await prepareWorkflow(WORKFLOW);
      const flags = { input: [{ value: INPUT }], output: join(folder, 'dataset'), hours: 1, new: true };
      const { code } = await runWorkflow(network, workflow, flags, createOutput(true, silence()));
      return { finished: code === 0, seconds: seconds(), how: code === 0 ? 'done' : `exit code ${code}` };
    } finally {
      await network.close();
    }
  };
  const failing = devnet.failed.catch((error: Error) => ({
    finished: false,
    seconds: seconds(),
    how: error.message.slice(0, 200),
  }));
  const running = run().catch((error: Error) => ({
    finished: false,
    seconds: seconds(),
    how: error.message.slice(0, 200),
  }));
  const ended = await within(HONEST_SECONDS, signal, Promise.race([running, failing]));
  return (
    ended ?? {
      finished: false,
      seconds: seconds(),
      how: signal.aborted ? 'stopped' : `not done after ${HONEST_SECONDS} s`,
    }
  );
}

/** Seconds that a small read takes meanwhile, for somebody who asks ten times a second at most. */
async function readHonestly(devnet: Devnet, signal: AbortSignal) {
  const rpc = createRpcClient(devnet.rpcUrl);
  const took: number[] = [];
  while (!signal.aborted) {
    const began = performance.now();
    await rpc('mizu_getAccount', [devnet.developer.address]).catch(() => undefined);
    took.push(performance.now() - began);
    await delay(READ_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
  took.sort((a, b) => a - b);
  const at = (share: number) => Math.round(took[Math.floor(share * (took.length - 1))] as number);
  return { readMedianMs: at(0.5), readSlowestMs: at(1) };
}

/** Undefined if the work takes longer, or if the signal comes first. */
async function within<T>(seconds: number, signal: AbortSignal, work: Promise<T>): Promise<T | undefined> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(seconds * 1000)]);
  const ended = new Promise<undefined>((resolve) => {
    if (limit.aborted) resolve(undefined);
    limit.addEventListener('abort', () => resolve(undefined), { once: true });
  });
  return Promise.race([work, ended]);
}

function silence(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}
