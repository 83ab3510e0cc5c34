// docs/sdk.md#network: which network, and as whom: options, then the environment, then the devnet's file.
import { readFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { z } from 'zod';
import { MizuError } from '../../protocol/errors.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import { address, hash, url } from '../../service/process/config.ts';
import { fromPrivateKey, readKeyFile, type Signer } from './signer.ts';
import type { NetworkTrust } from './trust-flags.ts';

export type NetworkOptions = {
  readonly rpc?: string | undefined;
  readonly l1?: string | undefined;
  readonly keyFile?: string | undefined;
  readonly chainId?: number | undefined;
  readonly rollup?: Address | undefined;
};

/** The network that flags, environment and files name, before anybody has asked it. */
export type DiscoveredNetwork = {
  readonly rpcUrl: string;
  readonly l1RpcUrl: string | undefined;
  readonly signer: Signer | undefined;
  /** Which network the user means, if he says so. */
  readonly trust: NetworkTrust | undefined;
};

/** The L1 that they name, and as whom. */
export type DiscoveredL1 = Omit<DiscoveredNetwork, 'rpcUrl'>;

type Environment = Readonly<Record<string, string | undefined>>;

const fileShape = z.object({
  rpcUrl: url,
  l1RpcUrl: url,
  chainId: z.int().min(1).optional(),
  fromBlock: z.int().min(0).optional(),
  contracts: z.object({ rollup: address }).optional(),
  accounts: z.object({ developer: z.object({ privateKey: hash }).optional() }).optional(),
});
type DevnetFile = z.output<typeof fileShape> & { readonly file: string };

/** A network as its file says that this machine keeps. */
export type PinnedNetwork = {
  readonly file: string;
  readonly l1RpcUrl: string;
  readonly chainId: number | undefined;
  readonly rollup: Address | undefined;
};

export const DEVNET_FILE = join('.mizu', 'devnet.json');

/**
 * Which network is meant: by the options, else by the environment (`MIZU_RPC`, …), else by `.mizu/devnet.json` of this folder or one above.
 *
 * @example
 * const network = await connectNetwork(await discoverNetwork({}));
 * @throws MizuError `sdk/no-network`, `sdk/bad-key`
 */
export async function discoverNetwork(
  options: NetworkOptions,
  environment: Environment = process.env,
  folder = process.cwd(),
): Promise<DiscoveredNetwork> {
  const devnet = await findDevnet(folder);
  const rpcUrl = options.rpc ?? environment.MIZU_RPC ?? devnet?.rpcUrl;
  if (rpcUrl === undefined) throw noNetwork();
  // The devnet's L1 and accounts are of no use on another network.
  const own = devnet !== undefined && devnet.rpcUrl === rpcUrl ? devnet : undefined;
  return { rpcUrl, ...(await discoverRoot(options, environment, own)) };
}

/** As `discoverNetwork`, for what needs no sequencer. @throws MizuError `sdk/bad-key` */
export async function discoverL1(
  options: Omit<NetworkOptions, 'rpc'>,
  environment: Environment = process.env,
  folder = process.cwd(),
): Promise<DiscoveredL1> {
  const devnet = await findDevnet(folder);
  const l1RpcUrl = options.l1 ?? environment.MIZU_L1_RPC ?? devnet?.l1RpcUrl;
  return discoverRoot(options, environment, devnet?.l1RpcUrl === l1RpcUrl ? devnet : undefined);
}

async function discoverRoot(
  options: NetworkOptions,
  environment: Environment,
  own: DevnetFile | undefined,
): Promise<DiscoveredL1> {
  const l1RpcUrl = options.l1 ?? environment.MIZU_L1_RPC ?? own?.l1RpcUrl;
  const chainId = options.chainId ?? numberOf(environment.MIZU_CHAIN_ID) ?? own?.chainId;
  const rollup = options.rollup ?? address.safeParse(environment.MIZU_ROLLUP).data ?? own?.contracts?.rollup;
  const trust = chainId === undefined || rollup === undefined ? undefined : { chainId, rollup };
  return { l1RpcUrl, trust, signer: await signerOf(options.keyFile, environment, own) };
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^[1-9]\d{0,14}$/.test(text) ? Number(text) : undefined;
}

/** As whom, where no sequencer is asked: of the devnet's file if it is of this L1. @throws MizuError `sdk/bad-key` */
export async function discoverSigner(
  keyFile: string | undefined,
  l1Url: string | readonly string[],
  environment: Environment = process.env,
  folder = process.cwd(),
): Promise<Signer | undefined> {
  const devnet = await findDevnet(folder);
  return signerOf(
    keyFile,
    environment,
    devnet !== undefined && [l1Url].flat().includes(devnet.l1RpcUrl) ? devnet : undefined,
  );
}

async function signerOf(
  keyFile: string | undefined,
  environment: Environment,
  devnet: DevnetFile | undefined,
): Promise<Signer | undefined> {
  const key = keyFile !== undefined ? await readKeyFile(keyFile) : environment.MIZU_PRIVATE_KEY;
  const privateKey = (key as Hex | undefined) ?? devnet?.accounts?.developer?.privateKey;
  return privateKey === undefined ? undefined : fromPrivateKey(privateKey);
}

/** Undefined if there is none. */
export async function pinnedNetwork(folder = process.cwd()): Promise<PinnedNetwork | undefined> {
  const found = await findDevnet(folder);
  if (found === undefined) return undefined;
  const { file, l1RpcUrl, chainId, contracts } = found;
  return { file, l1RpcUrl, chainId, rollup: contracts?.rollup };
}

/** Looks in the folder and the folders above it. */
async function findDevnet(folder: string): Promise<DevnetFile | undefined> {
  for (let at = resolve(folder); ; at = dirname(at)) {
    const file = join(at, DEVNET_FILE);
    const text = await readFile(file, 'utf8').catch(() => null);
    if (text !== null) return parseDevnet(text, relative(folder, file));
    if (dirname(at) === at) return undefined;
  }
}

function parseDevnet(text: string, file: string): DevnetFile | undefined {
  try {
    const parsed = fileShape.safeParse(JSON.parse(text));
    return parsed.success ? { ...parsed.data, file } : undefined;
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
