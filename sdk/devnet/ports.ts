// docs/operations.md#devnet: ports of the processes: the documented one where it is free, so that URLs can be guessed.
import { type AddressInfo, createServer, type Server } from 'node:net';

/** One port a name, all different: the preferred one if it is free, any free one otherwise. */
export async function choosePorts<Name extends string>(preferred: Record<Name, number>): Promise<Record<Name, number>> {
  const held: Server[] = [];
  const ports = {} as Record<Name, number>;
  try {
    for (const name of Object.keys(preferred) as Name[]) {
      const server = (await hold(preferred[name])) ?? (await hold(0));
      if (server === undefined) throw new Error('this machine has no free port');
      held.push(server);
      ports[name] = (server.address() as AddressInfo).port;
    }
  } finally {
    for (const server of held) await new Promise<void>((resolve) => server.close(() => resolve()));
  }
  return ports;
}

function hold(port: number): Promise<Server | undefined> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
