// docs/operations.md#devnet: a local L1 for the devnet and for tests.
import type { ChildProcess } from 'node:child_process';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { MizuError } from '../protocol/errors.ts';
import { createRpcClient } from '../service/http/client.ts';
import { startChild } from '../service/process/child.ts';

export type AnvilOptions = {
  /** With 0 (the default) a free port is taken. */
  readonly port?: number;
  /** Seconds between blocks; without it each transaction gets a block. */
  readonly blockTimeSeconds?: number;
  /** File of JSON that the chain begins with: what `anvil_dumpState` gives, unpacked. */
  readonly stateFile?: string | undefined;
  readonly chainId?: number;
};

export type Anvil = { readonly url: string; readonly port: number; readonly pid: number; close(): Promise<void> };

/** Accounts of anvil's mnemonic that have ether from the start. */
export const ANVIL_ACCOUNTS = 17;

/** Blocks whose state can still be asked for. Older ones anvil would write into the home folder, gigabytes in an hour. */
const STATES_KEPT = 500;
const START_SECONDS = 60;
const STOP_SECONDS = 5;

/** Path of the real binary: the launcher that npm installs loses exit codes. */
export function anvilPath(platform: string = process.platform, arch: string = process.arch): string {
  const name = `@foundry-rs/anvil-${platform}-${arch === 'x64' ? 'amd64' : arch}`;
  const require = createRequire(import.meta.url);
  try {
    return join(dirname(require.resolve(`${name}/package.json`)), 'bin', platform === 'win32' ? 'anvil.exe' : 'anvil');
  } catch (cause) {
    throw new MizuError({
      code: 'devnet/no-anvil',
      message: 'There is no anvil for this machine.',
      expected: `the package ${name}`,
      actual: 'not installed',
      hint: 'Run npm ci without --omit=optional, or give the URL of another L1.',
      cause,
    });
  }
}

/** @throws MizuError `devnet/anvil-failed` if anvil ends, or does not answer within a minute */
export async function startAnvil(options: AnvilOptions = {}): Promise<Anvil> {
  const port = options.port || (await freePort());
  const args = [
    '--host',
    '127.0.0.1',
    '--port',
    String(port),
    '--chain-id',
    String(options.chainId ?? 31337),
    '--accounts',
    String(ANVIL_ACCOUNTS),
    '--prune-history',
    String(STATES_KEPT),
    '--silent',
  ];
  if (options.blockTimeSeconds !== undefined) args.push('--block-time', String(options.blockTimeSeconds));
  if (options.stateFile !== undefined) args.push('--load-state', options.stateFile);
  const child = startChild(anvilPath(), args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const url = `http://127.0.0.1:${port}`;
  await ready(child, url);
  return {
    url,
    port,
    pid: child.pid as number,
    close: () => stop(child),
  };
}

async function ready(child: ChildProcess, url: string): Promise<void> {
  let failure = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    failure = (failure + chunk.toString()).slice(-2000);
  });
  child.once('error', (error) => {
    failure = error.message;
  });
  const rpc = createRpcClient(url);
  const deadline = Date.now() + START_SECONDS * 1000;
  while (Date.now() < deadline && child.exitCode === null) {
    const up = await rpc('eth_chainId', [], { attempts: 1, timeoutSeconds: 2 }).then(
      () => true,
      () => false,
    );
    if (up) return;
    await delay(50);
  }
  await stop(child);
  throw new MizuError({
    code: 'devnet/anvil-failed',
    message: 'anvil has not started.',
    expected: `an answer from ${url} within ${START_SECONDS} s`,
    actual: failure || `exit code ${child.exitCode}`,
    hint: 'Check that the port is free.',
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
  });
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_SECONDS * 1000);
  await ended;
  clearTimeout(timer);
}

/** A TCP port of loopback that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}
