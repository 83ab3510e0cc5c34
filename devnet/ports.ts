// docs/operations.md#devnet: ports of the processes: the documented ones if they are free, so that URLs can be guessed.
import { createServer, type Server } from 'node:net';

export type ClaimedPorts<Name extends string> = {
  readonly ports: Record<Name, number>;
  /** Wanted ports that another program has; if there are any, all ports are other ones. */
  readonly taken: readonly Name[];
  /** To be called when the processes have ended. */
  release(): Promise<void>;
};

/** Below the ports that systems give to outgoing connections (from 32768 on). */
const FIRST_BLOCK = 10_000;
const LAST_BLOCK = 30_000;
const BLOCK = 20;
const TRIES = 200;

/**
 * A port for each name. `lock` stays in use until release: two networks that start at the same time see the same ports
 * free, and only one of them gets the lock. If the lock or one of the ports is taken, another block of ports with its
 * own lock is looked for.
 */
export async function claimPorts<Name extends string>(
  preferred: Record<Name, number>,
  lock: number,
): Promise<ClaimedPorts<Name>> {
  const names = Object.keys(preferred) as Name[];
  const first = await claim(Object.values(preferred), lock);
  if (Array.isArray(first.taken)) {
    const taken = names.filter((name) => (first.taken as number[]).includes(preferred[name]));
    for (let i = 0; i < TRIES; i++) {
      const block = FIRST_BLOCK + BLOCK * Math.floor((Math.random() * (LAST_BLOCK - FIRST_BLOCK)) / BLOCK);
      const ports = Object.fromEntries(names.map((name, at) => [name, block + 1 + at])) as Record<Name, number>;
      const { server } = await claim(Object.values(ports), block);
      if (server !== undefined) return { ports, taken, release: () => close(server) };
    }
    throw new Error(`this machine has no ${BLOCK} free ports side by side`);
  }
  const server = first.server as Server;
  return { ports: preferred, taken: [], release: () => close(server) };
}

/** The server that holds the lock, or the ports that are taken (all of them if the lock is). */
async function claim(ports: number[], lock: number): Promise<{ server?: Server; taken?: number[] }> {
  const server = await hold(lock);
  if (server === undefined) return { taken: ports };
  const taken: number[] = [];
  for (const port of ports) {
    const probe = await hold(port);
    if (probe === undefined) taken.push(port);
    else await close(probe);
  }
  if (taken.length === 0) return { server };
  await close(server);
  return { taken };
}

function hold(port: number): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy());
  return new Promise((resolve) => {
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
