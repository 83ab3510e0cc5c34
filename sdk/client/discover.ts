// docs/sdk.md#network: which network, and as whom: options, then the environment, then the devnet's file.
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { MizuError } from '../../protocol/errors.ts';
import type { Hex } from '../../protocol/hex.ts';
import { fromPrivateKey, readKeyFile, type Signer } from './signer.ts';

export type NetworkOptions = {
  readonly rpc?: string | undefined;
  readonly l1?: string | undefined;
  readonly keyFile?: string | undefined;
};

export type DiscoveredNetwork = {
  readonly rpcUrl: string;
  readonly l1RpcUrl: string | undefined;
  readonly signer: Signer | undefined;
};

type DevnetFile = {
  readonly rpcUrl: string;
  readonly l1RpcUrl: string;
  readonly accounts?: { readonly developer?: { readonly privateKey: Hex } };
};

export const DEVNET_FILE = join('.mizu', 'devnet.json');

/** @throws MizuError `sdk/no-network`, `sdk/bad-key` */
export async function discoverNetwork(
  options: NetworkOptions,
  environment = process.env,
  folder = process.cwd(),
): Promise<DiscoveredNetwork> {
  const devnet = await findDevnet(folder);
  const rpcUrl = options.rpc ?? environment.MIZU_RPC ?? devnet?.rpcUrl;
  if (rpcUrl === undefined) throw noNetwork();
  // The devnet's L1 and accounts are of no use on another network.
  const own = devnet !== undefined && devnet.rpcUrl === rpcUrl ? devnet : undefined;
  const l1RpcUrl = options.l1 ?? environment.MIZU_L1_RPC ?? own?.l1RpcUrl;
  const key = options.keyFile !== undefined ? await readKeyFile(options.keyFile) : environment.MIZU_PRIVATE_KEY;
  const privateKey = (key as Hex | undefined) ?? own?.accounts?.developer?.privateKey;
  return { rpcUrl, l1RpcUrl, signer: privateKey === undefined ? undefined : fromPrivateKey(privateKey) };
}

/** Looks in the folder and the folders above it. */
async function findDevnet(folder: string): Promise<DevnetFile | undefined> {
  for (let at = resolve(folder); ; at = dirname(at)) {
    const text = await readFile(join(at, DEVNET_FILE), 'utf8').catch(() => null);
    if (text !== null) return parseDevnet(text);
    if (dirname(at) === at) return undefined;
  }
}

function parseDevnet(text: string): DevnetFile | undefined {
  try {
    const file = JSON.parse(text) as Partial<DevnetFile>;
    return typeof file.rpcUrl === 'string' && typeof file.l1RpcUrl === 'string' ? (file as DevnetFile) : undefined;
  } catch {
    return undefined;
  }
}

function noNetwork(): MizuError {
  return new MizuError({
    code: 'sdk/no-network',
    message: 'There is no network to talk to.',
    expected: '--rpc URL, MIZU_RPC, or a running devnet',
    actual: 'none of them',
    hint: 'Start one in another terminal: npx mizu devnet',
  });
}
